import { ModelError } from "../error";
import type { Call, Rule } from "./graph";
import { FN } from "./names";
import type { Form } from "./types";

/** Returns the shape of an elementwise operation on two shapes. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], i: number): number => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    const [one, other] = [at(a, i), at(b, i)];
    if (one !== 1 && other !== 1 && one !== other)
      throw new ModelError(FN, `[${a.join(", ")}] must fit the other operand`, [...b]);
    return one === 1 ? other : one;
  });
}

const formOf = (forms: ReadonlyMap<string, Form>, name: string): Form => forms.get(name) as Form;

/** Rule of a kernel of two inputs `a` and `b`. */
function binary(write: (call: Call) => string, dtype?: Form["dtype"]): Rule {
  return {
    infer(forms) {
      const [a, b] = [formOf(forms, "a"), formOf(forms, "b")];
      return { shape: broadcast(a.shape, b.shape), dtype: dtype ?? a.dtype };
    },
    write,
  };
}

const pair = (op: string, dtype?: Form["dtype"]): Rule => binary((call) => call.graph.one(op, call.inputs), dtype);

/** Rule of a kernel of one input that keeps its shape. */
function unary(write: (x: string, call: Call) => string, input = "x", dtype?: Form["dtype"]): Rule {
  return {
    infer(forms) {
      const { shape, dtype: own } = formOf(forms, input);
      return { shape, dtype: dtype ?? own };
    },
    write: (call) => write(call.input(input), call),
  };
}

const single = (op: string): Rule => unary((x, { graph }) => graph.one(op, [x]));

/** ONNX's numbers of element types. */
export const ELEMENT_TYPES = { float32: 1, int32: 6, bool: 9 } as const;

const cast: Rule = {
  infer(forms, { dtype }) {
    return { shape: formOf(forms, "x").shape, dtype: dtype as Form["dtype"] };
  },
  write: (call) => {
    const to = call.attribute<Form["dtype"]>("dtype");
    const x = call.input("x");
    return call.form("x").dtype === to ? x : call.graph.one("Cast", [x], { to: ELEMENT_TYPES[to] });
  },
};

const select: Rule = {
  infer(forms) {
    const [t, e] = [formOf(forms, "t"), formOf(forms, "e")];
    return { shape: broadcast(t.shape, e.shape), dtype: t.dtype };
  },
  write: (call) => call.graph.one("Where", [call.input("condition"), call.input("t"), call.input("e")]),
};

const clip = unary((x, call) => {
  const bounds = ["clipValueMin", "clipValueMax"].map((name) => call.graph.scalar(call.attribute<number>(name)));
  return call.graph.one("Clip", [x, ...bounds]);
});

const filled = (value: number): Rule =>
  unary((_, call) => {
    const { graph } = call;
    return graph.one("Expand", [graph.scalar(value, call.outputForm().dtype), graph.sizeList(call.outputSizes())]);
  });

const SINGLE = {
  Abs: "Abs",
  Acos: "Acos",
  Asin: "Asin",
  Atan: "Atan",
  Ceil: "Ceil",
  Cos: "Cos",
  Elu: "Elu",
  Erf: "Erf",
  Exp: "Exp",
  Floor: "Floor",
  Log: "Log",
  LogicalNot: "Not",
  Neg: "Neg",
  Reciprocal: "Reciprocal",
  Relu: "Relu",
  Round: "Round",
  Sigmoid: "Sigmoid",
  Sign: "Sign",
  Sin: "Sin",
  Softplus: "Softplus",
  Sqrt: "Sqrt",
  Tan: "Tan",
  Tanh: "Tanh",
} as const;

const PAIRS = {
  Add: "Add",
  Sub: "Sub",
  Multiply: "Mul",
  RealDiv: "Div",
  Maximum: "Max",
  Minimum: "Min",
  Pow: "Pow",
} as const;

const COMPARISONS = {
  Equal: "Equal",
  Greater: "Greater",
  GreaterEqual: "GreaterOrEqual",
  Less: "Less",
  LessEqual: "LessOrEqual",
  LogicalAnd: "And",
  LogicalOr: "Or",
} as const;

const rulesOf = (ops: Readonly<Record<string, string>>, make: (op: string) => Rule): Record<string, Rule> =>
  Object.fromEntries(Object.entries(ops).map(([kernel, op]) => [kernel, make(op)]));

/** Kernels that compute value by value. */
export const elementwise: Record<string, Rule> = {
  ...rulesOf(SINGLE, single),
  ...rulesOf(PAIRS, (op) => pair(op)),
  ...rulesOf(COMPARISONS, (op) => pair(op, "bool")),
  NotEqual: binary((call) => call.graph.one("Not", [call.graph.one("Equal", call.inputs)]), "bool"),
  Square: unary((x, { graph }) => graph.one("Mul", [x, x])),
  Rsqrt: unary((x, { graph }) => graph.one("Reciprocal", [graph.one("Sqrt", [x])])),
  SquaredDifference: binary((call) => {
    const difference = call.graph.one("Sub", call.inputs);
    return call.graph.one("Mul", [difference, difference]);
  }),
  FloorDiv: binary((call) => call.graph.one("Floor", [call.graph.one("Div", call.inputs)])),
  LeakyRelu: unary((x, call) =>
    call.graph.one("LeakyRelu", [x], { alpha: { float: call.attribute<number>("alpha") } }),
  ),
  Relu6: unary((x, { graph }) => graph.one("Clip", [x, graph.scalar(0), graph.scalar(6)])),
  Step: unary((x, call) => {
    const { graph } = call;
    const slope = call.attribute<number | undefined>("alpha") ?? 0;
    const below = graph.one("Mul", [x, graph.scalar(0)]);
    const other = slope ? graph.one("Add", [below, graph.scalar(slope)]) : below;
    return graph.one("Where", [graph.one("Greater", [x, graph.scalar(0)]), graph.scalar(1), other]);
  }),
  ClipByValue: clip,
  Cast: cast,
  Select: select,
  Identity: unary((x) => x),
  ZerosLike: filled(0),
  OnesLike: filled(1),
  Softmax: unary((x, call) => call.graph.one("Softmax", [x], { axis: lastAxis(call, "logits") }), "logits"),
  LogSoftmax: unary((x, call) => call.graph.one("LogSoftmax", [x], { axis: lastAxis(call, "logits") }), "logits"),
  AddN: {
    infer: (forms) => [...forms.values()][0],
    write: (call) => (call.inputs.length === 1 ? call.inputs[0] : call.graph.one("Sum", call.inputs)),
  },
};

const lastAxis = (call: Call, input: string): number => call.form(input).shape.length - 1;
