import { sha256, sha256Of } from "../platform";
import { chunks, stat } from "../platform/files";
import { dirname, join } from "../platform/path";
import { readModel } from "../onnx/parse";
import type { Encoder } from "../encoders/encoder";
import { FeatureError } from "./error";
import type { Facet } from "../encoders/options";
import type { Preprocess } from "../encoders/preprocess/preprocess";

/** Side of the square of tokens whose mean is stored, 1 for each token; or the one token of a picture. */
export type Pool = number | "mean" | "cls";

/** Type of stored features. `int8` has one scale per token in a separate tensor: `value = scale · level`. */
export type FeatureDtype = "f32" | "f16" | "int8";

/** One layer of a run, with the layout of its tokens over the model's input. */
export interface ExtractedLayer {
  /** Number of the block, 0-based; -1 for the input of the first one. */
  layer: number;
  channels: number;
  /** Rows and columns of the grid; tokens are in raster order. */
  grid: [number, number];
  /** Pixels of the model's input between neighbouring tokens. */
  stride: number;
}

/** Settings that determine every stored number; two runs of the same `hash` can share a folder. */
export interface ExtractionRun {
  version: 1;
  hash: string;
  encoder: {
    name: string;
    /** SHA-256 of the graph and its files of weights. */
    sha256: string;
    preprocess: Readonly<Preprocess>;
    /** Precision, present only for an encoder that does not compute as its graph is written. */
    precision?: "int8";
  };
  layers: ExtractedLayer[];
  facet: Facet;
  norm: boolean;
  dtype: FeatureDtype;
  /** Side of the square of tokens whose mean is stored, or the one token of a picture; absent where each token is. */
  pool?: Pool;
}

/** Describes a run. Device, batch size and share of the images do not count, because they may change between calls. */
export async function describeRun(
  fn: string,
  encoder: Encoder,
  layers: ExtractedLayer[],
  options: Pick<ExtractionRun, "facet" | "norm" | "dtype" | "pool">,
): Promise<ExtractionRun> {
  const { path, preprocess, precision } = encoder.info;
  if (path === null) throw new FeatureError(fn, "the encoder must come from a file", encoder.name);
  const { facet, norm, dtype, pool = 1 } = options;
  const computed = { sha256: await hashModel(path, fn), preprocess, ...(precision === "int8" && { precision }) };
  const content = { version: 1 as const, encoder: computed, layers, facet, norm, dtype, ...(pool !== 1 && { pool }) };
  return { ...content, hash: hashContent(content), encoder: { name: encoder.name, ...computed } };
}

/** @internal Returns the hash that a run must have, which its text may have lost. The encoder's name does not count. */
export function hashRun({ version, encoder, layers, facet, norm, dtype, pool }: ExtractionRun): string {
  const { sha256, preprocess, precision } = encoder;
  const computed = { sha256, preprocess, ...(precision === "int8" && { precision }) };
  return hashContent({ version, encoder: computed, layers, facet, norm, dtype, ...(pool !== undefined && { pool }) });
}

const hashContent = (content: object): string => sha256Of(JSON.stringify(content));

/**
 * Hashes of this process by names, sizes and dates of the files, so that a model of some gigabytes is not read for
 * every call.
 */
const hashes = new Map<string, Promise<string>>();

/**
 * @internal Returns the SHA-256 of a model: of the graph's file and of the files of weights that it names, in the order
 *   of their names.
 */
export async function hashModel(path: string, fn: string): Promise<string> {
  const named = [...readModel(path, fn).initializers.values()].flatMap(({ external }) => external?.location ?? []);
  const files = [path, ...[...new Set(named)].sort().map((name) => join(dirname(path), name))];
  const stats = await Promise.all(files.map((file) => stat(file)));
  const key = JSON.stringify(files.map((file, i) => [file, stats[i].size, stats[i].mtimeMs]));
  const hash = hashes.get(key) ?? hashFiles(files);
  hashes.set(key, hash);
  hash.catch(() => hashes.delete(key));
  return hash;
}

async function hashFiles(files: readonly string[]): Promise<string> {
  const hash = sha256();
  for (const file of files) for await (const chunk of chunks(file)) hash.update(chunk);
  return hash.digest("hex");
}
