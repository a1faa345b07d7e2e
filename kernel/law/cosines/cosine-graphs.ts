import { buildModel, type BuiltNode } from "../../onnx/build";

/** Side whose rows look for their best partner on the other side. */
export type Direction = "target-to-reference" | "reference-to-target";

const CONSTANTS = { epsilon: 1e-10, columns: [1] };
const ROWS = { axes: [1], keepdims: 1 };

/**
 * Cosines of all rows of two matrices, `[Q, D]` and `[K, D]` to `[Q, K]`: `x · y / ((|x| + ε)(|y| + ε))`. A zero row
 * gives 0. The lengths divide after the product, so no normalised copy of the rows is made.
 */
export function cosineGraph(): Uint8Array {
  return buildModel({
    name: "cosines",
    nodes: [
      ...lengths("queries"),
      ...lengths("keys"),
      product("queries", "keys", "products"),
      ...byRow("keys", "products", "byKey"),
      { op: "Div", inputs: ["byKey", "queriesLength"], output: "cosines" },
    ],
    inputs: { queries: ["Q", "D"], keys: ["K", "D"] },
    outputs: { cosines: ["Q", "K"] },
    constants: CONSTANTS,
  });
}

/**
 * Alignment scores `score0 … scoreN` of one target `[T, D]` with references `reference0 … referenceN` `[R, D]`: the
 * best cosine of each row of one side with any row of the other, averaged over the rows. Lengths shared by all rows
 * under a maximum divide after it.
 */
export function alignmentGraph(references: number, direction: Direction): Uint8Array {
  const names = Array.from({ length: references }, (_, i) => `reference${i}`);
  return buildModel({
    name: "alignment",
    nodes: [...lengths("target"), ...names.flatMap((name, i) => scoreNodes(name, i, direction))],
    inputs: { target: ["T", "D"], ...Object.fromEntries(names.map((name, i) => [name, [`R${i}`, "D"]])) },
    outputs: Object.fromEntries(names.map((_, i) => [`score${i}`, []])),
    constants: CONSTANTS,
  });
}

function scoreNodes(name: string, i: number, direction: Direction): BuiltNode[] {
  const [products, scaled, best, cosines] = ["products", "scaled", "best", "cosines"].map((of) => `${of}${i}`);
  const start = [...lengths(name), product("target", name, products)];
  const mean = { op: "ReduceMean", inputs: [cosines], output: `score${i}`, attributes: { keepdims: 0 } };
  if (direction === "target-to-reference") {
    return [
      ...start,
      ...byRow(name, products, scaled),
      { op: "ReduceMax", inputs: [scaled], output: best, attributes: ROWS },
      { op: "Div", inputs: [best, "targetLength"], output: cosines },
      mean,
    ];
  }
  return [
    ...start,
    { op: "Div", inputs: [products, "targetLength"], output: scaled },
    { op: "ReduceMax", inputs: [scaled], output: best, attributes: { axes: [0], keepdims: 1 } },
    ...byRow(name, best, cosines),
    mean,
  ];
}

const product = (a: string, b: string, output: string): BuiltNode => {
  return { op: "Gemm", inputs: [a, b], output, attributes: { transB: 1 } };
};

/**
 * Lengths of the rows, `<name>Length`, `[rows, 1]`. A product and a sum are twice as fast as onnxruntime's `ReduceL2`.
 */
function lengths(name: string): BuiltNode[] {
  return [
    { op: "Mul", inputs: [name, name], output: `${name}Squares` },
    { op: "ReduceSum", inputs: [`${name}Squares`, "columns"], output: `${name}Sum`, attributes: { keepdims: 1 } },
    { op: "Sqrt", inputs: [`${name}Sum`], output: `${name}Norm` },
    { op: "Add", inputs: [`${name}Norm`, "epsilon"], output: `${name}Length` },
  ];
}

/** Columns of `values` divided by the lengths of the rows of `name`. */
function byRow(name: string, values: string, output: string): BuiltNode[] {
  return [
    { op: "Transpose", inputs: [`${name}Length`], output: `${name}Across` },
    { op: "Div", inputs: [values, `${name}Across`], output },
  ];
}
