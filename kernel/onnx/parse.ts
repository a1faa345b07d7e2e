import { fileKind, KIND_BYTES } from "../rules/file-kind";
import { OnnxError } from "./errors";
import {
  type Attribute,
  captured,
  isAttention,
  type OnnxModel,
  type OnnxNode,
  type TensorInfo,
  type ValueInfo,
} from "./model";
import { sortNodes } from "./sort";
import { type ByteSource, openSource } from "./source";
import { checkMessage, type Context, fields, readFloat, readIntegers, readText, type Range } from "./wire";

/** Deepest nesting of subgraphs; real models nest two or three deep. */
const MAX_DEPTH = 16;
const MAX_NODES = 1_000_000;

/**
 * Reads the structure of a model by positioned reads that skip the weights (field numbers: onnx.proto3 of ONNX 1.18).
 *
 * @param model a file, its bytes, or a source of them
 * @param fn name of the public function in errors
 * @throws OnnxError when the file is missing, truncated, or no ONNX model
 */
export function readModel(model: string | Uint8Array | ByteSource, fn = "onnx.inspect"): OnnxModel {
  const source = openSource(model, fn);
  try {
    return { ...parseKnown({ source, fn }), memory: typeof model === "string" ? null : source };
  } finally {
    source.close();
  }
}

/** Parses a model; a failure on a file of another kind says which it is. */
function parseKnown(context: Context): OnnxModel {
  try {
    return parseModel(context);
  } catch (error) {
    const { source, fn } = context;
    const kind = fileKind(source.view(0, Math.min(KIND_BYTES, source.size)));
    if (!(error instanceof OnnxError) || kind === undefined || kind === "an ONNX model") throw error;
    throw new OnnxError(fn, `not an ONNX model; this is ${kind}`, source.path ?? `${source.size} bytes in memory`);
  }
}

function parseModel(context: Context): OnnxModel {
  const { path, size } = context.source;
  const found: OnnxModel = {
    fn: context.fn,
    path,
    memory: null,
    size,
    irVersion: 0,
    producer: "",
    opsets: new Map(),
    nodes: [],
    initializers: new Map(),
    inputs: [],
    outputs: [],
    values: new Map(),
    extended: new Set(),
    replaced: new Map(),
    quantized: new Map(),
    widened: { constants: new Map(), tensors: new Set() },
    rest: { model: [], graph: [] },
  };
  let graph: Range | null = null;
  for (const field of fields(context, { start: 0, end: size })) {
    if (field.number === 7) graph = checkMessage(context, field);
    else found.rest.model.push({ start: field.at, end: field.end });
    if (field.number === 1) found.irVersion = field.value;
    if (field.number === 2) found.producer = readText(context, field);
    if (field.number === 8) parseOpset(context, checkMessage(context, field), found.opsets);
  }
  if (!graph) throw new OnnxError(context.fn, "not an ONNX model: it has no graph", path ?? `${size} bytes in memory`);
  parseGraph(context, graph, found);
  if (!found.opsets.size)
    throw new OnnxError(context.fn, "not an ONNX model: it names no operator set", path ?? `${size} bytes in memory`);
  for (const node of found.nodes) nameHidden(found, node);
  found.nodes = sortNodes(found, context.fn);
  return found;
}

/**
 * Names unused outputs of fused operators: the residual sum of `SkipLayerNormalization`, the probabilities of
 * `Attention` (opset 23, mode 3 of its fourth output). The editor adds them on request.
 */
function nameHidden(model: OnnxModel, node: OnnxNode): void {
  const isSkip = /^Skip(Simplified)?LayerNormalization$/.test(node.op);
  if (node.outputs[3] || !(isSkip || isAttention(node))) return;
  const name = `${node.outputs[0]}/${isSkip ? "residual_sum" : "attention"}`;
  node.outputs = [node.outputs[0] ?? "", node.outputs[1] ?? "", node.outputs[2] ?? "", name];
  model.extended.add(node);
}

function parseOpset(context: Context, range: Range, into: Map<string, number>): void {
  let [domain, version] = ["", 0];
  for (const field of fields(context, range)) {
    if (field.number === 1) domain = readText(context, field);
    if (field.number === 2) version = field.value;
  }
  into.set(domain === "ai.onnx" ? "" : domain, version);
}

function parseGraph(context: Context, range: Range, into: OnnxModel): void {
  for (const field of fields(context, range)) {
    switch (field.number) {
      case 1:
        if (into.nodes.length >= MAX_NODES)
          throw new OnnxError(context.fn, `a graph holds at most ${MAX_NODES} nodes`, into.path);
        into.nodes.push(parseNode(context, checkMessage(context, field), into.nodes.length, 0));
        break;
      case 5: {
        const tensor = parseTensor(context, checkMessage(context, field));
        into.initializers.set(tensor.name, tensor);
        break;
      }
      case 11:
        into.inputs.push(parseValue(context, checkMessage(context, field)));
        break;
      case 12:
        into.outputs.push(parseValue(context, checkMessage(context, field)));
        break;
      case 13: {
        const value = parseValue(context, checkMessage(context, field));
        into.values.set(value.name, value);
        break;
      }
      default:
        into.rest.graph.push({ start: field.at, end: field.end });
    }
  }
}

