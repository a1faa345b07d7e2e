import { Described, DISPLAY, type DisplayBundle, tabulate } from "../../display/describe";
import type { FeatureLevel } from "../../features/levels";
import { mean } from "../../numeric";
import type { DenseTask } from "../../tasks/dense/facts";
import { deltaM } from "../../tasks/dense/metrics/delta";
import { DenseProbeScore, isBetter } from "../../tasks/dense/probe/meter";
import type { DenseProbe, FittedDenseProbe } from "../../tasks/dense/probe/probe";
import { type SeedMean, seedMean } from "../../tasks/seeds";
import { SakError } from "../error";
import { BIAS_NAMES, type BiasOptions, type BiasPictures, type BiasRun, checkBiasInput, openRun } from "./pictures";
import { type Similarities, type TeacherLevel, TokenSample } from "./similarity";
import type { BiasTeacher } from "./sources";
import { gainText, scoreText } from "./words";
import { isWhole } from "../../rules/rule-error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { counted } from "../../protocol/core/words";

/** Pictures of {@link biases}; scores are of the test pictures, each teacher's level is chosen on the validation pictures. */
export interface BiasData {
  train: BiasPictures;
  validation: BiasPictures;
  test: BiasPictures;
}

/** Options of {@link biases}. */
export interface MeasureBiasOptions extends BiasOptions {
  /** Teacher to which gains are relative, as the paper's ImageNet model. Default: no gains. */
  reference?: string;
  /** Tokens that a seed draws for the similarities of levels. Default 256. */
  tokens?: number;
  /** Nearest neighbours that are compared. Default 10. */
  k?: number;
}

/** Score of a level in one task, over seeds. */
export interface LevelScore extends TeacherLevel {
  task: DenseTask;
  /** Score of each seed: shares 0..1, degrees or metres. */
  values: readonly number[];
  score: SeedMean;
}

/** Score of a teacher in one task, at the level that is best on the validation pictures. */
export interface TeacherScore extends LevelScore {
  /** Relative gain over the reference in percent, paired by seed; null without reference. */
  gain: SeedMean | null;
}

const FN = "sak.biases";
const NAMES: OptionNames<MeasureBiasOptions> = { ...BIAS_NAMES, reference: true, tokens: true, k: true };

/** Biases of teachers: what each is good at, and how alike they are. */
export class Biases extends Described {
  constructor(
    readonly tasks: readonly DenseTask[],
    readonly seeds: readonly number[],
    readonly reference: string | null,
    /** Score of each teacher and task. */
    readonly scores: readonly TeacherScore[],
    /** Score of every level on the test pictures. */
    readonly levels: readonly LevelScore[],
    readonly similarities: Similarities,
  ) {
    super();
  }

  [DISPLAY](): DisplayBundle {
    const names = [...new Set(this.scores.map(({ teacher }) => teacher))];
    const cell = (teacher: string, task: DenseTask): string => {
      const one = this.scores.find((score) => score.teacher === teacher && score.task === task) as TeacherScore;
      const gain = one.gain && teacher !== this.reference ? `, ${gainText(one.gain)}` : "";
      return `${scoreText(task, one.score)} (${one.level}${gain})`;
    };
    const rows = names.map((teacher) => [teacher, ...this.tasks.map((task) => cell(teacher, task))]);
    const relative = this.reference === null ? "" : `, gain over ${this.reference}`;
    const title = `Biases of ${counted(names.length, "teacher")}: linear probes, ${counted(this.seeds.length, "seed")} (level${relative})`;
    return tabulate(title, ["teacher", ...this.tasks], rows);
  }
}

/**
 * Measures what teachers are good at and how alike they are (arXiv 2410.14633, figure 1): each level's score in each task by a
 * linear probe in closed form, relative to a reference, and centred kernel alignment and common neighbours between all levels,
 * with 95 % intervals over seeds. Seeds draw the training pictures of the probes, and the tokens of the similarities.
 *
 *     const found = await sak.biases({ dino: { folder: "features/dino" }, clip: { folder: "features/clip" } },
 *       { train, validation, test }, { classes: { semseg: 16 } });
 *
 * @param teachers stored features or encoders by name; of every level, or of `indices`
 * @param data labelled pictures, as `data.dense.read` returns them
 * @throws SakError for an option out of range, a picture without features or label, or teachers that see different parts of it
 */
