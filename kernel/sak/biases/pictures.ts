import { startTfjs } from "../../backend/tfjs";
import type { Grid } from "../../contracts/geometry";
import type { DenseDataset, DenseSample } from "../../data/dense/layout";
import type { OptionNames } from "../../rules/option-names";
import { checkSeed, Prng } from "../../numeric/prng";
import { type Cells, cellsOf } from "../../tasks/dense/probe/cells";
import { type CellLabels, DenseProbe } from "../../tasks/dense/probe/probe";
import type { DenseTask } from "../../tasks/dense/facts";
import { SakError } from "../error";
import { type BiasSource, type BiasTeacher, type BiasTokens, commonGrid, openSources, readTokens } from "./sources";
import { isWhole } from "../../rules/rule-error";
import { patientBar } from "../../display/progress";

/** Labelled pictures: a split of `data.dense.read`, or others of its form. */
export type BiasPictures = Pick<DenseDataset, "names" | "tasks" | "sample">;

/** Options that measuring and choosing teachers share. */
export interface BiasOptions {
  /** Tasks to measure. Default: all of the training pictures. */
  tasks?: readonly DenseTask[];
  /** Numbers of classes of semantic segmentation and parts. Default: none, for the other tasks. */
  classes?: Readonly<Partial<Record<DenseTask, number>>>;
  /** Seeds, each of which draws as many training pictures, with replacement. Default 0, 1, 2. */
  seeds?: readonly number[];
  /** Cells of a token on each side; twice as many for boundaries. Default 2. */
  cells?: number;
  /** Share of the identity in the probes' covariance. Default 0.01. */
  shrinkage?: number;
  /** Pictures that are read at once. Default 16. */
  batchSize?: number;
  /**
   * Called after each batch with the numbers of pictures; each further pass over a split adds to both. Default: a bar in a notebook,
   * after two seconds.
   */
  onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Stops before the next batch. Default: none. */
  signal?: AbortSignal;
}

/** Names of the shared options. */
export const BIAS_NAMES: OptionNames<BiasOptions> = {
  tasks: true,
  classes: true,
  seeds: true,
  cells: true,
  shrinkage: true,
  batchSize: true,
  onProgress: true,
  signal: true,
};

/** A batch with the tokens of all teachers. */
export interface BiasBatch extends BiasTokens {
  labels: CellLabels[];
  /** Place of the first picture in its split. */
  from: number;
}

/** Settings of a measurement with their defaults. */
type Settings = Required<Pick<BiasOptions, "classes" | "seeds" | "cells" | "shrinkage" | "batchSize" | "onProgress">> &
  Pick<BiasOptions, "signal">;

/** Teachers and data of one measurement. */
export class BiasRun {
  readonly grid: Grid;
  /** Number of drawn copies of each training picture, by seed. */
  readonly weights: readonly (readonly number[])[];
  private readonly sizer: DenseProbe;
  private total: number;
  private done = 0;

  constructor(
    private readonly fn: string,
    readonly sources: readonly BiasSource[],
    readonly tasks: readonly DenseTask[],
    splits: readonly BiasPictures[],
    private readonly settings: Settings,
  ) {
    this.grid = commonGrid(sources);
    this.weights = settings.seeds.map((seed) => drawn(seed, splits[0].names.length));
    this.sizer = this.probe(1);
    this.total = splits.reduce((sum, { names }) => sum + names.length, 0);
  }

  get classes(): Settings["classes"] {
    return this.settings.classes;
  }

  get seeds(): readonly number[] {
    return this.settings.seeds;
  }

  /** Makes an empty probe. */
  probe(channels: number): DenseProbe {
    const { classes, cells, shrinkage } = this.settings;
    return new DenseProbe({ tasks: this.tasks, channels, classes, cells, shrinkage });
  }

  /** Visits every picture of a split. */
  async visit(pictures: BiasPictures, use: (batch: BiasBatch) => void): Promise<void> {
    const { batchSize, signal, onProgress } = this.settings;
    const count = pictures.names.length;
    // A selection reads a split once for each step, and the number of steps is not known in advance.
    this.total = Math.max(this.total, this.done + count);
    for (let from = 0; from < count; from += batchSize) {
      signal?.throwIfAborted();
      const size = Math.min(batchSize, count - from);
      use(await this.read(pictures, from, size));
      this.done += size;
      onProgress({ done: this.done, total: this.total });
    }
  }

