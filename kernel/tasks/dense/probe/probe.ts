import type { PlainFeatureMap } from "../../../contracts/features";
import type { Tensor } from "../../../backend/tensor";
import { tf } from "../../../backend/tf";
import type { Grid } from "../../../contracts/geometry";
import { mean } from "../../../numeric";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { TaskError } from "../../error";
import type { DenseTask } from "../facts";
import type { Cells } from "./cells";
import { fitTask, type ProbeSums } from "./fit";
import { cellAt, columnsOf, type TaskColumns, widthOf, writeTargets } from "./layout";
import { isWhole } from "../../../rules/rule-error";

/** Options of a {@link DenseProbe}. */
export interface DenseProbeOptions {
  /** Tasks to fit. */
  tasks: readonly DenseTask[];
  /** Width of the features. */
  channels: number;
  /** Numbers of classes of semantic segmentation and parts. Default: none, for the other tasks. */
  classes?: Readonly<Partial<Record<DenseTask, number>>>;
  /** Cells of a token on each side, for each of which there is an own linear function; twice as many for boundaries. Default 2. */
  cells?: number;
  /** Share of the identity in the covariance of standardized features. Default 0.01. */
  shrinkage?: number;
}

/** Labels of one picture on the cells of the tokens' grid, by task; see `DenseProbe.cells`. */
export type CellLabels = Readonly<Partial<Record<DenseTask, Cells>>>;

const FN = "tasks.dense.DenseProbe";
const NAMES: OptionNames<DenseProbeOptions> = {
  tasks: true,
  channels: true,
  classes: true,
  cells: true,
  shrinkage: true,
};

/**
 * Linear probe of dense tasks in closed form, without a learning rate: linear discriminants for classes, ridge regression for normals and depth,
 * one linear function for each cell of a token. All tasks share sums over the tokens, from which a probe of any subset of the
 * channels follows.
 *
 *     const probe = new tasks.dense.DenseProbe({ tasks: ["semseg"], classes: { semseg: 21 }, channels: 128 });
 *     probe.add(tokens, labels);
 *     const [predicted] = probe.fit().predict(tokens);
 */
export class DenseProbe {
  private readonly columns: readonly TaskColumns[];
  private readonly shrinkage: number;
  private readonly channels: number;
  private readonly width: number;
  private readonly products: Float64Array;
  private readonly missing: (Float64Array | null)[];
  private readonly targets: Float64Array;
  private readonly counts: Float64Array;
  private shift: Float32Array | null = null;

  /** @throws TaskError for an unknown task, or numbers outside their range */
  constructor(options: DenseProbeOptions) {
    checkOptionNames(FN, options, NAMES, TaskError);
    const { tasks, channels, classes = {}, cells = 2, shrinkage = 0.01 } = options;
    if (!isWhole(channels)) throw new TaskError(FN, "channels must be a whole number of at least 1", channels);
    if (!isWhole(cells) || cells > 16) throw new TaskError(FN, "cells must lie in 1..16", cells);
    if (!(shrinkage >= 0 && shrinkage <= 1)) throw new TaskError(FN, "shrinkage must lie in [0, 1]", shrinkage);
    if (!tasks.length) throw new TaskError(FN, "there must be a task", tasks);
    this.columns = columnsOf(FN, tasks, classes, cells);
    this.width = widthOf(this.columns);
    this.shrinkage = shrinkage;
    this.channels = channels;
    this.products = new Float64Array(channels * channels);
    this.missing = tasks.map(() => null);
    this.targets = new Float64Array(this.width * channels);
    this.counts = new Float64Array(this.width);
  }

  /**
   * Returns rows and columns of a task's cells on a grid.
   *
   * @throws TaskError for a task that the probe has not
   */
  cellGrid(task: DenseTask, [rows, columns]: Grid): Grid {
    const side = this.columns.find((one) => one.task === task)?.side;
    if (side === undefined) throw new TaskError(`${FN}.cellGrid`, "the probe must have the task", task);
    return [rows * side, columns * side];
  }