export async function biases(
  teachers: Readonly<Record<string, BiasTeacher>>,
  data: BiasData,
  options: MeasureBiasOptions = {},
): Promise<Biases> {
  checkOptionNames(FN, options, NAMES, SakError);
  checkBiasInput(FN, { teachers, data });
  const { reference, tokens = 256, k = 10 } = options;
  if (reference !== undefined && !Object.hasOwn(teachers, reference))
    throw new SakError(FN, `reference must be one of ${Object.keys(teachers).join(", ")}`, reference);
  if (!isWhole(k)) throw new SakError(FN, "k must be a whole number of at least 1", k);
  if (!Number.isInteger(tokens) || tokens <= k)
    throw new SakError(FN, `tokens must be a whole number above k, ${k}`, tokens);
  const run = await openRun(FN, teachers, [data.train, data.validation, data.test], options, "all");
  const sample = new TokenSample(run, data.test.names.length, tokens);
  if (sample.size <= k) throw new SakError(FN, `k must be below the number of test tokens, ${sample.size}`, k);
  const probes = await learn(run, data.train);
  const validation = await score(run, data.validation, probes);
  const test = await score(run, data.test, probes, (batch) => sample.add(batch));
  const chosen = run.sources.flatMap(({ name }) =>
    run.tasks.map((task) => {
      const level = bestLevel(validation, name, task);
      return test.find((one) => one.teacher === name && one.task === task && one.level === level) as LevelScore;
    }),
  );
  const scores = chosen.map((one): TeacherScore => ({
    ...one,
    gain: reference === undefined ? null : gainOver(one, chosen, reference),
  }));
  return new Biases(run.tasks, run.seeds, reference ?? null, scores, test, sample.compare(k));
}

/** One value for each source, level and seed. */
type ByLevel<T> = T[][][];

const byLevel = <T>(run: BiasRun, make: (source: number, level: number, seed: number) => T): ByLevel<T> =>
  run.sources.map(({ levels }, t) => levels.map((_, l) => run.seeds.map((_seed, s) => make(t, l, s))));

async function learn(run: BiasRun, train: BiasPictures): Promise<ByLevel<FittedDenseProbe>> {
  const probes = byLevel<DenseProbe>(run, (t, l) => run.probe(run.sources[t].channels[l]));
  await run.visit(train, ({ tokens, labels, from }) =>
    run.sources.forEach(({ channels }, t) =>
      channels.forEach((width, l) => {
        const rows = { data: tokens[t][l], grid: run.grid, channels: width };
        probes[t][l].forEach((probe, s) => probe.add(rows, labels, run.weights[s].slice(from, from + labels.length)));
      }),
    ),
  );
  return byLevel(run, (t, l, s) => probes[t][l][s].fit());
}

async function score(
  run: BiasRun,
  pictures: BiasPictures,
  probes: ByLevel<FittedDenseProbe>,
  use: Parameters<BiasRun["visit"]>[1] = () => {},
): Promise<LevelScore[]> {
  const meters = byLevel(run, () => new DenseProbeScore(run.tasks, run.classes));
  await run.visit(pictures, (batch) => {
    use(batch);
    run.sources.forEach(({ channels }, t) =>
      channels.forEach((width, l) => {
        const rows = { data: batch.tokens[t][l], grid: run.grid, channels: width };
        probes[t][l].forEach((probe, s) =>
          probe.predict(rows).forEach((found, i) => meters[t][l][s].add(found, batch.labels[i])),
        );
      }),
    );
  });
  return run.sources.flatMap(({ name, levels }, t) =>
    levels.flatMap((level, l) =>
      run.tasks.map((task): LevelScore => {
        const values = meters[t][l].map((meter) => meter.value()[task] as number);
        return { teacher: name, level, task, values, score: seedMean(values) };
      }),
    ),
  );
}

function bestLevel(scores: readonly LevelScore[], teacher: string, task: DenseTask): FeatureLevel {
  const own = scores.filter((one) => one.teacher === teacher && one.task === task);
  return own.reduce((best, one) => (isBetter(task, mean(one.values), mean(best.values)) ? one : best)).level;
}

function gainOver({ task, values }: LevelScore, all: readonly LevelScore[], reference: string): SeedMean {
  const base = all.find((one) => one.teacher === reference && one.task === task) as LevelScore;
  return seedMean(values.map((value, s) => deltaM({ [task]: value }, { [task]: base.values[s] })));
}
