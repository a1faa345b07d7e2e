import { described, type DisplayBundle, tabulate } from "../../display/describe";
import { DrawOrders } from "./draw-orders";
import { LawError } from "../error";
import { GrowingFit } from "../fit/growing-fit";
import { designRow, polynomialTerms } from "../fit/regression";
import { argmax, least, mean, most, wilson } from "../../numeric";
import { uniform } from "../pck/summary";
import { beliefs, expectedImprovement } from "./surrogate";
import { checkTable, type ScoreTable } from "../fit/table";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { checkSeed } from "../../numeric/prng";
import { isWhole } from "../../rules/rule-error";
import { fixed, percent } from "../words";
import { checkArguments } from "../../rules/arguments";
import { counted } from "../../protocol/core/words";

/**
 * Rule for the next encoder to train.
 *
 * - `ac`: the paper's policy: ever finer cells of the (A', C') plane, one random encoder from each empty cell.
 * - `a`, `c`: the same with one predictor, for choosing and predicting.
 * - `random`: any untrained encoder; a hit only when the optimum is drawn.
 * - `improvement`: after a random start, the largest expected improvement under a Bayesian linear model on the same
 *   terms.
 */
export type Strategy = "ac" | "a" | "c" | "random" | "improvement";

/** Options of `law.policy`. */
export interface PolicyOptions {
  /** Strategies to replay. Default: all. */
  strategies?: Strategy[];
  /** Random orders per benchmark. Default 1,000, as in the released code. */
  trials?: number;
  /** Seed of the orders. Default 1. */
  seed?: number;
  /** Degree of the surrogate. Default 2, as in the released code. */
  degree?: 1 | 2;
  /** Number of best predictions among which the optimum counts as found. Default 3. */
  top?: number;
}

/** Curves of one strategy. Shares are in [0, 1]; entry `n - 1` belongs to `n` trained encoders. */
export interface PolicyCurve {
  /**
   * Share of trials with a hit by draw `n`, when an oracle recognises the optimum. With all encoders trained it ends below 1
   * where the fit never ranks the optimum high enough; the released code counts a search that is over as a hit, so that its
   * curve ends at 1.
   */
  anytime: number[];
  /** Share of trials whose predicted top holds the optimum after one fit to exactly `n` draws. */
  fixedBudget: number[];
  /** 95 % Wilson interval of `fixedBudget` over the trials. */
  fixedBudgetInterval: [low: number, high: number][];
  /** Mean number of draws to the first hit; a trial without a hit counts all encoders. */
  meanDraws: number;
}

/** Result of `law.policy`. */
export interface PolicyResult {
  options: Required<PolicyOptions>;
  benchmarks: Record<string, Record<string, PolicyCurve>>;
  /** Mean over the benchmarks, by strategy. */
  overall: Record<string, Omit<PolicyCurve, "fixedBudgetInterval">>;
}

interface Problem {
  /** Points `[A', C']` of the encoders, min-max scaled over all of them. */
  points: [number, number][];
  scores: number[];
  optimum: number;
}

const NAMES: OptionNames<PolicyOptions> = { strategies: true, trials: true, seed: true, degree: true, top: true };
const ALL: Strategy[] = ["ac", "a", "c", "random", "improvement"];

/**
 * Replays strategies on a finished table: how many encoders must be trained before the best one is known (AC policy of
 * the Law of Vision Representation, arXiv 2408.16357).
 *
 * @param table a complete table
 * @param options strategies, trials, seed
 * @throws LawError when a benchmark has an encoder without a score, because the optimum must be known
 */
