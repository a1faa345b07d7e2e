import { LawError } from "./error";
import { leastSquares } from "./least-squares";
import { designRow, polynomialTerms, shuffled } from "./regression";
import { mean, uniform } from "./summary";
import { beliefs, expectedImprovement } from "./surrogate";
import type { ScoreTable } from "./table";

/**
 * How the next encoder to train is chosen.
 *
 * - `ac`: the paper's policy: ever finer cells of the (A', C') plane, one random encoder from each cell that holds none yet.
 * - `a`, `c`: the same with one predictor only, in choosing and in predicting.
 * - `random`: any encoder not yet trained; a hit only when the optimum itself is drawn.
 * - `improvement`: after a random start, the largest expected improvement under a Bayesian linear model on the same terms.
 */
export type Strategy = "ac" | "a" | "c" | "random" | "improvement";

export interface PolicyOptions {
  strategies?: Strategy[];
  /** Random orders per benchmark. Default 1,000, as in the released code. */
  trials?: number;
  /** Default 1. */
  seed?: number;
  /** Degree of the surrogate. Default 2, as in the released code. */
  degree?: 1 | 2;
  /** The optimum counts as found when it is among this many best predictions. Default 3. */
  top?: number;
}

/** Shares are in [0, 1]; entry `n - 1` belongs to `n` trained encoders. */
export interface PolicyCurve {
  /** An oracle says when the optimum was found: share of trials with a hit by draw `n`. */
  anytime: number[];
  /** One fit after exactly `n` draws: share of trials whose predicted top holds the optimum. */
  fixedBudget: number[];
  /** 95 % Wilson interval of `fixedBudget` over the trials. */
  fixedBudgetInterval: [low: number, high: number][];
  /** Mean number of draws to the first hit; a trial without one counts all encoders. */
  meanDraws: number;
}

export interface PolicyResult {
  options: Required<PolicyOptions>;
  benchmarks: Record<string, Record<string, PolicyCurve>>;
  /** Mean over the benchmarks, by strategy. */
  overall: Record<string, Omit<PolicyCurve, "fixedBudgetInterval">>;
}

interface Problem {
  /** `[A', C']` of each encoder, min-max over all of them. */
  points: [number, number][];
  scores: number[];
  optimum: number;
}

const ALL: Strategy[] = ["ac", "a", "c", "random", "improvement"];

/**
 * Replays strategies on a finished table: how many encoders must be trained before the best one is known
 * (Law of Vision Representation, AC policy; law.md section 2.5).
 *
 * @throws LawError when a benchmark has an encoder without a score: the optimum must be known to be judged.
 */
export function policy(table: ScoreTable, options: PolicyOptions = {}): PolicyResult {
  const { strategies = ALL, trials = 1000, seed = 1, degree = 2, top = 3 } = options;
  const full = { strategies, trials, seed, degree, top };
  const unknown = strategies.find((name) => !ALL.includes(name));
  if (unknown !== undefined) throw new LawError("law.policy", `a strategy is one of ${ALL.join(", ")}`, unknown);
  if (!Number.isInteger(full.trials) || full.trials < 1) {
    throw new LawError("law.policy", "trials must be a whole number above 0", full.trials);
  }
  const benchmarks: PolicyResult["benchmarks"] = {};
  for (const name of table.benchmarks) {
    const problem = problemOf(table, name);
    benchmarks[name] = Object.fromEntries(
      full.strategies.map((strategy) => [strategy, replay(problem, strategy, full)]),
    );
  }
  return { options: full, benchmarks, overall: overall(benchmarks, full.strategies) };
}

function problemOf(table: ScoreTable, benchmark: string): Problem {
  const rows = table.rows.filter((row) => row.benchmark === benchmark);
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
    optimum: scores.indexOf(Math.max(...scores)),
  };
}

function unit(values: number[]): number[] {
  const min = Math.min(...values);
  const max = Math.max(...values);
  return values.map((value) => (max > min ? (value - min) / (max - min) : 0));
}

function replay(problem: Problem, strategy: Strategy, options: Required<PolicyOptions>): PolicyCurve {
  const n = problem.points.length;
  const random = uniform(options.seed);
  const surrogate = new Surrogate(problem, strategy, options);
  const hits = Array.from({ length: options.trials }, () => {
    const order =
      strategy === "improvement" ? surrogate.improvementOrder(random) : drawOrder(problem, strategy, random);
    return order.map((_, i) => surrogate.finds(order.slice(0, i + 1)));
  });
  // Training everything ends the search even where the fit never ranks the optimum high enough.
  const first = hits.map((row) => (row.includes(true) ? row.indexOf(true) : n));
  const share = (of: (row: boolean[], i: number) => boolean) => hits.filter(of).length / hits.length;
  const fixedBudget = Array.from({ length: n }, (_, k) => share((row) => row[k]));
  return {
    anytime: Array.from({ length: n }, (_, k) => share((_row, i) => first[i] <= k)),
    fixedBudget,
    fixedBudgetInterval: fixedBudget.map((p) => wilson(p, hits.length)),
    meanDraws: first.reduce((sum, at) => sum + Math.min(at + 1, n), 0) / first.length,
  };
}