  /**
   * Adds pictures.
   *
   * @param labels one a picture, of every task
   * @param weights one a picture, at least 0. Default: 1 each
   * @throws TaskError for tokens or labels that do not fit
   */
  add(tokens: PlainFeatureMap, labels: readonly CellLabels[], weights?: readonly number[]): this {
    const rows = this.checkRows(`${FN}.add`, tokens, labels.length);
    const each = rows / labels.length;
    const target = { data: new Float32Array(rows * this.width), width: this.width };
    for (let row = 0; row < rows; row++) target.data[row * this.width] = 1;
    const missing = this.columns.map((columns) => {
      const all = new Float32Array(rows);
      labels.forEach((label, i) => {
        const cells = this.checkCells(columns, label, tokens.grid);
        all.set(writeTargets(columns, cells, tokens.grid, { ...target, from: i * each }), i * each);
      });
      return all;
    });
    const weightOf = Float32Array.from({ length: rows }, (_, row) => weights?.[Math.floor(row / each)] ?? 1);
    this.shift ??= meanRow(tokens.data, this.channels);
    this.accumulate(tokens.data, target.data, weightOf, missing);
    return this;
  }

  /**
   * Fits every task.
   *
   * @param channels places of the channels to use. Default: all
   * @throws TaskError without pictures, or for features that are constant
   */
  fit(channels?: readonly number[]): FittedDenseProbe {
    const shift = this.shift;
    if (!shift || !(this.counts[0] > 0)) throw new TaskError(`${FN}.fit`, "pictures must be added before", "none");
    const chosen = channels ?? Array.from({ length: this.channels }, (_, c) => c);
    const weights = this.columns.map((columns, t) =>
      fitTask(`${FN}.fit`, this.sums(chosen, t), columns, this.shrinkage),
    );
    const outputs = weights.reduce((sum, { biases }) => sum + biases.length, 0);
    const matrix = new Float32Array(this.channels * outputs);
    const biases = new Float32Array(outputs);
    let at = 0;
    for (const one of weights)
      one.biases.forEach((bias, i) => {
        let offset = 0;
        chosen.forEach((c, k) => {
          const value = one.weights[i * chosen.length + k];
          matrix[c * outputs + at] = value;
          offset += value * shift[c];
        });
        biases[at++] = bias - offset;
      });
    return new FittedDenseProbe(this.columns, this.channels, matrix, biases);
  }

  private accumulate(
    data: Float32Array,
    target: Float32Array,
    weights: Float32Array,
    missing: readonly Float32Array[],
  ): void {
    const rows = weights.length;
    tf.tidy(() => {
      const x = tf.sub(tf.tensor(data, [rows, this.channels]), tf.tensor(this.shift as Float32Array));
      const t = tf.tensor(target, [rows, this.width]);
      const w = tf.tensor(weights, [rows, 1]);
      const weighted = tf.mul(x, w);
      const product = (a: Tensor, b: Tensor): ArrayLike<number> => tf.matMul(a as never, b as never, true).dataSync();
      addTo(this.products, product(weighted, x));
      addTo(this.targets, product(t, weighted));
      addTo(this.counts, product(t, w));
      missing.forEach((m, i) => {
        if (!m.some((count) => count > 0)) return;
        const own = product(tf.mul(weighted, tf.tensor(m, [rows, 1])), x);
        addTo((this.missing[i] ??= new Float64Array(this.products.length)), own);
      });
    });
  }

  /** Returns the sums of some channels for one task. */
  private sums(channels: readonly number[], task: number): ProbeSums {
    const C = this.channels;
    const square = (of: Float64Array): Float64Array =>
      Float64Array.from(
        { length: channels.length ** 2 },
        (_, at) => of[channels[Math.floor(at / channels.length)] * C + channels[at % channels.length]],
      );
    const rows = (of: Float64Array): Float64Array =>
      Float64Array.from(
        { length: (of.length / C) * channels.length },
        (_, at) => of[Math.floor(at / channels.length) * C + channels[at % channels.length]],
      );
    const missing = this.missing[task];
    return {
      channels: channels.length,
      tokens: this.counts[0],
      features: rows(this.targets.subarray(0, C)),
      products: square(this.products),
      missing: missing && square(missing),
      targets: rows(this.targets),
      counts: this.counts,
    };
  }

