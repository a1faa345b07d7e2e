import { nodeMessage, tensorMessage, type BuiltNode } from "./build";
import { bytesField, messageField } from "./encode";
import { DataType, type OnnxModel, type OnnxNode, type QuantizedWeight, type TensorInfo } from "./model";
import { readFloats } from "./tensor";
import { WeightFiles } from "./weight-files";

/** First operator set with `DynamicQuantizeLinear`. */
const OPSET = 11;
const LEVELS = 127;
/** The zero point of levels without a sign. */
const ZERO = 128;

/**
 * Type in which levels are written. Products of uint8 and int8 are the fastest, but processors without VNNI or the like add pairs
 * of them in 16 bits, which overflow; those of uint8 and uint8 are exact everywhere. The levels are the same, and so are exact
 * results.
 */
export type LevelForm = "int8" | "uint8";

/**
 * The products of a model whose second factor is a constant matrix (float32, or float16 that is cast to it), with that
 * matrix in int8: symmetric, a scale a column, the column's largest magnitude / 127. Written by `editModel` in the form of
 * onnxruntime's `quantize_dynamic`: the first factor is quantised to uint8 when the model runs, by its own smallest and
 * largest value, and everything between products stays float32.
 *
 * @param form `uint8` where products of uint8 and int8 overflow
 * @returns an empty map where there is nothing to quantise
 * @throws OnnxError when weights are not all there
 */
export function quantize(model: OnnxModel, fn: string, form: LevelForm = "int8"): Map<OnnxNode, QuantizedWeight> {
  const found = new Map<OnnxNode, QuantizedWeight>();
  if ((model.opsets.get("") ?? 0) < OPSET) return found;
  const files = model.path === null ? null : new WeightFiles(model.path, fn);
  const constants = constantsOf(model);
  const made = new Map<string, QuantizedWeight | null>();
  for (const node of model.nodes) {
    const tensor = isProduct(node) ? constants.get(node.inputs[1]) : undefined;
    if (!tensor) continue;
    // A file outside of the model's folder is refused here as in references.
    if (tensor.external) files?.locate(tensor.external.location);
    const isTransposed = node.attributes.get("transB")?.number === 1;
    const key = `${tensor.name}${isTransposed ? "/transposed" : ""}`;
    if (!made.has(key)) made.set(key, quantizeWeight(key, tensor, readFloats(model, tensor), isTransposed, form));
    const weight = made.get(key);
    if (weight) found.set(node, weight);
  }
  return found;
}

/** Returns the constant matrices by the name of their float32 values. */
function constantsOf(model: OnnxModel): Map<string, TensorInfo> {
  const fed = new Set(model.inputs.map(({ name }) => name));
  const own = [...model.initializers.values()].filter(
    ({ name, dims }) =>
      !fed.has(name) && !model.replaced.has(name) && dims.length === 2 && dims.every((dim) => dim > 0),
  );
  const halves = new Map(own.filter(({ dataType }) => dataType === DataType.float16).map((half) => [half.name, half]));
  const cast = model.nodes.flatMap((node): [string, TensorInfo][] => {
    const half = node.op === "Cast" && node.domain === "" ? halves.get(node.inputs[0]) : undefined;
    return half && node.attributes.get("to")?.number === DataType.float ? [[node.outputs[0], half]] : [];
  });
  const floats = own.filter(({ dataType }) => dataType === DataType.float);
  return new Map([...floats.map((tensor): [string, TensorInfo] => [tensor.name, tensor]), ...cast]);
}

const isProduct = (node: OnnxNode): boolean =>
  node.domain === "" && (node.op === "MatMul" || (node.op === "Gemm" && isPlain(node)));

/** Tests for `A · B + C` or `A · Bᵀ + C` without scaling. */
function isPlain({ attributes }: OnnxNode): boolean {
  const of = (name: string, usual: number): number => attributes.get(name)?.number ?? usual;
  return of("transA", 0) === 0 && of("alpha", 1) === 1 && of("beta", 1) === 1;
}

