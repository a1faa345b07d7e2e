import type { Tensor } from "../../backend/tensor";
import type { Dtype } from "./types";

/** Shape of an input, of floats where nothing else is said. */
export type OnnxInput = readonly number[] | { shape: readonly number[]; dtype: Dtype };

/** Result of a model: one tensor, several, or several by name. */
export type OnnxResult = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** Inputs of a model by name, and the dimensions whose size is free. */
export interface InputOptions {
  inputs: Readonly<Record<string, OnnxInput>>;
  dynamic?: readonly ("batch" | "height" | "width")[] | Readonly<Record<string, readonly (string | null)[]>>;
}
