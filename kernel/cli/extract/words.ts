/** Values of the options of `fovea extract`. */
import type { Facet, Precision } from "../../encoders";
import type { FeatureDtype, FeatureLevel, PoolOption } from "../../features";
import { countOf, inputSizeOf, preprocessOf } from "../arguments";

/**
 * Returns levels, null for all; `undefined` for an absent option.
 *
 * @throws Error for another text
 */
export function indicesOf(text: string | undefined): FeatureLevel[] | null | undefined {
  if (text === undefined) return undefined;
  if (text === "all") return null;
  const indices = text.split(",").map((part) => levelOf(part.trim()));
  if (indices.some((index) => index !== "stem" && !Number.isInteger(index)))
    throw new Error(`extract: --indices must be all, or whole numbers and stem, received ${JSON.stringify(text)}`);
  return indices;
}

const levelOf = (text: string): FeatureLevel => (text === "stem" ? "stem" : text === "" ? NaN : Number(text));

/** Options that say how features are computed, of `fovea extract` and of its plan. */
export const ENCODING = {
  encoder: { type: "string" },
  file: { type: "string" },
  preprocess: { type: "string" },
  "input-size": { type: "string" },
  indices: { type: "string" },
  pool: { type: "string" },
  dtype: { type: "string" },
  facet: { type: "string" },
  norm: { type: "boolean" },
  precision: { type: "string" },
  "batch-size": { type: "string" },
} as const;

type Encoding = { [key in Exclude<keyof typeof ENCODING, "norm">]?: string } & { norm?: boolean };

/**
 * Returns the values of {@link ENCODING} as the library takes them; the encoder itself is the command's to ask for.
 *
 * @throws Error or EncoderError for a text that an option does not allow
 */
export const encodingOf = (values: Encoding) => ({
  file: values.file,
  preprocess: preprocessOf("extract", values.preprocess),
  inputSize: inputSizeOf("extract", values["input-size"]),
  indices: indicesOf(values.indices),
  norm: values.norm,
  batchSize: countOf("extract", "batch-size", values["batch-size"]),
  // Checked on use, where the errors list the legal values.
  pool: poolOf(values.pool) as PoolOption | undefined,
  dtype: values.dtype as FeatureDtype | undefined,
  facet: values.facet as Facet | undefined,
  precision: values.precision as Precision | undefined,
});

/** Returns a pooling as the library takes it: a number where it is one. */
export const poolOf = (text: string | undefined): string | number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