function quantizeWeight(
  name: string,
  { dims }: TensorInfo,
  values: Float32Array | null,
  isTransposed: boolean,
  form: LevelForm,
): QuantizedWeight | null {
  if (!values) return null;
  const [rows, columns] = isTransposed ? [dims[1], dims[0]] : [dims[0], dims[1]];
  // Distances to the next value of a column and to the next column.
  const [down, across] = isTransposed ? [1, rows] : [columns, 1];
  const scales = new Float32Array(columns);
  const [levels, zero] = form === "int8" ? [new Int8Array(values.length), 0] : [new Uint8Array(values.length), ZERO];
  for (let k = 0; k < rows; k++)
    for (let n = 0; n < columns; n++) scales[n] = Math.max(scales[n], Math.abs(values[k * down + n * across]));
  for (let n = 0; n < columns; n++) scales[n] = scales[n] > 0 ? scales[n] / LEVELS : 1;
  for (let k = 0, at = 0; k < rows; k++)
    for (let n = 0; n < columns; n++, at++) levels[at] = zero + Math.round(values[k * down + n * across] / scales[n]);
  return { name, dims: [rows, columns], levels, scales };
}

/** Replacement of quantised products in a written graph. */
export interface QuantizedFields {
  /** Returns the GraphProto fields of the nodes that replace `node`; null where it stays. */
  nodes(node: OnnxNode): Uint8Array[] | null;
  /** Returns the GraphProto fields of the levels and scales, in parts. */
  initializers(): Uint8Array[];
}

/**
 * Returns the replacement of quantised products.
 *
 * @param nodes the written nodes in graph order
 */
export function quantizedFields(
  nodes: readonly OnnxNode[],
  quantized: ReadonlyMap<OnnxNode, QuantizedWeight>,
): QuantizedFields {
  // The first reader of a tensor quantises it for all readers.
  const first = new Map<string, OnnxNode>();
  for (const node of nodes) if (quantized.has(node) && !first.has(node.inputs[0])) first.set(node.inputs[0], node);
  const weights = new Set(nodes.flatMap((node) => quantized.get(node) ?? []));
  return {
    nodes(node) {
      const weight = quantized.get(node);
      if (!weight) return null;
      const start = first.get(node.inputs[0]) === node ? [quantizeInput(node.inputs[0])] : [];
      return [...start, ...product(node, weight)].map((one) => bytesField(1, nodeMessage(one)));
    },
    initializers: () => [
      ...([...weights].some(hasZero) ? messageField(5, [tensorMessage(WEIGHT_ZERO, [], Uint8Array.of(ZERO))]) : []),
      ...[...weights].flatMap(({ name, dims, levels, scales }) => [
        ...messageField(5, [tensorMessage(own(name, "levels"), dims, levels)]),
        ...messageField(5, [tensorMessage(own(name, "scales"), [dims[1]], scales)]),
      ]),
    ],
  };
}

/** Returns a name that no exporter uses. */
const own = (name: string, what: string): string => `${name}/fovea-int8/${what}`;

/** The zero point of all weights whose levels have no sign. */
const WEIGHT_ZERO = own("weights", "zero");
const hasZero = ({ levels }: QuantizedWeight): boolean => levels instanceof Uint8Array;

function quantizeInput(name: string): BuiltNode {
  const output = ["levels", "scale", "zero"].map((what) => own(name, what));
  return { op: "DynamicQuantizeLinear", inputs: [name], output };
}

/** `(levels(A) - zero) · (levels(B) - zero) · (scale(A) · scales(B))`, plus the addend of a `Gemm`. */
function product({ inputs: [a, , addend], outputs }: OnnxNode, weight: QuantizedWeight): BuiltNode[] {
  const { name } = weight;
  const factors = [own(a, "levels"), own(name, "levels"), own(a, "zero")];
  const [whole, float, scale, scaled] = ["whole", "float", "scale", "scaled"].map((what) => own(outputs[0], what));
  const result = addend ? scaled : outputs[0];
  return [
    { op: "MatMulInteger", inputs: hasZero(weight) ? [...factors, WEIGHT_ZERO] : factors, output: whole },
    { op: "Cast", inputs: [whole], output: float, attributes: { to: DataType.float } },
    { op: "Mul", inputs: [own(a, "scale"), own(name, "scales")], output: scale },
    { op: "Mul", inputs: [float, scale], output: result },
    ...(addend ? [{ op: "Add", inputs: [scaled, addend], output: outputs[0] }] : []),
  ];
}
