import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { toFloat32 } from "../../nn/floats";
import type { SafetensorsTensor } from "../../safetensors";
import { BaseModel, type Change } from "./base-model";
import { type AdapterConfig, mergeRefusal } from "../config";
import { describeFile, type FileLayer } from "./describe";
import { convertTensor, isFloatDtype } from "./dtypes";
import { LoraError } from "../error";
import { type AdapterFile, readAdapter, type ReadAdapterOptions } from "./file";
import { keyOf, PREFIX } from "./keys";

/** Options of `lora.mergeFile`. */
export interface MergeFileOptions extends ReadAdapterOptions {
  /** Called after each tensor. Default: not called. */
  onProgress?: (done: number, total: number) => void;
}

/** Changes made by {@link mergeFile}. */
export interface MergeFileReport {
  /** Tensors of the base that include the adapter. */
  merged: string[];
  /** Tensors replaced by the adapter's whole copies. */
  replaced: string[];
  /** Small files copied from the base's folder: `config.json`, the tokenizer's files. */
  copied: string[];
}

const FN = "lora.mergeFile";

/** Number of a weight's values in memory at a time. */
const VALUES = 1 << 24;

/**
 * Merges an adapter into a base model's safetensors: W0 + s B A in the base's type, everything else byte for byte.
 * Large files are processed in parts; the complete result is moved to its place. A base folder becomes a folder that
 * `transformers` loads, with configuration, tokenizer and preprocessor.
 *
 * @param base a file; or a model's folder with `model.safetensors`, or with shards and `model.safetensors.index.json`;
 *   or that index. Shards are merged into the same number of shards
 * @param out a file; for a folder or shards, a new or empty folder
 * @throws LoraError where the adapter depends on the input, a layer is missing or has another shape, or a merged value
 *   is not finite; nothing is written then
 */
export async function mergeFile(
  adapter: string,
  base: string,
  out: string,
  { onProgress, ...reading }: MergeFileOptions = {},
): Promise<MergeFileReport> {
  const file = await readAdapter(adapter, reading);
  const refusal = mergeRefusal(file.config);
  if (refusal) throw new LoraError(FN, refusal, adapter);
  const source = await BaseModel.open(FN, base);
  try {
    const changes = plan(file, source);
    let done = 0;
    const copied = await source.write(FN, out, changes, (count) => onProgress?.((done += count), source.tensors.size));
    const copies = [...changes.keys()].filter((name) => file.tensors.has(`${PREFIX}${name}`));
    return { merged: [...changes.keys()].filter((name) => !copies.includes(name)), replaced: copies, copied };
  } finally {
    await source.close();
  }
}

function plan(file: AdapterFile, source: BaseModel): Map<string, Change> {
  const { layers, saved } = describeFile(FN, file.config, file.tensors);
  const changes = new Map<string, Change>();
  for (const [module, layer] of layers) {
    const update = new Update(file, module, layer);
    const shape = update.transposed ? [layer.inFeatures, layer.outFeatures] : [layer.outFeatures, layer.inFeatures];
    const weight = checkBase(source, `${module}.weight`, shape);
    changes.set(weight, () => mergedWeight(source, weight, update));
    const bias = file.tensors.get(keyOf(module, "lora_B.bias"));
    if (!bias) continue;
    const name = checkBase(source, `${module}.bias`, [layer.outFeatures]);
    changes.set(name, () => mergedBias(source, name, toFloat32(bias), layer.scaling));
  }
  for (const name of saved.filter((name) => !name.endsWith(".base_layer.weight"))) {
    const copy = file.tensors.get(`${PREFIX}${name}`) as SafetensorsTensor;
    checkBase(source, name, copy.shape);
    changes.set(name, () => [encoded(source, name, toFloat32(copy))]);
  }
  return changes;
}

function checkBase(source: BaseModel, name: string, shape: readonly number[]): string {
  const entry = source.tensors.get(name);
  if (!entry) {
    const known = [...source.tensors.keys()].slice(0, 6).join(", ");
    throw new LoraError(FN, `the base file must hold the adapter's layers; it holds ${known}, …`, name);
  }
  if (entry.shape.join() !== shape.join())
    throw new LoraError(FN, `${name} of the base must be [${shape.join(", ")}] for this adapter`, entry.shape);
  if (!isFloatDtype(entry.dtype)) throw new LoraError(FN, `${name} of the base must be F32, F16 or BF16`, entry.dtype);
  return name;
}

/** Update of one layer by rows of the base's weight. */
class Update {
  /** True when the base's weight is stored [in, out], as in embeddings and GPT-2. */
  readonly transposed: boolean;
  readonly magnitude: Float32Array | null;
  private readonly a: Float32Array;
  private readonly b: Float32Array;

