import { ModelError } from "../error";
import type { Call, Rule } from "./graph";
import { FN } from "./names";
import type { Attributes, Form } from "./types";

/** Returns the axes of a reduction in ascending order; tfjs leaves them out for all. */
function axesOf(attributes: Attributes, rank: number): number[] {
  const given = attributes["axis"] ?? attributes["reductionIndices"];
  const axes =
    given === undefined || given === null
      ? Array.from({ length: rank }, (_, i) => i)
      : [given as number | number[]].flat();
  return axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
}

const rule = (op: string): Rule => ({
  infer(forms, attributes) {
    const { shape, dtype } = forms.get("x") as Form;
    const axes = axesOf(attributes, shape.length);
    const kept = shape.flatMap((size, i) => (!axes.includes(i) ? [size] : attributes["keepDims"] ? [1] : []));
    return { shape: kept, dtype };
  },
  write: (call) => {
    const name = op === "ReduceMax" ? "reductionIndices" : "axis";
    const axes = axesOf({ axis: call.attribute(name) }, call.form("x").shape.length);
    const keepdims = call.attribute<boolean>("keepDims") ? 1 : 0;
    return call.graph.one(op, [call.input("x"), call.graph.integers(axes)], { keepdims });
  },
});

const argument = (op: string): Rule => ({
  infer(forms, { axis }) {
    const { shape } = forms.get("x") as Form;
    return { shape: shape.filter((_, i) => i !== axis), dtype: "int32" };
  },
  write: (call) => {
    const found = call.graph.one(op, [call.input("x")], { axis: call.attribute<number>("axis"), keepdims: 0 });
    return call.graph.one("Cast", [found], { to: 6 });
  },
});

const product: Rule = {
  infer(forms, { transposeA, transposeB }) {
    const [a, b] = [forms.get("a") as Form, forms.get("b") as Form];
    const rank = a.shape.length;
    if (rank !== b.shape.length)
      throw new ModelError(FN, "both operands of a product need as many dimensions", b.shape);
    const rows = a.shape[rank - (transposeA ? 1 : 2)];
    const columns = b.shape[rank - (transposeB ? 2 : 1)];
    const batch = a.shape.slice(0, -2).map((size, i) => Math.max(size, b.shape[i]));
    return { shape: [...batch, rows, columns], dtype: a.dtype };
  },
  write: (call) => {
    const flags = ["transposeA", "transposeB"].map((name) => Boolean(call.attribute<boolean>(name)));
    const operands = [call.input("a"), call.input("b")];
    const rank = call.form("a").shape.length;
    if (rank === 2 && flags.some(Boolean))
      return call.graph.one("Gemm", operands, { transA: Number(flags[0]), transB: Number(flags[1]) });
    const straight = operands.map((name, i) => (flags[i] ? swapped(call, name, rank) : name));
    return call.graph.one("MatMul", straight);
  },
};

function swapped(call: Call, name: string, rank: number): string {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return call.graph.one("Transpose", [name], { perm: [...axes.slice(0, -2), rank - 1, rank - 2] });
}

/** Kernels that sum: reductions and products. */
export const reductions: Record<string, Rule> = {
  Sum: rule("ReduceSum"),
  Mean: rule("ReduceMean"),
  Max: rule("ReduceMax"),
  Min: rule("ReduceMin"),
  Prod: rule("ReduceProd"),
  ArgMax: argument("ArgMax"),
  ArgMin: argument("ArgMin"),
  BatchMatMul: product,
};
