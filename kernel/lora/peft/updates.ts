/** Changes of a base's weights, by blocks of rows. */
import { product } from "../../numeric";
import { tf } from "../../backend/tf";
import { toFloat32 } from "../../nn/module/floats";
import type { AdapterConfig } from "../config";
import { LoraError } from "../error";
import type { BaseModel } from "./base-model";
import { encodeValues, type Values, valuesOf } from "./base-values";
import type { FileLayer } from "./describe";
import type { AdapterFile } from "./file";
import { keyOf } from "./keys";

/** Some rows of a weight, seen as a matrix. */
export interface Block {
  values: Values;
  from: number;
  rows: number;
  columns: number;
}

export interface Update {
  /** The shape that the weight must have. */
  readonly shape: readonly number[];
  /** Looks through the whole weight first, where a block needs to know more than itself. */
  prepare?(blocks: () => AsyncIterable<Block>): Promise<void>;
  /** Changes a block where it lies. */
  apply(block: Block): Promise<void>;
}

/** Values of a weight that are in memory at a time. */
const VALUES = 1 << 24;

/** W0 + s B A, with DoRA rescaled; a convolution's weight is a matrix [out, in · kernel]. */
export class LoraUpdate implements Update {
  readonly shape: readonly number[];
  private readonly magnitude: Float32Array | null;
  /** True if the base's weight lies [in, out], as those of embeddings and of GPT-2 do. */
  private readonly transposed: boolean;
  private readonly a: Float32Array;
  private readonly b: Float32Array;
  private lengths: Float64Array | null = null;

  constructor(
    fn: string,
    { config, tensors }: AdapterFile,
    module: string,
    private readonly layer: FileLayer,
  ) {
    const read = (name: string): Float32Array | null => {
      const stored = tensors.get(keyOf(module, name));
      return stored ? toFloat32(fn, stored) : null;
    };
    const embedding = layer.kind === "embedding";
    const { inFeatures, outFeatures, kernel } = layer;
    this.transposed = embedding || (config.fanInFanOut && !kernel.length);
    this.shape = this.transposed ? [inFeatures, outFeatures] : [outFeatures, inFeatures, ...kernel];
    this.a = read(embedding ? "lora_embedding_A" : "lora_A.weight") as Float32Array;
    this.b = read(embedding ? "lora_embedding_B" : "lora_B.weight") as Float32Array;
    this.magnitude = hasMagnitude(config) ? read("lora_magnitude_vector") : null;
  }

  /** Returns whether both change one weight equally: an embedding's factors are those of its output layer, transposed. */
  isSameAs(other: LoraUpdate): boolean {
    const [embedding, head] = this.layer.kind === "embedding" ? [this, other] : [other, this];
    const { r, scaling, inFeatures, outFeatures } = embedding.layer;
    if (head.layer.r !== r || head.layer.scaling !== scaling || embedding.layer.kind === head.layer.kind) return false;
    return isTransposed(embedding.a, head.b, r, inFeatures) && isTransposed(embedding.b, head.a, outFeatures, r);
  }

  /** ‖W0 + s B A‖ of each column, where those are the outputs. */
  async prepare(blocks: () => AsyncIterable<Block>): Promise<void> {
    if (!this.magnitude || !this.transposed) return;
    const sums = new Float64Array(this.layer.outFeatures);
    for await (const block of blocks()) {
      await this.add(block);
      block.values.forEach((value, i) => (sums[i % block.columns] += value * value));
    }
    this.lengths = sums.map(Math.sqrt);
  }

  async apply(block: Block): Promise<void> {
    await this.add(block);
    const { values, from, columns } = block;
    if (!this.magnitude) return;
    const lengths = this.lengths ?? rowLengths(block);
    for (let i = 0; i < values.length; i++) {
      const row = Math.floor(i / columns);
      const [output, length] = this.lengths ? [i % columns, lengths[i % columns]] : [from + row, lengths[row]];
      values[i] *= this.magnitude[output] / length;
    }
  }