  private checkRows(fn: string, { data, grid, channels }: PlainFeatureMap, pictures: number): number {
    if (channels !== this.channels) throw new TaskError(fn, `tokens must have ${this.channels} channels`, channels);
    const rows = pictures * grid[0] * grid[1];
    if (!rows || data.length !== rows * channels)
      throw new TaskError(fn, `tokens must be [${pictures}, ${grid.join(" x ")}, ${channels}]`, data.length);
    return rows;
  }

  private checkCells({ task, isClass, outputs }: TaskColumns, label: CellLabels, grid: Grid): Cells {
    const [rows, columns] = this.cellGrid(task, grid);
    const size = rows * columns * (isClass ? 1 : outputs);
    const cells = label[task];
    if (cells?.length === size) return cells;
    throw new TaskError(`${FN}.add`, `every picture needs ${size} labels of ${task}`, cells?.length ?? "none");
  }
}

function addTo(sums: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}

/** Returns the mean row of the first pictures; subtracting it keeps the precision of channels with a large mean. */
function meanRow(data: Float32Array, channels: number): Float32Array {
  const rows = data.length / channels;
  return Float32Array.from({ length: channels }, (_, c) =>
    mean(Float64Array.from({ length: rows }, (_unused, row) => data[row * channels + c])),
  );
}

/** Linear functions that a {@link DenseProbe} found. */
export class FittedDenseProbe {
  /** @param weights [channels, outputs] @param biases [outputs] */
  constructor(
    private readonly columns: readonly TaskColumns[],
    private readonly channels: number,
    readonly weights: Float32Array,
    readonly biases: Float32Array,
  ) {}

  /**
   * Predicts the cells of pictures: classes; shares of salient and boundary cells, 0 to 1; vectors and depths.
   *
   * @returns one a picture, [rows · cells, columns · cells, channels] by task
   * @throws TaskError for tokens that do not fit
   */
  predict({ data, grid, channels }: PlainFeatureMap): CellLabels[] {
    const tokens = grid[0] * grid[1];
    if (channels !== this.channels || data.length % (tokens * channels) !== 0)
      throw new TaskError(`${FN}.predict`, `tokens must be [B, ${tokens}, ${this.channels}]`, [data.length, channels]);
    const rows = data.length / channels;
    const outputs = this.biases.length;
    const product = tf.tidy(() => {
      const x = tf.tensor(data, [rows, channels]);
      return tf.add(tf.matMul(x, tf.tensor(this.weights, [channels, outputs])), tf.tensor(this.biases));
    });
    // Read outside of tidy, which would look for tensors in every number.
    const scores = product.dataSync() as Float32Array;
    product.dispose();
    const perPicture = tokens * outputs;
    return Array.from({ length: rows / tokens }, (_, i) =>
      this.decode(scores.subarray(i * perPicture, (i + 1) * perPicture), grid),
    );
  }

  private decode(scores: Float32Array, grid: Grid): CellLabels {
    const tokens = grid[0] * grid[1];
    let from = 0;
    const entries = this.columns.map((columns) => {
      const { task, isClass, side, outputs } = columns;
      const channels = isClass ? 1 : outputs;
      const cells = new Float64Array(tokens * side * side * channels);
      for (let token = 0; token < tokens; token++)
        for (let cell = 0; cell < side * side; cell++) {
          const start = token * this.biases.length + from + cell * outputs;
          writeCell(columns, scores, start, cells, cellAt(grid, side, token, cell) * channels);
        }
      from += side * side * outputs;
      return [task, cells] as const;
    });
    return Object.fromEntries(entries);
  }
}

/** Writes what the scores from `start` on say of a cell: a class, a share, or values. Millions of cells come here: nothing is allocated. */
function writeCell(
  { task, isClass, outputs }: TaskColumns,
  scores: Float32Array,
  start: number,
  out: Cells,
  at: number,
): void {
  if (!isClass) for (let c = 0; c < outputs; c++) out[at + c] = scores[start + c];
  else if (task === "saliency" || task === "boundary") out[at] = 1 / (1 + Math.exp(scores[start] - scores[start + 1]));
  else {
    let best = 0;
    for (let k = 1; k < outputs; k++) if (scores[start + k] > scores[start + best]) best = k;
    out[at] = best;
  }
}
