import type { ByteSource } from "./source";
import type { Range } from "./wire";

/** Values of TensorProto.DataType (onnx.proto3) that occur in image models. */
export const DataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;

/** Initialiser or constant: its description and the place of its bytes, not the bytes. */
export interface TensorInfo {
  name: string;
  dims: number[];
  dataType: number;
  /** Range of `raw_data` in the model file. */
  raw: Range | null;
  /** Range in another file beside the model. */
  external: { location: string; offset: number; length: number | null } | null;
  /** Payloads of the rare typed fields (`float_data` and so on) in order. */
  typed: Range[];
  /** Range of the whole TensorProto. */
  range: Range;
}

/** Attribute of a node, in the kinds that the analysis reads. */
export interface Attribute {
  number?: number;
  text?: string;
  numbers?: number[];
  tensor?: TensorInfo;
  /** Tensors of the outer graph that a subgraph (If, Loop, Scan) uses. */
  captures?: string[];
}

/** One operator. */
export interface OnnxNode {
  index: number;
  name: string;
  op: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, Attribute>;
  range: Range;
}

/** Graph input or output. A dimension is a number, a symbol's name, or null if unspecified. */
export interface ValueInfo {
  name: string;
  dataType: number | null;
  dims: (number | string | null)[] | null;
  range: Range;
}

/** A constant matrix in 8 bits: `weight[k, n] ≈ levels[k, n] · scales[n]`, 128 less than the level where levels have no sign. */
export interface QuantizedWeight {
  /** Name of its tensor in the model. */
  name: string;
  dims: [rows: number, columns: number];
  levels: Int8Array | Uint8Array;
  scales: Float32Array;
}

/** Constant that one node reads, to be padded with zeros. */
export interface WideConstant {
  name: string;
  /** Number of zeros after the last value of each axis. */
  zeros: number[];
}

/** Hidden layers to widen. */
export interface Widened {
  /** Constants by the node that reads them. */
  constants: ReadonlyMap<OnnxNode, WideConstant>;
  /** Tensors whose last dimension grows. */
  tensors: ReadonlySet<string>;
}

/** Parsed model: structure in memory, weights by their place in the file. */
export interface OnnxModel {
  /** Public function that reads the model, for errors. */
  fn: string;
  path: string | null;
  /** Source of a model that is not a file; null for a file. */
  memory: ByteSource | null;
  size: number;
  irVersion: number;
  producer: string;
  /** Version of each domain's operator set; the default domain is `""`. */
  opsets: Map<string, number>;
  nodes: OnnxNode[];
  initializers: Map<string, TensorInfo>;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** Shapes of inner tensors, where the exporter wrote them. */
  values: Map<string, ValueInfo>;
  /** Nodes whose `outputs` were extended after reading; they are rewritten instead of copied. */
  extended: Set<OnnxNode>;
  /** Initialisers to write with other values, by name; the shapes around them may change. */
  replaced: Map<string, { dims: number[]; data: Float32Array }>;
  /** `MatMul` and `Gemm` nodes to write as integer products. */
  quantized: ReadonlyMap<OnnxNode, QuantizedWeight>;
  widened: Widened;
  /** Fields copied unchanged, of the model and of the graph. */
  rest: { model: Range[]; graph: Range[] };
}

/** Returns the names that a node's subgraphs read from the outer graph. */
export function captured(node: OnnxNode): string[] {
  return [...node.attributes.values()].flatMap((attribute) => attribute.captures ?? []);
}

/** Tests for the standard operator, not the fused one of onnxruntime's domain. */
export const isAttention = (node: OnnxNode): boolean => node.op === "Attention" && node.domain === "";