function parseNode(context: Context, range: Range, index: number, depth: number): OnnxNode {
  const { start, end } = range;
  const node: OnnxNode = {
    index,
    name: "",
    op: "",
    domain: "",
    inputs: [],
    outputs: [],
    attributes: new Map(),
    range: { start, end },
  };
  for (const field of fields(context, range)) {
    if (field.number === 1) node.inputs.push(readText(context, field));
    else if (field.number === 2) node.outputs.push(readText(context, field));
    else if (field.number === 3) node.name = readText(context, field);
    else if (field.number === 4) node.op = readText(context, field);
    else if (field.number === 5) parseAttribute(context, checkMessage(context, field), node, depth);
    else if (field.number === 7) node.domain = readText(context, field);
  }
  if (node.domain === "ai.onnx") node.domain = "";
  return node;
}

function parseAttribute(context: Context, range: Range, node: OnnxNode, depth: number): void {
  let name = "";
  const attribute: Attribute = {};
  for (const field of fields(context, range)) {
    if (field.number === 1) name = readText(context, field);
    else if (field.number === 2) attribute.number = readFloat(context, field);
    else if (field.number === 3) attribute.number = field.value;
    else if (field.number === 4 && field.end - field.start <= 1024) attribute.text = readText(context, field);
    else if (field.number === 5) attribute.tensor = parseTensor(context, checkMessage(context, field));
    else if (field.number === 6) attribute.captures = parseCaptures(context, checkMessage(context, field), depth + 1);
    else if (field.number === 8) readIntegers(context, field, (attribute.numbers ??= []));
  }
  node.attributes.set(name, attribute);
}

/** Returns the names that a subgraph reads from the outer graph, which must keep them. */
function parseCaptures(context: Context, range: Range, depth: number): string[] {
  if (depth > MAX_DEPTH) throw new OnnxError(context.fn, `subgraphs nest at most ${MAX_DEPTH} deep`, depth);
  const used = new Set<string>();
  const made = new Set<string>();
  for (const field of fields(context, range)) {
    if (field.number === 1) {
      const node = parseNode(context, checkMessage(context, field), 0, depth);
      for (const name of [...node.inputs, ...captured(node)]) used.add(name);
      for (const name of node.outputs) made.add(name);
    } else if (field.number === 5) made.add(parseTensor(context, checkMessage(context, field)).name);
    else if (field.number === 11) made.add(parseValue(context, checkMessage(context, field)).name);
    else if (field.number === 12) used.add(parseValue(context, checkMessage(context, field)).name);
  }
  return [...used].filter((name) => name && !made.has(name));
}

function parseTensor(context: Context, range: Range): TensorInfo {
  const { start, end } = range;
  const tensor: TensorInfo = {
    name: "",
    dims: [],
    dataType: 0,
    raw: null,
    external: null,
    typed: [],
    range: { start, end },
  };
  const external = new Map<string, string>();
  for (const field of fields(context, range)) {
    if (field.number === 1) readIntegers(context, field, tensor.dims);
    else if (field.number === 2) tensor.dataType = field.value;
    else if (field.number === 8) tensor.name = readText(context, field);
    else if (field.number === 9) tensor.raw = { start: checkMessage(context, field).start, end: field.end };
    else if (field.number === 13) parseEntry(context, checkMessage(context, field), external);
    else if ([4, 5, 7, 10, 11].includes(field.number)) tensor.typed.push({ start: field.start, end: field.end });
  }
  if (external.size) tensor.external = checkExternal(context, tensor.name, external);
  return tensor;
}

function parseEntry(context: Context, range: Range, into: Map<string, string>): void {
  let [key, value] = ["", ""];
  for (const field of fields(context, range)) {
    if (field.number === 1) key = readText(context, field);
    if (field.number === 2) value = readText(context, field);
  }
  into.set(key, value);
}

function checkExternal(context: Context, name: string, entries: Map<string, string>): TensorInfo["external"] {
  const location = entries.get("location") ?? "";
  const offset = Number(entries.get("offset") ?? 0);
  const length = entries.has("length") ? Number(entries.get("length")) : null;
  const inside = location !== "" && !/^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)/.test(location);
  if (!inside) throw new OnnxError(context.fn, `external data of ${name} must lie beside the model`, location);
  if (
    !Number.isSafeInteger(offset) ||
    offset < 0 ||
    (length !== null && !(Number.isSafeInteger(length) && length >= 0))
  )
    throw new OnnxError(
      context.fn,
      `external data of ${name} needs a place in its file`,
      `offset ${offset}, length ${length}`,
    );
  return { location, offset, length };
}

function parseValue(context: Context, range: Range): ValueInfo {
  const value: ValueInfo = { name: "", dataType: null, dims: null, range: { start: range.start, end: range.end } };
  for (const field of fields(context, range)) {
    if (field.number === 1) value.name = readText(context, field);
    if (field.number !== 2) continue;
    for (const type of fields(context, checkMessage(context, field)))
      if (type.number === 1) parseTensorType(context, checkMessage(context, type), value);
  }
  return value;
}

function parseTensorType(context: Context, range: Range, value: ValueInfo): void {
  for (const field of fields(context, range)) {
    if (field.number === 1) value.dataType = field.value;
    if (field.number !== 2) continue;
    value.dims = [];
    for (const dim of fields(context, checkMessage(context, field)))
      if (dim.number === 1) value.dims.push(parseDim(context, checkMessage(context, dim)));
  }
}

function parseDim(context: Context, range: Range): number | string | null {
  for (const field of fields(context, range)) {
    if (field.number === 1) return field.value;
    if (field.number === 2) return readText(context, field);
  }
  return null;
}