export function policy(table: ScoreTable, options: PolicyOptions = {}): PolicyResult {
  checkTable("law.policy", table);
  checkOptionNames("law.policy", options, NAMES, LawError);
  const { strategies = ALL, trials = 1000, seed = 1, degree = 2, top = 3 } = options;
  const full = { strategies, trials, seed, degree, top };
  checkArguments("law.policy", LawError, { strategies }, { strategies: "array" });
  if (table.benchmarks.length === 0) throw new LawError("law.policy", "the table must have a benchmark", []);
  const unknown = strategies.find((name) => !ALL.includes(name));
  if (unknown !== undefined) throw new LawError("law.policy", `a strategy is one of ${ALL.join(", ")}`, unknown);
  if (!isWhole(full.trials)) {
    throw new LawError("law.policy", "trials must be a whole number above 0", full.trials);
  }
  checkSeed("law.policy", seed, LawError);
  const benchmarks: PolicyResult["benchmarks"] = {};
  for (const name of table.benchmarks) {
    const problem = problemOf(table, name);
    benchmarks[name] = Object.fromEntries(
      full.strategies.map((strategy) => [strategy, replay(problem, strategy, full)]),
    );
  }
  const result = { options: full, benchmarks, overall: overall(benchmarks, full.strategies) };
  return described<PolicyResult>(result, showPolicy);
}

function problemOf(table: ScoreTable, benchmark: string): Problem {
  const rows = table.rows.filter((row) => row.benchmark === benchmark);
  if (rows.length === 0) throw new LawError("law.policy", "every benchmark needs encoders", benchmark);
  const scores = rows.map((row) => {
    if (row.score === null)
      throw new LawError("law.policy", "every encoder needs a score", `${row.encoder}, ${benchmark}`);
    return row.score;
  });
  const a = unit(rows.map((row) => row.predictors.a));
  const c = unit(rows.map((row) => row.predictors.c));
  return {
    points: a.map((value, i) => [value, c[i]]),
    scores: unit(scores),
    optimum: argmax(scores),
  };
}

function unit(values: number[]): number[] {
  const min = least(values);
  const max = most(values);
  return values.map((value) => (max > min ? (value - min) / (max - min) : 0));
}

function replay(
  problem: Problem,
  strategy: Strategy,
  { trials, seed, degree, top }: Required<PolicyOptions>,
): PolicyCurve {
  const n = problem.points.length;
  const random = uniform(seed);
  const drawer = new Drawer(problem, strategy, degree);
  const judge = new Judge(problem, strategy, degree, top);
  const firstHits = new Float64Array(n);
  const budgetHits = new Float64Array(n);
  let draws = 0;
  for (let trial = 0; trial < trials; trial++) {
    judge.clear();
    // Training everything ends the search even where the fit never ranks the optimum high enough.
    let first = n;
    drawer.order(random).forEach((encoder, i) => {
      if (!judge.trains(encoder)) return;
      budgetHits[i]++;
      first = Math.min(first, i);
    });
    if (first < n) firstHits[first]++;
    draws += Math.min(first + 1, n);
  }
  let found = 0;
  const fixedBudget = Array.from(budgetHits, (hits) => hits / trials);
  return {
    anytime: Array.from(firstHits, (hits) => (found += hits) / trials),
    fixedBudget,
    fixedBudgetInterval: fixedBudget.map((p) => wilson(p, trials)),
    meanDraws: draws / trials,
  };
}

/** Returns the polynomial of a strategy's predictors for every encoder. */
function designOf({ points }: Problem, strategy: Strategy, degree: 1 | 2): number[][] {
  const names = strategy === "a" ? ["a"] : strategy === "c" ? ["c"] : ["a", "c"];
  const terms = polynomialTerms(names, degree);
  return points.map(([a, c]) => designRow(terms, { a, c }));
}

/** Orders in which a strategy trains all encoders. */
class Drawer {
  private readonly design: number[][];
  private readonly orders: DrawOrders;
  /** Improvement orders by their first encoder, which determines the rest. */
  private readonly improving = new Map<number, number[]>();

  constructor(
    private readonly problem: Problem,
    private readonly strategy: Strategy,
    degree: 1 | 2,
  ) {
    this.design = designOf(problem, strategy, degree);
    this.orders = new DrawOrders(
      problem.points.map(([a, c]) => (strategy === "a" ? [a] : strategy === "c" ? [c] : [a, c])),
    );
  }

