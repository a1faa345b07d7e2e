import { attributeMessage, tensorMessage, valueMessage } from "./build";
import { bytesField, integerField, messageField, textField } from "./encode";
import { OnnxError } from "./errors";
import {
  captured,
  isAttention,
  DataType,
  type OnnxModel,
  type OnnxNode,
  type TensorInfo,
  type ValueInfo,
} from "./model";
import { quantizedFields } from "./quantize";
import { type ByteSource, openSource } from "./source";
import { WeightFiles } from "./weight-files";
import { wideFields } from "./widen";
import { type Context, fields, type Range, readText } from "./wire";
import { joinBytes } from "../numeric";

/** Model for `InferenceSession.create`, and the folder of its weights (null: all inside). */
export interface EditedModel {
  bytes: Uint8Array;
  weightsFolder: string | null;
}

/** Size below which initialisers stay inside, because onnxruntime needs shapes and axes to infer types. */
const INLINE_BYTES = 1024;

/**
 * Returns a model that computes `outputs` and nothing else. Unneeded nodes and weights are left out, inner tensors
 * become outputs (onnxruntime infers their types), and large weights are references to byte ranges of the original
 * file. Products selected by `quantize` are written with int8 weights, layers selected by `widen` with wider ones.
 *
 * @throws OnnxError when the graph has no tensor of a requested name
 */
export function editModel(model: OnnxModel, outputs: string[], fn: string): EditedModel {
  const source = openSource(model.memory ?? model.path ?? "", fn);
  try {
    if (source.size !== model.size) throw new OnnxError(fn, "the model file changed after it was read", model.path);
    const weights = model.path === null ? null : new WeightFiles(model.path, fn);
    const copy = ({ start, end }: Range): Uint8Array => source.view(start, end - start).slice();
    const graph = graphFields(model, outputs, { source, weights, fn });
    return {
      bytes: joinBytes([...model.rest.model.map(copy), ...messageField(7, graph)]),
      weightsFolder: weights?.folder ?? null,
    };
  } finally {
    source.close();
  }
}

interface Job {
  source: ByteSource;
  weights: WeightFiles | null;
  fn: string;
}

function graphFields(model: OnnxModel, outputs: string[], job: Job): Uint8Array[] {
  const copy = (number: number, { start, end }: Range): Uint8Array =>
    bytesField(number, job.source.view(start, end - start));
  const whole = ({ start, end }: Range): Uint8Array => job.source.view(start, end - start).slice();
  const nodes = neededNodes(model, outputs, job.fn);
  const quantized = quantizedFields(nodes, model.quantized);
  const wide = wideFields(model, nodes, outputs);
  const used = new Set([...nodes.flatMap((node) => readsOf(node, model)), ...outputs]);
  const initializers = [...model.initializers.values()].filter((tensor) => used.has(tensor.name));
  // An exporter's shapes do not hold for a replaced initialiser.
  const isFree = model.replaced.size > 0;
  const declared = new Map(model.outputs.map((output) => [output.name, output.range]));
  return [
    ...wide.nodes,
    ...nodes.flatMap((node) => {
      const instead = quantized.nodes(node);
      if (instead) return instead;
      const inputs = wide.inputs(node);
      if (inputs) return [bytesField(1, rewriteInputs(node, inputs, job))];
      const isWider = model.extended.has(node) && used.has(node.outputs[3]);
      return [isWider ? bytesField(1, rewriteNode(node, job)) : copy(1, node.range)];
    }),
    ...quantized.initializers(),
    ...wide.initializers,
    ...initializers.map((tensor) => bytesField(5, writeTensor(tensor, model, job))),
    ...model.inputs
      .filter((input) => used.has(input.name))
      .map((input) => (isFree ? bytesField(11, freeValue(input)) : copy(11, input.range))),
    ...outputs.map((name) => {
      const range = isFree ? undefined : declared.get(name);
      return range ? copy(12, range) : bytesField(12, textField(1, name));
    }),
    ...(isFree
      ? []
      : [...model.values.values()].filter(({ name }) => !wide.isWide(name)).map((value) => copy(13, value.range))),
    ...model.rest.graph.map(whole),
  ];
}

/** Encodes a graph input with all dimensions open. */
function freeValue({ name, dataType, dims }: ValueInfo): Uint8Array {
  const open = (dims ?? []).map((_, i) => `d${i}`);
  return valueMessage(name, dataType ?? DataType.float, open);
}

