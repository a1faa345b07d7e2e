import { checkArguments } from "../rules/arguments";
import { product } from "../numeric";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { checkStarted } from "../backend/tfjs";
import { Described, DISPLAY, type DisplayBundle, tabulate, thousands } from "../display/describe";
import type { Module } from "../nn/module/module";
import { lossAndGradients } from "../train/update/gradients";
import type { OnnxInput, OnnxResult } from "./onnx/input-types";
import { forwardOf, inputsOf, resultOf, type Run } from "./onnx/inputs";
import { FN as WRITER } from "./onnx/names";
import { record, type Recording } from "./onnx/recorder";
import { inEvaluation, inScopes } from "./onnx/scopes";
import type { RecordedNode, Trace } from "./onnx/types";
import { checkOptionNames } from "../rules/option-names";
import { ModelError } from "./error";

const FN = "models.summary";

/** Options of {@link summary}. */
export interface SummaryOptions {
  /** Computation to be counted. Default: the model's `forward`. */
  call?: (...inputs: Tensor[]) => OnnxResult;
  /** Loss of what the computation returns, for the memory of a step. Default: mean square of every output. */
  loss?: (outputs: ReadonlyMap<string, Tensor>) => Tensor;
}

/** Module in a {@link ModelSummary}. */
export interface SummaryRow {
  /** Dotted name; empty for the model itself. */
  name: string;
  /** Name of the class. */
  kind: string;
  /** Shape of what its first call returned; null where it returned several tensors or was not called. */
  output: readonly number[] | null;
  /** Number of values in its parameters, with those of the modules below. */
  parameters: number;
  /** Number of these that train. */
  trainable: number;
  /** Floating-point operations of products and convolutions, two for a multiplication with addition. */
  flops: number;
}

/** Bytes that one training step holds. */
export interface StepMemory {
  /** Values of the parameters. */
  parameters: number;
  /** Two moments for each trainable value, as AdamW keeps them. */
  optimizer: number;
  /** Most that tensors of forward and backward pass take at one time, gradients among them, on a device of tfjs. */
  tensors: number;
  /** Sum of these. */
  total: number;
}

/** Size and cost of a model, known without computing anything. */
export class ModelSummary extends Described {
  constructor(
    /** Modules in the order of the tree. */
    readonly rows: readonly SummaryRow[],
    /** Floating-point operations of a forward pass. */
    readonly flops: number,
    /** Floating-point operations of forward and backward pass. */
    readonly stepFlops: number,
    readonly memory: StepMemory,
  ) {
    super();
  }

  [DISPLAY](): DisplayBundle {
    const [model] = this.rows;
    const title =
      `${model.kind}: ${thousands(model.parameters)} parameters, ${thousands(model.trainable)} train, ` +
      `${short(this.flops)}FLOP forward, ${short(this.memory.total)}B a training step`;
    const shown = this.rows.filter(({ parameters }) => parameters > 0);
    const names = new Set(shown.map(({ name }) => name));
    const rows = shown.map((row) => {
      const above = scopesOf(row.name).filter((name) => names.has(name) && name !== row.name);
      const own = row.name ? row.name.slice(above[0] ? above[0].length + 1 : 0) : "model";
      const output = row.output ? `[${row.output.join(", ")}]` : "";
      const cost = row.flops ? short(row.flops) : "";
      return [`${"  ".repeat(above.length)}${own}`, row.kind, output, thousands(row.parameters), cost];
    });
    return tabulate(title, ["module", "class", "output", "parameters", "FLOP"], rows);
  }
}