  order(random: () => number): number[] {
    if (this.strategy === "random") return this.orders.random(random);
    if (this.strategy !== "improvement") return this.orders.byCells(random);
    const first = Math.floor(random() * this.design.length);
    const known = this.improving.get(first);
    if (known) return known;
    const order = [first];
    while (order.length < this.design.length) order.push(this.mostPromising(order));
    this.improving.set(first, order);
    return order;
  }

  /** Returns the encoder with the largest expected improvement over the best trained score; the first wins a tie. */
  private mostPromising(trained: number[]): number {
    const best = most(trained.map((i) => this.problem.scores[i]));
    const believed = beliefs(this.design, trained, this.problem.scores);
    let winner = -1;
    let largest = -Infinity;
    this.design.forEach((_, i) => {
      if (trained.includes(i)) return;
      const gain = expectedImprovement(believed[i], best);
      if (gain > largest) [winner, largest] = [i, gain];
    });
    return winner;
  }
}

/** Judge of a trial: reports after each training whether the optimum would be found. */
class Judge {
  private readonly fit: GrowingFit;
  private readonly predicted: Float64Array;
  private trained = 0;
  private hasOptimum = false;

  constructor(
    private readonly problem: Problem,
    private readonly strategy: Strategy,
    degree: 1 | 2,
    private readonly top: number,
  ) {
    this.fit = new GrowingFit(designOf(problem, strategy, degree), problem.scores);
    this.predicted = new Float64Array(problem.scores.length);
  }

  /** Starts a new trial with nothing trained. */
  clear(): void {
    this.fit.clear();
    this.trained = 0;
    this.hasOptimum = false;
  }

  /**
   * Records a training. One trained encoder is a hit when it is the optimum, several when the optimum is in the
   * predicted top.
   */
  trains(encoder: number): boolean {
    const { optimum } = this.problem;
    this.trained++;
    this.hasOptimum ||= encoder === optimum;
    if (this.strategy === "random") return this.hasOptimum;
    this.fit.add(encoder);
    if (this.trained === 1) return this.hasOptimum;
    this.fit.predict(this.predicted);
    let better = 0;
    for (let i = 0; i < this.predicted.length; i++) if (this.predicted[i] > this.predicted[optimum]) better++;
    return better < this.top;
  }
}

function overall(benchmarks: PolicyResult["benchmarks"], strategies: Strategy[]): PolicyResult["overall"] {
  const columns = (rows: number[][]) => rows[0].map((_, k) => mean(rows.map((row) => row[k])));
  return Object.fromEntries(
    strategies.map((strategy) => {
      const curves = Object.values(benchmarks).map((of) => of[strategy]);
      return [
        strategy,
        {
          anytime: columns(curves.map((curve) => curve.anytime)),
          fixedBudget: columns(curves.map((curve) => curve.fixedBudget)),
          meanDraws: mean(curves.map((curve) => curve.meanDraws)),
        },
      ];
    }),
  );
}

/** Shows the draws that a strategy needs, and its share of hits with half of the encoders trained. */
function showPolicy({ overall, options, benchmarks }: PolicyResult): DisplayBundle {
  const title = `Policy over ${counted(Object.keys(benchmarks).length, "benchmark")}, ${counted(options.trials, "trial")}`;
  const size = Math.max(0, most(Object.values(overall).map(({ fixedBudget }) => fixedBudget.length)));
  const half = Math.ceil(size / 2);
  return tabulate(
    title,
    [
      "strategy",
      `draws until the best is in the top ${options.top}`,
      `best in the top ${options.top} after ${half} of ${size}`,
    ],
    Object.entries(overall).map(([strategy, { meanDraws, fixedBudget }]) => [
      strategy,
      fixed(meanDraws, 1),
      percent(fixedBudget[half - 1] ?? 0),
    ]),
  );
}
