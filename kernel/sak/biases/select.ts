import { Described, DISPLAY, type DisplayBundle, tabulate, thousands } from "../../display/describe";
import type { VitConfig } from "../../models/vit/config";
import { mean, sum } from "../../numeric";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { checker } from "../../rules/rule-error";
import type { DenseTask } from "../../tasks/dense/facts";
import { deltaM } from "../../tasks/dense/metrics/delta";
import { DenseProbeScore } from "../../tasks/dense/probe/meter";
import type { DenseProbe } from "../../tasks/dense/probe/probe";
import { type SeedMean, seedMean } from "../../tasks/seeds";
import type { FeatureLevel } from "../../features/levels";
import { parameters } from "../count";
import { SakError } from "../error";
import {
  BIAS_NAMES,
  type BiasBatch,
  type BiasOptions,
  type BiasPictures,
  type BiasRun,
  checkBiasInput,
  openRun,
} from "./pictures";
import type { BiasTeacher } from "./sources";
import { gainText } from "./words";

/** Options of {@link selectTeachers}. */
export interface SelectTeachersOptions extends BiasOptions {
  /** Teachers, or the student's stem, that are taken from the start. Default: none. */
  start?: readonly string[];
  /** Most teachers to choose. Default: all that add something. */
  most?: number;
  /** Least gain of a further teacher in percent: the lower end of its interval must lie above. Default 0. */
  leastGain?: number;
  /** Stem of the student, from which the cost of a path follows. Default: no costs. */
  stem?: VitConfig;
  /** Levels of the student, as of {@link SakConfig}. Default: the last block of each quarter. */
  levels?: readonly FeatureLevel[];
}

/** Gain of a teacher beside those that were chosen before. */
export interface SelectionGain {
  teacher: string;
  /** Mean relative gain over the tasks (Δm) in percent, paired by seed. */
  gain: SeedMean;
  /** Number of weights of its path; null without a stem. */
  weights: number | null;
}

/** Step of a selection. */
export interface SelectionStep {
  /** Gains of all remaining teachers, the largest first. */
  gains: readonly SelectionGain[];
  /** Teacher that was chosen; null where none added enough. */
  chosen: string | null;
}

const FN = "sak.selectTeachers";
const NAMES: OptionNames<SelectTeachersOptions> = {
  ...BIAS_NAMES,
  start: true,
  most: true,
  leastGain: true,
  stem: true,
  levels: true,
};

/** Proposal of teachers, step by step, by Δm (Maninis et al., CVPR 2019). */
export class TeacherSelection extends Described {
  constructor(
    /** Chosen teachers in order, those of `start` first. */
    readonly teachers: readonly string[],
    readonly steps: readonly SelectionStep[],
  ) {
    super();
  }

  [DISPLAY](): DisplayBundle {
    const rows = this.steps.flatMap(({ gains, chosen }, step) =>
      gains.map(({ teacher, gain, weights }) => [
        String(step + 1),
        teacher,
        gainText(gain),
        weights === null ? "" : `${thousands(weights)} (${((1e6 * gain.mean) / weights).toFixed(1)} % a million)`,
        teacher === chosen ? "taken" : "",
      ]),
    );
    const title = `Teachers: ${this.teachers.join(", ")}`;
    return tabulate(title, ["step", "teacher", "gain (Δm)", "weights of its path", ""], rows);
  }
}

/**
 * Proposes which teachers to distil: one after another, the one whose features add most to those of the teachers before, by the
 * mean relative gain of a linear probe over the tasks (Δm; Maninis et al., CVPR 2019) on validation pictures, until the next gain is not above `leastGain`.
 * The first teacher's gain is relative to the mean of all candidates. Seeds draw the training pictures.
 *
 * @param teachers stored features or encoders by name; `indices` are joined. Default: the last level
 * @throws SakError as {@link biases}
 */
export async function selectTeachers(
  teachers: Readonly<Record<string, BiasTeacher>>,
  data: { readonly train: BiasPictures; readonly validation: BiasPictures },
  options: SelectTeachersOptions = {},
): Promise<TeacherSelection> {
  checkOptionNames(FN, options, NAMES, SakError);
  checkBiasInput(FN, { teachers, data });
  const { start, most, leastGain } = checkSelection(teachers, options);
  const { stem, levels } = options;
  const weights = stem === undefined ? null : pathWeights(stem, levels);
  const run = await openRun(FN, teachers, [data.train, data.validation], options, "last");
  const probes = await learn(run, data.train);
  const scoresOf = (sets: string[][]): Promise<SetScores[]> => evaluate(run, data.validation, probes, sets);
  const names = run.sources.map(({ name }) => name);
  const chosen = [...start];
  const steps: SelectionStep[] = [];
  for (let base: SetScores | null = null; steps.length < most;) {
    const ranked = await rank(scoresOf, chosen, names, base);
    const [{ teacher, gain, scores }] = ranked;
    const isEnough = !chosen.length || gain.mean - (gain.half ?? 0) > leastGain;
    const gains = ranked.map((one): SelectionGain => ({ teacher: one.teacher, gain: one.gain, weights }));
    steps.push({ gains, chosen: isEnough ? teacher : null });
    if (!isEnough) break;
    chosen.push(teacher);
    base = scores;
  }
  return new TeacherSelection(chosen, steps);
}