/** Formats 1234567 as `1.23 M`. */
function short(count: number): string {
  const steps = ["", "k", "M", "G", "T"];
  const step = Math.min(steps.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${Number((count / 1000 ** step).toPrecision(3))} ${steps[step]}`;
}

/**
 * Counts parameters, operations and memory of a model before it is run: forward and backward pass go to a device that computes
 * nothing and keeps the shapes. Dropout is off.
 *
 *     models.summary(model, { pixel_values: [8, 3, 224, 224] })
 *
 * @param inputs shapes of the inputs by name, in the order of the model's arguments
 * @throws ModelError for bad shapes, or an operation whose shapes are not known
 */
export function summary(
  model: Module,
  inputs: Readonly<Record<string, OnnxInput>>,
  options: SummaryOptions = {},
): ModelSummary {
  checkArguments("models.summary", ModelError, { inputs }, { inputs: "object" });
  checkOptionNames(FN, options, { call: true, loss: true }, ModelError);
  const { call, loss = meanSquare } = options;
  checkStarted(FN);
  const list = inputsOf({ inputs }, FN);
  const run: Run = {
    inputs: list,
    shapes: list.map(({ shape }) => [...shape]),
    example: 0,
    call: call ?? forwardOf(model, FN),
  };
  const shapes = new Map<string, readonly number[]>();
  const forward = inEvaluation(model, () =>
    recorded(model, (recording) => {
      const outputs = inScopes(model, recording, () => resultOf(recording, run));
      for (const [name, shape] of recording.shapes) shapes.set(name, shape);
      if (outputs.size === 1) shapes.set("", [...outputs.values()][0].shape);
      return outputs;
    }),
  );
  const step = stepOf(model, run, loss);
  return new ModelSummary(rowsOf(model, forward, shapes), flopsOf(forward), step.flops, step.memory);
}

const meanSquare = (outputs: ReadonlyMap<string, Tensor>): Tensor =>
  tf.addN([...outputs.values()].map((output) => tf.mean(tf.square(output))));

const namesOf = (model: Module): Map<object, string> =>
  new Map([...model.namedParameters()].map(([name, { value }]) => [value.dataId as object, name]));

/** Runs a model on the recording device; refusals, which the writer of ONNX shares, name the summary. */
function recorded(model: Module, run: (recording: Recording) => ReadonlyMap<string, Tensor>): Trace {
  try {
    return record(namesOf(model), run);
  } catch (error) {
    if (!(error instanceof ModelError) || error.where !== WRITER) throw error;
    throw new ModelError(FN, error.rule, error.received);
  }
}

/** Runs a step with its gradients, for its operations and its memory. */
function stepOf(
  model: Module,
  run: Run,
  loss: NonNullable<SummaryOptions["loss"]>,
): { flops: number; memory: StepMemory } {
  const parameters = model.namedParameters();
  const bytes = (trainable: boolean): number =>
    [...parameters.values()].reduce((sum, one) => sum + (one.trainable || !trainable ? 4 * one.size : 0), 0);
  const [own, moments] = [bytes(false), 2 * bytes(true)];
  let tensors = 0;
  const trace = inEvaluation(model, () =>
    recorded(model, (recording) => {
      const compute = (): Tensor => loss(inScopes(model, recording, () => resultOf(recording, run)));
      const result = moments ? lossAndGradients(compute, parameters).loss : compute();
      tensors = recording.memory.peak;
      return new Map([["loss", result]]);
    }),
  );
  return {
    flops: flopsOf(trace),
    memory: { parameters: own, optimizer: moments, tensors, total: own + moments + tensors },
  };
}

function rowsOf(model: Module, trace: Trace, shapes: ReadonlyMap<string, readonly number[]>): SummaryRow[] {
  const flops = new Map<string, number>();
  for (const node of trace.nodes)
    for (const name of scopesOf(node.scope)) flops.set(name, (flops.get(name) ?? 0) + nodeFlops(node, trace));
  return [...model.namedModules()].map(([name, module]) => {
    const own = [...module.namedParameters().values()];
    return {
      name,
      kind: module.constructor.name,
      output: shapes.get(name) ?? null,
      parameters: own.reduce((sum, { size }) => sum + size, 0),
      trainable: own.reduce((sum, { size, trainable }) => sum + (trainable ? size : 0), 0),
      flops: flops.get(name) ?? 0,
    };
  });
}

/** Returns a dotted name and those of the modules around it; the model itself last. */
function scopesOf(scope: string): string[] {
  const parts = scope ? scope.split(".") : [];
  return [...parts.map((_, i) => parts.slice(0, parts.length - i).join(".")), ""];
}

const flopsOf = (trace: Trace): number => trace.nodes.reduce((sum, node) => sum + nodeFlops(node, trace), 0);

/** Returns the operations of a product or convolution, and 0 for any other kernel. */
function nodeFlops({ kernel, inputs, outputs, attributes }: RecordedNode, { forms }: Trace): number {
  const results = (): number => product(forms[outputs[0]].shape);
  const shape = (name: string): readonly number[] => forms[inputs.get(name) as number].shape;
  if (kernel === "BatchMatMul") return 2 * results() * (shape("a").at(attributes["transposeA"] ? -2 : -1) as number);
  if (kernel !== "FoveaConv2d") return 0;
  const [, channels, rows, columns] = shape("weight");
  return 2 * results() * channels * rows * columns;
}