  private async add({ values, from, rows }: Block): Promise<void> {
    const { scaling } = this.layer;
    const product = tf.tidy(() => this.product(from, from + rows));
    const update = await product.data();
    product.dispose();
    for (let i = 0; i < values.length; i++) values[i] += scaling * update[i];
  }

  /** Rows of B A as the weight lies. */
  private product(from: number, to: number) {
    const { r, outFeatures } = this.layer;
    const a = tf.tensor2d(this.a, [r, this.a.length / r]);
    const b = tf.tensor2d(this.b, [outFeatures, r]);
    return this.transposed
      ? tf.matMul(tf.slice(a, [0, from], [r, to - from]), b, true, true)
      : tf.matMul(tf.slice(b, [from, 0], [to - from, r]), a);
  }
}

function isTransposed(one: Float32Array, other: Float32Array, rows: number, columns: number): boolean {
  const isEqual = (value: number, i: number): boolean =>
    value === other[(i % columns) * rows + Math.floor(i / columns)];
  return one.length === other.length && one.every(isEqual);
}

const hasMagnitude = (config: AdapterConfig): boolean => config.peftType === "LORA" && config.useDora;

function rowLengths({ values, rows, columns }: Block): Float64Array {
  const sums = new Float64Array(rows);
  values.forEach((value, i) => (sums[Math.floor(i / columns)] += value * value));
  return sums.map(Math.sqrt);
}

/** The whole tensor plus s times a bias of B. */
export class BiasUpdate implements Update {
  readonly shape: readonly number[];

  constructor(
    private readonly bias: Float32Array,
    private readonly scaling: number,
  ) {
    this.shape = [bias.length];
  }

  apply({ values, from }: Block): Promise<void> {
    for (let i = 0; i < values.length; i++) values[i] += this.scaling * this.bias[from + i];
    return Promise.resolve();
  }
}

/** Rows of an embedding that were trained by themselves (`trainable_token_indices`). */
export class RowsUpdate implements Update {
  constructor(
    readonly shape: readonly number[],
    private readonly indices: readonly number[],
    private readonly trained: Float32Array,
  ) {}

  apply({ values, from, rows, columns }: Block): Promise<void> {
    for (const [i, index] of this.indices.entries())
      if (index >= from && index < from + rows)
        values.set(this.trained.subarray(i * columns, (i + 1) * columns), (index - from) * columns);
    return Promise.resolve();
  }
}

/** A tensor's bytes after its updates, in order. */
export async function* updated(
  fn: string,
  source: BaseModel,
  name: string,
  updates: readonly Update[],
): AsyncGenerator<Uint8Array> {
  for (const update of updates) await update.prepare?.(() => blocks(source, name));
  for await (const block of blocks(source, name)) {
    for (const update of updates) await update.apply(block);
    yield encoded(fn, source, name, block.values);
  }
}

/** A weight's rows, some at a time. */
async function* blocks(source: BaseModel, name: string): AsyncGenerator<Block> {
  const [count = 1, ...rest] = source.tensors.get(name)?.shape ?? [];
  const columns = product(rest);
  const step = Math.max(1, Math.floor(VALUES / columns));
  for (let from = 0; from < count; from += step) {
    const to = Math.min(count, from + step);
    yield { values: valuesOf(await source.readRows(name, from, to)), from, rows: to - from, columns };
  }
}

/** Values in the type of a tensor of the base. @throws LoraError when one is not finite there */
export function encoded(fn: string, source: BaseModel, name: string, values: Values): Uint8Array {
  const stored = encodeValues(values, source.tensors.get(name)!.dtype);
  const worst = valuesOf(stored).findIndex((value) => !Number.isFinite(value));
  if (worst >= 0) throw new LoraError(fn, `merged values of ${name} must be finite in ${stored.dtype}`, values[worst]);
  const { buffer, byteOffset, byteLength } = stored.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}