/** Returns the nodes that `outputs` need, in graph order. */
function neededNodes(model: OnnxModel, outputs: string[], fn: string): OnnxNode[] {
  const made = new Set(model.nodes.flatMap((node) => node.outputs));
  const missing = outputs.find((name) => !made.has(name));
  if (missing !== undefined) throw new OnnxError(fn, "the graph makes no tensor of this name", missing);
  const wanted = new Set(outputs);
  const kept: OnnxNode[] = [];
  for (let i = model.nodes.length - 1; i >= 0; i--) {
    const node = model.nodes[i];
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    kept.push(node);
    for (const name of readsOf(node, model)) if (name) wanted.add(name);
  }
  return kept.reverse();
}

/** Returns the tensors that a node needs; a quantised product needs its levels instead of the weight. */
function readsOf(node: OnnxNode, { quantized }: OnnxModel): string[] {
  return [...node.inputs.filter((_, i) => i !== 1 || !quantized.has(node)), ...captured(node)];
}

/**
 * Writes a node with its present outputs; `Attention` gets the mode that returns probabilities. Other fields are
 * copied.
 */
function rewriteNode(node: OnnxNode, { source, fn }: Job): Uint8Array {
  const { start, end } = node.range;
  const old = source.view(start, end - start).slice();
  const outputs = node.outputs.map((name) => textField(2, name));
  if (!isAttention(node)) return joinBytes([dropFields(fn, old, 2), ...outputs]);
  const mode = bytesField(5, attributeMessage("qk_matmul_output_mode", 3));
  return joinBytes([dropFields(fn, old, 2, "qk_matmul_output_mode"), ...outputs, mode]);
}

/** Writes a node with other inputs. */
function rewriteInputs(node: OnnxNode, inputs: readonly string[], { source, fn }: Job): Uint8Array {
  const { start, end } = node.range;
  return joinBytes([
    dropFields(fn, source.view(start, end - start).slice(), 1),
    ...inputs.map((name) => textField(1, name)),
  ]);
}

/** Removes one kind of a node's fields and one attribute. The message has been parsed before, so it is well formed. */
function dropFields(fn: string, message: Uint8Array, number: number, attribute?: string): Uint8Array {
  const context = { source: openSource(message, fn), fn };
  const kept: Uint8Array[] = [];
  for (const field of fields(context, { start: 0, end: message.length })) {
    const isNamed = attribute !== undefined && field.number === 5 && nameOf(context, field) === attribute;
    if (field.number !== number && !isNamed) kept.push(message.subarray(field.at, field.end));
  }
  return joinBytes(kept);
}

function nameOf(context: Context, attribute: Range): string | null {
  for (const field of fields(context, attribute)) if (field.number === 1) return readText(context, field);
  return null;
}

/** Writes an initialiser: small ones whole, large ones as a reference into their file. */
function writeTensor(tensor: TensorInfo, model: OnnxModel, { source, weights }: Job): Uint8Array {
  const other = model.replaced.get(tensor.name);
  if (other) return tensorMessage(tensor.name, other.dims, other.data);
  const whole = (): Uint8Array => source.view(tensor.range.start, tensor.range.end - tensor.range.start).slice();
  if (!weights) return whole();
  if (tensor.external)
    return reference(tensor, weights.locate(tensor.external.location), tensor.external.offset, tensor.external.length);
  const { raw } = tensor;
  if (!raw || raw.end - raw.start < INLINE_BYTES || tensor.dataType === DataType.int64) return whole();
  return reference(tensor, weights.own, raw.start, raw.end - raw.start);
}

/** Encodes a TensorProto with `data_location = EXTERNAL`. */
function reference(tensor: TensorInfo, location: string, offset: number, length: number | null): Uint8Array {
  const entry = (key: string, value: string): Uint8Array =>
    bytesField(13, joinBytes([textField(1, key), textField(2, value)]));
  return joinBytes([
    ...tensor.dims.map((dim) => integerField(1, dim)),
    integerField(2, tensor.dataType),
    textField(8, tensor.name),
    entry("location", location),
    entry("offset", String(offset)),
    ...(length === null ? [] : [entry("length", String(length))]),
    integerField(14, 1),
  ]);
}
