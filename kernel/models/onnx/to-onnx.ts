import type { Tensor } from "../../backend/tensor";
import { checkStarted } from "../../backend/tfjs";
import type { Module } from "../../nn/module/module";
import type { Parameter } from "../../nn/module/parameter";
import { ModelError } from "../error";
import { ELEMENT_TYPES } from "./elementwise";
import { OnnxModelFile, type OnnxValue } from "./file";
import { simplify } from "./fuse";
import { Call, OnnxGraph } from "./graph";
import type { OnnxInput, OnnxResult } from "./input-types";
import { forwardOf, type Input, inputsOf, resultOf, type Run } from "./inputs";
import { FN } from "./names";
import { record } from "./recorder";
import { rules } from "./rules";
import { inEvaluation, inScopes } from "./scopes";
import type { Trace } from "./types";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Options of {@link toOnnx}. */
export interface ToOnnxOptions {
  /** Inputs by name, in the order of the model's arguments. */
  inputs: Readonly<Record<string, OnnxInput>>;
  /**
   * Dimensions whose size is free. `batch` is the first of every input, `height` and `width` are the last two of inputs with four
   * dimensions; other names are given input by input, null for a fixed dimension. Default: none.
   */
  dynamic?: readonly ("batch" | "height" | "width")[] | Readonly<Record<string, readonly (string | null)[]>>;
  /** Computation to be written. Default: the model's `forward`. */
  call?: (...inputs: Tensor[]) => OnnxResult;
  /** Name of the graph. Default: the class of the model. */
  name?: string;
}

const NAMES: OptionNames<ToOnnxOptions> = { inputs: true, dynamic: true, call: true, name: true };

/**
 * Writes a model as ONNX. It runs once for each dynamic dimension on a device that only records what it is asked for: each
 * operation becomes an operator named after the module that asked, parameters are initializers under the module's names. Layers
 * are in evaluation while it runs.
 *
 *     const file = await models.toOnnx(model, { inputs: { pixel_values: [1, 3, 224, 224] }, dynamic: ["batch"] });
 *     await file.save("student/model.onnx");
 *
 * Outputs are named `output`, `output_0`, `output_1`, …, or as `call` names them; an encoder's `embed` takes `image_embeds`.
 *
 * @throws ModelError naming an operation that has no ONNX operators, a value that the model reads while it runs, or a dimension that
 *   the model does not leave free
 */
export async function toOnnx(model: Module, options: ToOnnxOptions): Promise<OnnxModelFile> {
  checkOptionNames(FN, options, NAMES, ModelError);
  checkStarted(FN);
  const inputs = inputsOf(options, FN);
  const parameters = model.namedParameters();
  await separate(parameters.values());
  const call = options.call ?? forwardOf(model, FN);
  const data = new Map([...parameters].map(([name, { value }]) => [value.dataId as object, name]));
  const traces = inEvaluation(model, () =>
    variants(inputs).map(({ shapes, dimension }, i) =>
      traceOf(data, model, { inputs, shapes, dimension, example: i === 0 ? 0 : 1, call }),
    ),
  );
  traces.slice(1).forEach((trace) => checkAlike(traces[0], trace));
  const graph = new OnnxGraph(traces);
  const outputs = writeAll(graph, inputs);
  const operators = simplify(graph, new Set(outputs.map(({ name }) => name)));
  const name = options.name ?? model.constructor.name;
  return new OnnxModelFile({ graph, operators, inputs: inputs.map(declared), outputs, parameters, name });
}

/** Gives each parameter data that no other has; parameters made from one tensor share it until they change. */
async function separate(parameters: Iterable<Parameter>): Promise<void> {
  const seen = new Set<object>();
  for (const parameter of parameters) {
    if (seen.has(parameter.value.dataId)) parameter.assign(await parameter.read());
    seen.add(parameter.value.dataId);
  }
}

