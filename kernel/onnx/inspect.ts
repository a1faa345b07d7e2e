import { described } from "../display/describe";
import { type BlockInfo, type Inspection, inspectionBundle, type TensorShape } from "./format";
import { type BlockSite, findStructure, type Structure } from "./blocks";
import { OnnxError } from "./errors";
import { Graph } from "./graph";
import { DataType, type OnnxModel, type TensorInfo, type ValueInfo } from "./model";
import { type NormParameters, readNorm } from "./norms";
import { readModel } from "./parse";
import { findStem, isReordered, type StemStep } from "./stem";
import type { ByteSource } from "./source";
import { elementCount } from "./tensor";

/** Model with its structure, for the editor and the encoders. */
export interface Analysis {
  model: OnnxModel;
  image: ValueInfo;
  structure: Structure;
  /** Numbers of the final norm; null without a constant one. */
  norm: NormParameters | null;
  /** Windowed operators between image and tokens. */
  steps: StemStep[];
  /** Learned position embedding, where it can be replaced. */
  positions: TensorInfo | null;
  refusal: string | null;
}

/** Operators whose presence explains why a graph cannot be read. */
const REFUSALS: [RegExp, string][] = [
  [/nchwc/, "its layout was changed to NCHWc by onnxruntime's optimizer; export it at a lower optimization level"],
  [
    /(^|:)QLinear(MatMul|Conv|Add)$/,
    "it is quantized in QOperator form, which hides the residual stream; use QDQ or dynamic quantization",
  ],
];

function findRefusal(model: OnnxModel): string | null {
  for (const node of model.nodes)
    for (const [pattern, reason] of REFUSALS) if (pattern.test(`${node.domain}:${node.op}`)) return reason;
  return null;
}

/** Finds the image input: the only float input of four dimensions, or the one with three channels. */
export function findImageInput(model: OnnxModel): ValueInfo | null {
  const fed = model.inputs.filter((input) => !model.initializers.has(input.name));
  const isFloat = (input: ValueInfo): boolean =>
    input.dataType === DataType.float || input.dataType === DataType.float16;
  const images = fed.filter((input) => isFloat(input) && (input.dims === null || input.dims.length === 4));
  return images.find((input) => input.dims?.[1] === 3) ?? images[0] ?? null;
}

/** Reads a model and finds its blocks. A valid graph of unknown structure does not throw: see `refusal`. */
export function analyze(model: string | Uint8Array | ByteSource, fn: string): Analysis {
  const read = readModel(model, fn);
  const image = findImageInput(read);
  if (!image)
    throw new OnnxError(
      fn,
      "the model must have a float input [B, 3, H, W]",
      read.inputs.map((input) => input.name).join(", "),
    );
  const empty: Structure = { blocks: [], finalNorm: null };
  const refused = findRefusal(read);
  if (refused)
    return { model: read, image, structure: empty, norm: null, steps: [], positions: null, refusal: refused };
  const graph = new Graph(read, image, fn);
  const structure = findStructure(graph);
  const stream = structure.blocks[0]?.input;
  const refusal = !stream
    ? "it holds no residual connection"
    : isReordered(graph, stream)
      ? "its tokens are sorted by window, not by the picture's rows (Hiera, NesT)"
      : null;
  const steps = stream ? findStem(graph, stream) : [];
  const positions = stream ? findPositions(graph, stream) : null;
  return {
    model: read,
    image,
    structure,
    norm: structure.finalNorm && readNorm(graph, structure.finalNorm),
    steps,
    positions,
    refusal,
  };
}

/** Returns the public description of a block. */
export function blockInfo({ index, stage, residual, attention, query, key, value }: BlockSite): BlockInfo {
  return { index, stage, residual, attention, query, key, value };
}

const shapeOf = ({ name, dims }: ValueInfo): TensorShape => ({ name, dims });

/**
 * Inspects an ONNX model: its transformer blocks, found by structure instead of names, and the tensors that can be
 * taken out of each. Weights are not read, so a 345 MB file takes tens of milliseconds.
 *
 * @param model a `.onnx` file, its bytes, or a source of them
 * @throws OnnxError when the file is missing, truncated or no ONNX model, or has no image input
 */
export function inspect(model: string | Uint8Array | ByteSource): Inspection {
  const { model: read, image, structure, refusal } = analyze(model, "onnx.inspect");
  const blocks = structure.blocks.map(blockInfo);
  const inspection: Inspection = {
    path: read.path,
    opset: read.opsets.get("") ?? 0,
    producer: read.producer,
    inputs: read.inputs.map(shapeOf),
    outputs: read.outputs.map(shapeOf),
    imageInput: image.name,
    stem: structure.blocks[0]?.input ?? null,
    blocks,
    finalNorm: structure.finalNorm?.output ?? null,
    parameters: countParameters(read),
    refusal,
  };
  return described(inspection, inspectionBundle);
}

/** Returns the number of elements of all float and quantised weights, without integer shapes and indices. */
export function countParameters(model: OnnxModel): number {
  const weights = [...model.initializers.values()].filter(
    (tensor) => tensor.dataType !== DataType.int64 && tensor.dims.length > 0,
  );
  return weights.reduce((sum, tensor) => sum + elementCount(model.fn, tensor), 0);
}

/**
 * Finds the learned position embedding `[1, N, C]` added to the tokens between image and first block. Returns null for
 * rotary or relative positions, or for an embedding computed in the graph.
 */
export function findPositions(graph: Graph, stream: string): TensorInfo | null {
  for (let node = graph.producer.get(stream); node; node = graph.producer.get(graph.dataInputs(node)[0] ?? "")) {
    if (node.op !== "Add") continue;
    const added = node.inputs.find((name) => !graph.data.has(name)) ?? "";
    const tensor = graph.model.initializers.get(added);
    if (tensor?.dataType === DataType.float && tensor.dims.length >= 2 && tensor.dims[tensor.dims.length - 2] > 1)
      return tensor;
  }
  return null;
}
