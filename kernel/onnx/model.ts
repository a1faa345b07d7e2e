import type { Range } from "./wire";

/** TensorProto.DataType, onnx.proto3: the ones that image models hold. */
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

/** An initialiser or constant: what it is and where its bytes lie, not the bytes. */
export interface TensorInfo {
  name: string;
  dims: number[];
  dataType: number;
  /** The bytes of `raw_data` inside the model file. */
  raw: Range | null;
  /** The bytes inside another file beside the model. */
  external: { location: string; offset: number; length: number | null } | null;
  /** Typed fields (`float_data` and so on), rare: their payloads in order. */
  typed: Range[];
  /** The whole TensorProto. */
  range: Range;
}

/** A node's attribute, in the kinds that the analysis reads. */
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

/** A graph input or output. A dimension is a number, a symbol's name, or null where nothing is said. */
export interface ValueInfo {
  name: string;
  dataType: number | null;
  dims: (number | string | null)[] | null;
  range: Range;
}

/** A constant matrix in 8 bits: `weight[k, n] ≈ levels[k, n] · scales[n]`, 128 less than the level where levels have no sign. */
export interface QuantizedWeight {
  /** Of its tensor in the model. */
  name: string;
  dims: [rows: number, columns: number];
  levels: Int8Array | Uint8Array;
  scales: Float32Array;
}

/** A constant that one node reads, to be followed by zeros. */
export interface WideConstant {
  name: string;
  /** How many zeros come after the last value of each axis. */
  zeros: number[];
}

/** Hidden layers to make wider. */
export interface Widened {
  /** By the node that reads it. */
  constants: ReadonlyMap<OnnxNode, WideConstant>;
  /** Those whose last dimension grows. */
  tensors: ReadonlySet<string>;
}

/** A model as far as it was read: structure in memory, weights by their place in the file. */
export interface OnnxModel {
  path: string | null;
  /** The whole model where it was given as bytes; null for a file. */
  bytes: Uint8Array | null;
  size: number;
  irVersion: number;
  producer: string;
  /** Operator set version of each domain; the default domain is `""`. */
  opsets: Map<string, number>;
  nodes: OnnxNode[];
  initializers: Map<string, TensorInfo>;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** Shapes of inner tensors, where the exporter wrote them. */
  values: Map<string, ValueInfo>;
  /** Nodes whose `outputs` were extended after reading: written anew, not copied. */
  extended: Set<OnnxNode>;
  /** Initialisers to write with other values, by name: the shapes around them may change with them. */
  replaced: Map<string, { dims: number[]; data: Float32Array }>;
  /** `MatMul` and `Gemm` to write as products of integers. */
  quantized: ReadonlyMap<OnnxNode, QuantizedWeight>;
  widened: Widened;
  /** Fields that are carried over as they are: of the model, and of the graph. */
  rest: { model: Range[]; graph: Range[] };
}
