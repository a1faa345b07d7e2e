/** One field of the protobuf wire format: a number, text, bytes, or a message of fields. */
type Field = [number: number, value: number | string | Uint8Array | Field[]];

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

function encode(fields: Field[]): Uint8Array {
  const bytes = fields.flatMap(([number, value]) => {
    if (typeof value === "number") return [...varint(number * 8), ...varint(value)];
    const payload =
      typeof value === "string" ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : encode(value);
    return [...varint(number * 8 + 2), ...varint(payload.length), ...payload];
  });
  return Uint8Array.from(bytes);
}

const FLOAT = 1;
const INT = 2;
const INTS = 7;

const integer = (name: string, value: number): Field => [
  5,
  [
    [1, name],
    [3, value],
    [20, INT],
  ],
];
const integers = (name: string, value: number): Field => [
  5,
  [
    [1, name],
    [8, value],
    [20, INTS],
  ],
];

function node(type: string, inputs: string[], output: string, ...attributes: Field[]): Field {
  return [1, [...inputs.map((name): Field => [1, name]), [2, output], [4, type], ...attributes]];
}

function tensorInfo(field: number, name: string, dims: string[]): Field {
  const shape: Field[] = dims.map((dim) => [1, [[2, dim]]]);
  return [
    field,
    [
      [1, name],
      [
        2,
        [
          [
            1,
            [
              [1, FLOAT],
              [2, shape],
            ],
          ],
        ],
      ],
    ],
  ];
}

/**
 * An ONNX model of `score = mean_j max_k cos(queries_j, keys_k)`, opset 17, for `queries` `[Q, D]` and `keys` `[K, D]`. Lengths divide
 * after the product: `max_k (q_j · k) / (|k| + ε) / (|q_j| + ε)`, so that no normalised copy of the tokens is made.
 */
export function alignmentGraph(): Uint8Array {
  const rows = [integers("axes", 1), integer("keepdims", 1)];
  const epsilon = new Uint8Array(Float32Array.of(1e-10).buffer);
  const graph: Field[] = [
    node("Gemm", ["queries", "keys"], "products", integer("transB", 1)),
    node("ReduceL2", ["keys"], "keyLength", ...rows),
    node("Add", ["keyLength", "epsilon"], "keyScale"),
    node("Transpose", ["keyScale"], "keyRow"),
    node("Div", ["products", "keyRow"], "byKey"),
    node("ReduceMax", ["byKey"], "best", ...rows),
    node("ReduceL2", ["queries"], "queryLength", ...rows),
    node("Add", ["queryLength", "epsilon"], "queryScale"),
    node("Div", ["best", "queryScale"], "cosines"),
    node("ReduceMean", ["cosines"], "score", integers("axes", 0), integer("keepdims", 0)),
    [2, "alignment"],
    [
      5,
      [
        [2, FLOAT],
        [8, "epsilon"],
        [9, epsilon],
      ],
    ],
    tensorInfo(11, "queries", ["Q", "D"]),
    tensorInfo(11, "keys", ["K", "D"]),
    tensorInfo(12, "score", ["one"]),
  ];
  return encode([
    [1, 8],
    [7, graph],
    [
      8,
      [
        [1, ""],
        [2, 17],
      ],
    ],
  ]);
}