/** Fills in defaults and checks the options of the choice. @throws SakError */
function checkSelection(
  teachers: Readonly<Record<string, BiasTeacher>>,
  { start = [], most, leastGain = 0, stem, levels }: SelectTeachersOptions,
): Required<Pick<SelectTeachersOptions, "start" | "most" | "leastGain">> {
  const rule = checker(FN, SakError);
  rule(Array.isArray(start) && new Set(start).size === start.length, "start must name teachers, each once", start);
  const unknown = start.find((name) => !Object.hasOwn(teachers, name));
  rule(unknown === undefined, `teachers are ${Object.keys(teachers).join(", ")}`, unknown);
  const remaining = Object.keys(teachers).length - start.length;
  rule(most === undefined || Number.isInteger(most), "most must be a whole number", most);
  const count = Math.min(most ?? remaining, remaining);
  rule(count >= 1, "there must be a teacher to choose", count);
  rule(Number.isFinite(leastGain), "leastGain must be a finite number", leastGain);
  rule(stem !== undefined || levels === undefined, "levels need a stem", levels);
  return { start, most: count, leastGain };
}

/** A teacher that could be added, and the scores of the set with it. */
interface Candidate {
  teacher: string;
  gain: SeedMean;
  scores: SetScores;
}

/**
 * Returns the teachers that are left by their gain, the largest first.
 *
 * @param base scores of the chosen ones; null where they are not known, and are computed in the same pass over the pictures
 */
async function rank(
  scoresOf: (sets: string[][]) => Promise<SetScores[]>,
  chosen: readonly string[],
  names: readonly string[],
  base: SetScores | null,
): Promise<Candidate[]> {
  const rest = names.filter((name) => !chosen.includes(name));
  const unknown = chosen.length && !base ? [[...chosen]] : [];
  const all = await scoresOf([...unknown, ...rest.map((name) => [...chosen, name])]);
  const found = all.slice(unknown.length);
  const before = base ?? (unknown.length ? all[0] : meanScores(found));
  const candidates = rest.map((teacher, i) => ({ teacher, gain: gainOver(found[i], before), scores: found[i] }));
  return candidates.sort((a, b) => b.gain.mean - a.gain.mean);
}

/** Scores of a set of teachers, one record a seed. */
type SetScores = Partial<Record<DenseTask, number>>[];

/** Returns the weights that one more path costs. */
function pathWeights(stem: VitConfig, levels?: readonly FeatureLevel[]): number {
  const { adapters, norms } = parameters({ stem, teachers: ["teacher"], levels });
  return adapters + norms;
}

/** Joins the levels of all teachers along the channels. */
function joined(run: BiasRun, { tokens, labels }: BiasBatch): Float32Array {
  const parts = run.sources.flatMap(({ channels }, t) => channels.map((width, l) => ({ width, data: tokens[t][l] })));
  const total = parts.reduce((sum, { width }) => sum + width, 0);
  const rows = labels.length * run.grid[0] * run.grid[1];
  const out = new Float32Array(rows * total);
  let offset = 0;
  for (const { width, data } of parts) {
    for (let row = 0; row < rows; row++) out.set(data.subarray(row * width, (row + 1) * width), row * total + offset);
    offset += width;
  }
  return out;
}

const widthOf = ({ channels }: BiasRun["sources"][number]): number => sum(channels);

const allChannels = ({ sources }: BiasRun): number => sources.reduce((sum, source) => sum + widthOf(source), 0);

async function learn(run: BiasRun, train: BiasPictures): Promise<DenseProbe[]> {
  const channels = allChannels(run);
  const probes = run.seeds.map(() => run.probe(channels));
  await run.visit(train, (batch) => {
    const rows = { data: joined(run, batch), grid: run.grid, channels };
    const { from, labels } = batch;
    probes.forEach((probe, s) => probe.add(rows, labels, run.weights[s].slice(from, from + labels.length)));
  });
  return probes;
}

/** Returns the places of the channels of some teachers. */
function channelsOf(run: BiasRun, names: readonly string[]): number[] {
  let offset = 0;
  return run.sources.flatMap((source) => {
    const first = offset;
    offset += widthOf(source);
    return names.includes(source.name) ? Array.from({ length: widthOf(source) }, (_, i) => first + i) : [];
  });
}

async function evaluate(
  run: BiasRun,
  validation: BiasPictures,
  probes: readonly DenseProbe[],
  sets: readonly (readonly string[])[],
): Promise<SetScores[]> {
  const fitted = sets.map((names) => probes.map((probe) => probe.fit(channelsOf(run, names))));
  const meters = sets.map(() => probes.map(() => new DenseProbeScore(run.tasks, run.classes)));
  await run.visit(validation, (batch) => {
    const rows = { data: joined(run, batch), grid: run.grid, channels: allChannels(run) };
    fitted.forEach((seeds, i) =>
      seeds.forEach((probe, s) =>
        probe.predict(rows).forEach((found, picture) => meters[i][s].add(found, batch.labels[picture])),
      ),
    );
  });
  return meters.map((seeds) => seeds.map((meter) => meter.value()));
}

function meanScores(sets: readonly SetScores[]): SetScores {
  return sets[0].map((first, s) =>
    Object.fromEntries(
      Object.keys(first).map((task) => [task, mean(sets.map((scores) => scores[s][task as DenseTask] as number))]),
    ),
  );
}

const gainOver = (scores: SetScores, base: SetScores): SeedMean =>
  seedMean(scores.map((one, s) => deltaM(one as Record<string, number>, base[s] as Record<string, number>)));