const declared = ({ name, shape, dtype, axes }: Input): OnnxValue => ({
  name,
  type: ELEMENT_TYPES[dtype],
  dims: shape.map((size, i) => axes[i] ?? size),
});

/** Shapes of one run, and the dimension that differs from the first; null for the first, and for all at once. */
interface Variant {
  shapes: number[][];
  dimension: string | null;
}

/**
 * Returns the shapes of the runs: those given, each dynamic dimension doubled, and all at once by different factors. Multiples keep
 * whole patches. A model with integers runs again, to see that it does not follow their values.
 */
function variants(inputs: readonly Input[]): Variant[] {
  const names = [...new Set(inputs.flatMap(({ axes }) => axes).filter((name) => name !== null))];
  const scaled = (factor: (name: string) => number, dimension: string | null): Variant => ({
    shapes: inputs.map(({ shape, axes }) =>
      shape.map((size, i) => size * (axes[i] === null ? 1 : factor(axes[i] as string))),
    ),
    dimension,
  });
  const one = names.map((name) => scaled((other) => (other === name ? 2 : 1), name));
  const all = names.length ? [scaled((name) => 3 + names.indexOf(name), null)] : [];
  const again = !names.length && inputs.some(({ dtype }) => dtype === "int32") ? [scaled(() => 1, null)] : [];
  return [scaled(() => 1, null), ...one, ...all, ...again];
}

/** Run of which the dimension is known that differs from the first. */
type VariantRun = Run & Variant;

function traceOf(parameters: ReadonlyMap<object, string>, model: Module, run: VariantRun): Trace {
  try {
    return record(parameters, (recording) => inScopes(model, recording, () => resultOf(recording, run)));
  } catch (error) {
    if (run.dimension === null) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new ModelError(
      FN,
      `${run.dimension} must be free in the model (${text})`,
      run.shapes.map((shape) => `[${shape.join(", ")}]`).join(", "),
    );
  }
}

function checkAlike(first: Trace, other: Trace): void {
  const differs = first.nodes.findIndex(({ kernel, inputs }, i) => {
    const twin = other.nodes[i] as Trace["nodes"][number] | undefined;
    return twin?.kernel !== kernel || [...inputs.values()].join() !== [...twin.inputs.values()].join();
  });
  if (differs < 0 && first.nodes.length === other.nodes.length) return;
  const node = first.nodes[differs < 0 ? first.nodes.length - 1 : differs];
  throw new ModelError(
    FN,
    `the model must run the same operations at every size (in ${node.scope || "the model"})`,
    node.kernel,
  );
}

/** Writes every operation, and returns the outputs. */
function writeAll(graph: OnnxGraph, inputs: readonly Input[]): OnnxValue[] {
  graph.first.nodes.forEach((node, i) => {
    graph.enter(node.scope);
    const names = [rules[node.kernel].write(new Call(graph, i))].flat();
    node.outputs.forEach((number, k) => graph.setName(number, names[k]));
  });
  graph.enter("");
  return [...graph.first.outputs].map(([name, number]) => {
    graph.operators.push({
      op: "Identity",
      name: `/${name}`,
      inputs: [graph.nameOf(number)],
      outputs: [name],
      attributes: {},
    });
    const { dtype } = graph.first.forms[number];
    return {
      name,
      type: ELEMENT_TYPES[dtype],
      dims: graph.sizesOf(number).map((sizes) => dimensionOf(graph, inputs, sizes)),
    };
  });
}

/** Returns a number, the name of the input's dimension of the same sizes, or null. */
function dimensionOf(graph: OnnxGraph, inputs: readonly Input[], sizes: readonly number[]): number | string | null {
  if (sizes.every((size) => size === sizes[0])) return sizes[0];
  for (const [number, source] of graph.first.sources) {
    const input = source.kind === "input" ? inputs.find(({ name }) => name === source.name) : undefined;
    const axis = graph.sizesOf(number).findIndex((own) => own.every((size, i) => size === sizes[i]));
    if (input?.axes[axis]) return input.axes[axis];
  }
  return null;
}