  constructor(
    { config, tensors }: AdapterFile,
    module: string,
    private readonly layer: FileLayer,
  ) {
    const read = (name: string): Float32Array | null => {
      const stored = tensors.get(keyOf(module, name));
      return stored ? toFloat32(stored) : null;
    };
    const embedding = layer.kind === "embedding";
    this.transposed = embedding || config.fanInFanOut;
    this.a = read(embedding ? "lora_embedding_A" : "lora_A.weight") as Float32Array;
    this.b = read(embedding ? "lora_embedding_B" : "lora_B.weight") as Float32Array;
    this.magnitude = hasMagnitude(config) ? read("lora_magnitude_vector") : null;
  }

  /** Returns W0 + s B A for some stored rows of W0; runs inside the caller's `tf.tidy`. */
  added(weight: Tensor, from: number, to: number): Tensor {
    const { r, inFeatures, outFeatures, scaling } = this.layer;
    const a = tf.tensor2d(this.a, [r, inFeatures]);
    const b = tf.tensor2d(this.b, [outFeatures, r]);
    const product = this.transposed
      ? tf.matMul(tf.slice(a, [0, from], [r, to - from]), b, true, true)
      : tf.matMul(tf.slice(b, [from, 0], [to - from, r]), a);
    return tf.add(weight, tf.mul(product, scaling));
  }
}

const hasMagnitude = (config: AdapterConfig): boolean => config.peftType === "LORA" && config.useDora;

async function* mergedWeight(source: BaseModel, name: string, update: Update): AsyncGenerator<Uint8Array> {
  const lengths = update.magnitude && update.transposed ? await columnLengths(source, name, update) : null;
  for await (const { values, shape, from } of blocks(source, name)) {
    const merged = tf.tidy(() => {
      const adapted = update.added(tf.tensor(values, shape), from, from + shape[0]);
      return scaled(adapted, update, lengths, from);
    });
    const result = Float32Array.from(await merged.data());
    merged.dispose();
    yield encoded(source, name, result);
  }
}

/** Multiplies by DoRA's m / ‖·‖ on the outputs: columns of a weight stored [in, out], rows otherwise. */
function scaled(adapted: Tensor, { magnitude }: Update, lengths: Float32Array | null, from: number): Tensor {
  if (!magnitude) return adapted;
  if (lengths) return tf.mul(adapted, tf.div(tf.tensor1d(magnitude), tf.tensor1d(lengths)));
  const rows = adapted.shape[0];
  const own = tf.sqrt(tf.sum(tf.square(adapted), 1, true));
  return tf.mul(adapted, tf.div(tf.tensor2d(magnitude.slice(from, from + rows), [rows, 1]), own));
}

/** Returns ‖W0 + s B A‖ of each column, in a separate pass. */
async function columnLengths(source: BaseModel, name: string, update: Update): Promise<Float32Array> {
  const sums = new Float64Array(source.tensors.get(name)?.shape[1] ?? 0);
  for await (const { values, shape, from } of blocks(source, name)) {
    const squares = tf.tidy(() => tf.sum(tf.square(update.added(tf.tensor(values, shape), from, from + shape[0])), 0));
    (await squares.data()).forEach((value, i) => (sums[i] += value));
    squares.dispose();
  }
  return Float32Array.from(sums, Math.sqrt);
}

/** Yields a weight's rows in blocks, in single precision. */
async function* blocks(
  source: BaseModel,
  name: string,
): AsyncGenerator<{ values: Float32Array; shape: [number, number]; from: number }> {
  const [rows, columns] = source.tensors.get(name)?.shape ?? [];
  const step = Math.max(1, Math.floor(VALUES / columns));
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    yield { values: toFloat32(await source.readRows(name, from, to)), shape: [to - from, columns], from };
  }
}

async function* mergedBias(
  source: BaseModel,
  name: string,
  bias: Float32Array,
  scaling: number,
): AsyncGenerator<Uint8Array> {
  const base = toFloat32(await source.read(name));
  yield encoded(
    source,
    name,
    base.map((value, i) => value + scaling * bias[i]),
  );
}

/**
 * Encodes values in the base's type.
 *
 * @throws LoraError when one is not finite in that type
 */
function encoded(source: BaseModel, name: string, values: Float32Array): Uint8Array {
  const dtype = source.tensors.get(name)?.dtype as string;
  if (!isFloatDtype(dtype)) throw new LoraError(FN, `${name} of the base must be F32, F16 or BF16`, dtype);
  const { data } = convertTensor({ dtype: "F32", shape: [values.length], data: values }, dtype);
  const worst = toFloat32({ dtype, shape: [values.length], data }).findIndex((value) => !Number.isFinite(value));
  if (worst >= 0) throw new LoraError(FN, `merged values of ${name} must be finite in ${dtype}`, values[worst]);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
