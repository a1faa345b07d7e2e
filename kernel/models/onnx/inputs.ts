import { checkArguments } from "../../rules/arguments";
import { isRecord } from "../../rules/json-text";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Module } from "../../nn/module/module";
import { ModelError } from "../error";
import { ELEMENT_TYPES } from "./elementwise";
import { FN } from "./names";
import type { InputOptions, OnnxResult } from "./input-types";
import type { Recording } from "./recorder";
import type { Form } from "./types";
import { isWhole } from "../../rules/rule-error";

/** Input with the names of its dynamic dimensions. */
export interface Input extends Form {
  name: string;
  axes: (string | null)[];
}

/** Returns the `forward` of a model as the computation to be recorded. */
export function forwardOf(model: Module, fn: string): (...inputs: Tensor[]) => OnnxResult {
  const { forward } = model as { forward?: (...inputs: Tensor[]) => OnnxResult };
  if (typeof forward !== "function")
    throw new ModelError(fn, "a model without forward needs call", model.constructor.name);
  return (...inputs) => (model as Module & { forward: typeof forward }).forward(...inputs);
}

/** Checks inputs and the names of their dynamic dimensions. */
export function inputsOf({ inputs, dynamic = [] }: InputOptions, fn: string): Input[] {
  checkArguments(fn, ModelError, { inputs }, { inputs: "object" });
  const list = Object.entries(inputs).map(([name, given]) => {
    const { shape, dtype } = isRecord(given) ? given : { shape: given, dtype: "float32" as const };
    checkArguments(fn, ModelError, { [`inputs.${name}`]: shape }, { [`inputs.${name}`]: "array" });
    if (!shape.every((size) => isWhole(size)))
      throw new ModelError(fn, `sizes of ${name} must be whole numbers of at least 1`, [...shape]);
    if (!Object.hasOwn(ELEMENT_TYPES, dtype))
      throw new ModelError(fn, `dtype of ${name} must be ${Object.keys(ELEMENT_TYPES).join(", ")}`, dtype);
    return { name, shape, dtype, axes: axesOf(name, shape, dynamic) };
  });
  if (!list.length) throw new ModelError(fn, "inputs must name at least one input", "none");
  return list;
}

const PICTURE = ["batch", null, "height", "width"] as const;

function axesOf(
  name: string,
  shape: readonly number[],
  dynamic: NonNullable<InputOptions["dynamic"]>,
): (string | null)[] {
  if (!Array.isArray(dynamic)) {
    const names = (dynamic as Readonly<Record<string, readonly (string | null)[]>>)[name] ?? [];
    if (names.length > shape.length) throw new ModelError(FN, `${name} has ${shape.length} dimensions`, names);
    return shape.map((_, i) => names[i] ?? null);
  }
  const unknown = dynamic.find((one: string) => !PICTURE.includes(one as never));
  if (unknown !== undefined) throw new ModelError(FN, "dynamic must name batch, height, width", unknown);
  return shape.map((_, i) => {
    const axis = shape.length === 4 ? PICTURE[i] : i === 0 ? "batch" : null;
    return axis !== null && (dynamic as readonly string[]).includes(axis) ? axis : null;
  });
}

/** Inputs, shapes and computation of one run. */
export interface Run {
  inputs: readonly Input[];
  shapes: readonly number[][];
  /** Value of integers that the model may read. */
  example: number;
  call: (...inputs: Tensor[]) => OnnxResult;
}

/** Runs a computation on the recording device and returns its tensors by name. */
export function resultOf(recording: Recording, { inputs, shapes, example, call }: Run): Map<string, Tensor> {
  const tensors = inputs.map(({ name, dtype }, i) => recording.input(name, { shape: shapes[i], dtype }, example));
  const result = call(...tensors);
  if (result instanceof tf.Tensor) return new Map([["output", result]]);
  const entries = Array.isArray(result)
    ? result.map((one, i) => [`output_${i}`, one] as const)
    : Object.entries(result);
  const bad = entries.find(([, tensor]) => !(tensor instanceof tf.Tensor));
  if (bad || !entries.length) throw new ModelError(FN, "the model must return tensors", bad?.[0] ?? "none");
  return new Map(entries as [string, Tensor][]);
}