/** The order in which the paper's policy, or chance, would train all encoders. */
function drawOrder({ points }: Problem, strategy: Exclude<Strategy, "improvement">, random: () => number): number[] {
  const all = points.map((_, i) => i);
  if (strategy === "random") return shuffled(all, random);
  const place = points.map(([a, c]) => (strategy === "ac" ? [a, c] : strategy === "a" ? [a] : [c]));
  return gridOrder(place, random);
}

/** Two encoders with the same predictors never part company, so the refinement must end somewhere. */
const FINEST_LEVEL = 20;

function gridOrder(places: number[][], random: () => number): number[] {
  const order: number[] = [];
  for (let level = 1; order.length < places.length && level <= FINEST_LEVEL; level++) {
    const cellOf = (i: number) => places[i].map((x) => Math.min(2 ** level - 1, Math.floor(x * 2 ** level))).join();
    const taken = new Set(order.map(cellOf));
    const free = new Map<string, number[]>();
    places.forEach((_, i) => {
      const cell = cellOf(i);
      if (!taken.has(cell)) free.set(cell, [...(free.get(cell) ?? []), i]);
    });
    for (const members of shuffled([...free.values()], random)) {
      order.push(members[Math.floor(random() * members.length)]);
    }
  }
  const rest = places.map((_, i) => i).filter((i) => !order.includes(i));
  return [...order, ...shuffled(rest, random)];
}

/** What the trained encoders say of all of them. Answers are kept by the set of trained ones: trials share most sets. */
class Surrogate {
  private readonly found = new Map<number, boolean>();
  private readonly next = new Map<number, number>();
  private readonly design: number[][];

  constructor(
    private readonly problem: Problem,
    private readonly strategy: Strategy,
    private readonly options: Required<PolicyOptions>,
  ) {
    const names = strategy === "a" ? ["a"] : strategy === "c" ? ["c"] : ["a", "c"];
    const terms = polynomialTerms(names, options.degree);
    this.design = problem.points.map(([a, c]) => designRow(terms, { a, c }));
  }

  /** One trained encoder is a hit when it is the optimum; more of them when the optimum is in the predicted top. */
  finds(trained: number[]): boolean {
    const { optimum } = this.problem;
    if (this.strategy === "random") return trained.includes(optimum);
    if (trained.length === 1) return trained[0] === optimum;
    return cached(this.found, trained, () => {
      const predicted = this.predictAll(trained);
      const better = predicted.filter((value, i) => value > predicted[optimum] && i !== optimum).length;
      return better < this.options.top;
    });
  }

  improvementOrder(random: () => number): number[] {
    const order = [Math.floor(random() * this.design.length)];
    while (order.length < this.design.length) {
      order.push(cached(this.next, order, () => this.mostPromising(order)));
    }
    return order;
  }

  private predictAll(trained: number[]): number[] {
    const { coefficients } = leastSquares(
      trained.map((i) => this.design[i]),
      trained.map((i) => this.problem.scores[i]),
    );
    return this.design.map((row) => row.reduce((sum, x, j) => sum + x * coefficients[j + 1], coefficients[0]));
  }

  /** Largest expected improvement over the best trained score; ties go to the first. */
  private mostPromising(trained: number[]): number {
    const best = Math.max(...trained.map((i) => this.problem.scores[i]));
    const believed = beliefs(this.design, trained, this.problem.scores);
    let winner = -1;
    let most = -Infinity;
    this.design.forEach((_, i) => {
      if (trained.includes(i)) return;
      const gain = expectedImprovement(believed[i], best);
      if (gain > most) [winner, most] = [i, gain];
    });
    return winner;
  }
}

function cached<T>(store: Map<number, T>, trained: number[], compute: () => T): T {
  const key = trained.reduce((bits, i) => bits + 2 ** i, 0);
  let value = store.get(key);
  if (value === undefined) store.set(key, (value = compute()));
  return value;
}

function wilson(p: number, n: number): [number, number] {
  const z = 1.959963984540054;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [centre - half, centre + half];
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