  private async read(pictures: BiasPictures, from: number, size: number): Promise<BiasBatch> {
    const samples = await Promise.all(Array.from({ length: size }, (_, i) => pictures.sample(from + i)));
    const { tokens, geometry } = await readTokens(this.sources, samples, this.grid);
    const labels = samples.map((sample, i) => this.labelsOf(sample, geometry[i]));
    return { tokens, geometry, labels, from };
  }

  private labelsOf(sample: DenseSample, geometry: BiasTokens["geometry"][number]): CellLabels {
    const cells = (task: DenseTask): Cells =>
      cellsIn(this.fn, sample, task, this.sizer.cellGrid(task, this.grid), geometry);
    return Object.fromEntries(this.tasks.map((task) => [task, cells(task)]));
  }
}

/** Opens teachers and checks options. */
export async function openRun(
  fn: string,
  teachers: Readonly<Record<string, BiasTeacher>>,
  splits: readonly BiasPictures[],
  options: BiasOptions,
  whenAbsent: "all" | "last",
): Promise<BiasRun> {
  const { seeds = [0, 1, 2], classes = {}, cells = 2, shrinkage = 0.01, batchSize = 16, signal } = options;
  const { onProgress = patientBar("Measuring", "pictures") } = options;
  const tasks = tasksOf(fn, splits, options.tasks);
  checkSeeds(fn, seeds);
  if (!isWhole(batchSize)) throw new SakError(fn, "batchSize must be a whole number of at least 1", batchSize);
  await startTfjs();
  const sources = await openSources(fn, teachers, whenAbsent);
  const settings = { seeds, classes, cells, shrinkage, batchSize, onProgress, signal };
  return new BiasRun(fn, sources, tasks, splits, settings);
}

/** Refuses seeds of one stream: a generator takes whole numbers. */
function checkSeeds(fn: string, seeds: readonly number[]): void {
  if (!Array.isArray(seeds) || !seeds.length || new Set(seeds).size < seeds.length)
    throw new SakError(fn, "seeds must be at least one, each once", seeds);
  for (const seed of seeds) checkSeed(fn, seed, SakError);
}

function tasksOf(fn: string, splits: readonly BiasPictures[], wanted?: readonly DenseTask[]): readonly DenseTask[] {
  const stray = splits.find((one) => typeof (one as Partial<BiasPictures> | null | undefined)?.sample !== "function");
  if (stray !== undefined || splits.includes(undefined as never))
    throw new SakError(fn, "every split must be labeled pictures", stray);
  const tasks = wanted ?? splits[0].tasks;
  if (!Array.isArray(tasks)) throw new SakError(fn, "tasks must be an array", tasks);
  if (!tasks.length) throw new SakError(fn, "there must be a task", "none");
  for (const { names, tasks: known } of splits) {
    if (!names.length) throw new SakError(fn, "every split must have pictures", "none");
    const absent = tasks.find((task) => !known.includes(task));
    if (absent !== undefined) throw new SakError(fn, `the data have labels of ${known.join(", ")}`, absent);
  }
  return tasks;
}

function cellsIn(
  fn: string,
  { name, labels }: DenseSample,
  task: DenseTask,
  grid: Grid,
  geometry: BiasTokens["geometry"][number],
): Cells {
  const label = labels[task];
  if (!label) throw new SakError(fn, `${name} must have a label of ${task}`, "none");
  return cellsOf(task, label, grid, geometry);
}

/** Returns how often each of `count` pictures is drawn in `count` draws with replacement. */
function drawn(seed: number, count: number): number[] {
  const random = new Prng(seed, "sak.biases");
  const weights = new Array<number>(count).fill(0);
  for (let i = 0; i < count; i++) weights[random.int(count)]++;
  return weights;
}

/** Refuses teachers or pictures that are no object. */
export function checkBiasInput(fn: string, input: { teachers: object; data: object }): void {
  for (const [name, value] of Object.entries(input))
    if (typeof value !== "object" || (value as unknown) === null || Array.isArray(value))
      throw new SakError(fn, `${name} must be an object`, value);
}
