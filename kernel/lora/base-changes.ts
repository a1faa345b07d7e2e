/** Values of the base's own parameters that an adapter brings along: trained biases, and rows of embeddings. */
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { toFloat32 } from "../nn/module/floats";
import type { Parameter } from "../nn/module/parameter";
import { gatherRows, scatterRows } from "../nn/operations/rows";
import type { SafetensorsTensor } from "../safetensors/tensor";
import { LoraError } from "./error";
import type { AdapterFile } from "./peft/file";
import { parseKey, PREFIX } from "./peft/keys";
import type { Naming } from "./peft/naming";
import { TOKENS, trainedRows } from "./peft/token-rows";

/** One parameter, and the values that lie elsewhere: the adapter's while it is off, the base's while it is on. */
interface Change {
  key: string;
  parameter: Parameter;
  away: Tensor;
  /** Numbers of the rows; null for the whole parameter. */
  rows: number[] | null;
}

/** Changes of one adapter. They lie in the model while the adapter applies, and the base's values are kept. */
export class BaseChanges {
  private isIn = false;

  constructor(private changes: readonly Change[] = []) {}

  get isEmpty(): boolean {
    return this.changes.length === 0;
  }

  /** Biases, which train with the adapter; rows of an embedding do not. */
  get biases(): Parameter[] {
    return this.changes.filter(({ rows }) => rows === null).map(({ parameter }) => parameter);
  }

  /** Shapes of the changed values by their keys in a file. */
  get shapes(): Map<string, { shape: readonly number[] }> {
    return new Map(this.changes.map(({ key, away }) => [key, { shape: away.shape }]));
  }

  /** Returns the key of a parameter that both would change, or null. */
  shared(other: BaseChanges): string | null {
    const own = new Set(this.changes.map(({ parameter }) => parameter));
    return other.changes.find(({ parameter }) => own.has(parameter))?.key ?? null;
  }

  /** Puts the changes into the model, or takes them out; every value gets its former bits back. */
  put(isIn: boolean): void {
    if (isIn === this.isIn) return;
    this.isIn = isIn;
    for (const change of this.changes) exchange(change);
  }

  /** Leaves the model as it is and forgets the values that are away. */
  settle(): void {
    this.isIn = false;
    this.dispose();
    this.changes = [];
  }

  /** Returns the adapter's values in the form of its file. */
  async tensors(): Promise<Map<string, SafetensorsTensor>> {
    const found = new Map<string, SafetensorsTensor>();
    for (const { key, parameter, away, rows } of this.changes) {
      const values = this.isIn ? tf.tidy(() => here(parameter, rows)) : tf.clone(away);
      const data = Float32Array.from(await values.data());
      found.set(key, { dtype: "F32", shape: values.shape, data });
      values.dispose();
    }
    return found;
  }

  dispose(): void {
    for (const { away } of this.changes) away.dispose();
  }
}

const here = (parameter: Parameter, rows: number[] | null): Tensor =>
  rows === null ? tf.clone(parameter.value) : gatherRows(parameter.value, tf.tensor1d(rows, "int32"));

function exchange(change: Change): void {
  const { parameter, away, rows } = change;
  const before = tf.keep(tf.tidy(() => here(parameter, rows)));
  tf.tidy(() => parameter.assign(rows === null ? away : withRows(parameter.value, away, rows)));
  away.dispose();
  change.away = before;
}

/** Returns a matrix with some rows replaced. Sums and products are with 0 and 1, so that finite values keep their bits. */
function withRows(matrix: Tensor, values: Tensor, rows: number[]): Tensor {
  const indices = tf.tensor1d(rows, "int32");
  const [count] = matrix.shape;
  const kept = tf.sub(1, scatterRows(indices, tf.ones([rows.length, 1]), count));
  return tf.add(tf.mul(matrix, kept), scatterRows(indices, values, count));
}

/**
 * Reads the changes in a file.
 *
 * @param parameters the model's own, by name
 * @throws LoraError for another shape, or a value that is not finite
 */
export function changesIn(
  fn: string,
  { config, tensors }: AdapterFile,
  naming: Naming,
  parameters: ReadonlyMap<string, Parameter>,
): BaseChanges {
  const hasBiases = (config.other.bias ?? "none") !== "none";
  const changes: Change[] = [];
  for (const [key, stored] of tensors) {
    if (!key.startsWith(PREFIX)) continue;
    const { module: path, tensor } = parseKey(fn, key);
    const isRows = path.endsWith(TOKENS);
    if (tensor !== null || !(isRows || (hasBiases && /bias[^.]*$/.test(path)))) continue;
    const whole = isRows ? `${path.slice(0, -TOKENS.length)}.weight` : path.replace(/\.base_layer(?=\.bias$)/, "");
    const at = whole.lastIndexOf(".");
    const module = whole.slice(0, at);
    const parameter = parameters.get(`${naming.modelName(module)}${whole.slice(at)}`);
    if (!parameter) continue;
    const rows = isRows ? trainedRows(fn, config, module, stored.shape, parameter.shape) : null;
    changes.push({ key, parameter, rows, away: valuesOf(fn, key, stored, rows, parameter) });
  }
  return new BaseChanges(changes);
}

function valuesOf(
  fn: string,
  key: string,
  stored: SafetensorsTensor,
  rows: number[] | null,
  { shape }: Parameter,
): Tensor {
  if (rows === null && stored.shape.join() !== shape.join())
    throw new LoraError(fn, `${key} must be [${shape.join(", ")}]`, stored.shape);
  const values = toFloat32(fn, stored);
  if (!values.every((value) => Number.isFinite(value))) throw new LoraError(fn, `${key} must be finite`, stored.dtype);
  return tf.keep(tf.tensor(values, stored.shape.slice(), "float32"));
}
