import { product } from "../../numeric";
import { ModelError } from "../error";
import type { Call, Rule } from "./graph";
import { FN } from "./names";
import { ELEMENT_TYPES } from "./elementwise";
import type { Form, Sizes } from "./types";

const formOf = (forms: ReadonlyMap<string, Form>, name: string): Form => forms.get(name) as Form;
const isFixed = (sizes: Sizes): boolean => sizes.every((size) => size === sizes[0]);
const isSame = (a: Sizes, b: Sizes | undefined): boolean => b !== undefined && a.every((size, i) => size === b[i]);
const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** Changes one size of a shape. */
const withSize = (shape: readonly number[], axis: number, size: number): number[] =>
  shape.map((old, i) => (i === axis ? size : old));

/** Writes a reshape: sizes that stay are copied, one that is left follows from the others. */
export function reshape(call: Call, input: string): string {
  const [from, to] = [call.sizes(input), call.outputSizes()];
  const moving = to.flatMap((sizes, i) => (isFixed(sizes) ? [] : [i]));
  const kept = moving.length < 2 ? [] : moving.filter((i) => isSame(to[i], from[i]));
  const free = moving.filter((i) => !kept.includes(i)).at(-1);
  const entry = (sizes: Sizes, i: number): Sizes => (i === free ? [-1] : kept.includes(i) ? [0] : sizes);
  return call.graph.one("Reshape", [call.input(input), call.graph.sizeList(to.map(entry))]);
}

const reshaped: Rule = {
  infer(forms, { shape }) {
    const { shape: from, dtype } = formOf(forms, "x");
    const wanted = shape as number[];
    const rest = product(from) / product(wanted.map((size) => (size < 0 ? 1 : size)));
    const fits = Number.isInteger(rest) && (rest === 1 || wanted.some((size) => size < 0));
    if (!fits) throw new ModelError(FN, `[${from.join(", ")}] must have the values of the new shape`, wanted);
    return { shape: wanted.map((size) => (size < 0 ? rest : size)), dtype };
  },
  write: (call) => reshape(call, "x"),
};

const expandDims: Rule = {
  infer(forms, { dim }) {
    const { shape, dtype } = formOf(forms, "input");
    const at = axisOf(dim as number, shape.length + 1);
    return { shape: [...shape.slice(0, at), 1, ...shape.slice(at)], dtype };
  },
  write: (call) => {
    const at = axisOf(call.attribute<number>("dim"), call.form("input").shape.length + 1);
    return call.graph.one("Unsqueeze", [call.input("input"), call.graph.integers([at])]);
  },
};

const transpose: Rule = {
  infer(forms, { perm }) {
    const { shape, dtype } = formOf(forms, "x");
    return { shape: (perm as number[]).map((axis) => shape[axis]), dtype };
  },
  write: (call) => call.graph.one("Transpose", [call.input("x")], { perm: call.attribute<number[]>("perm") }),
};

const concat: Rule = {
  infer(forms, { axis }) {
    const all = [...forms.values()];
    const at = axisOf(axis as number, all[0].shape.length);
    const size = all.reduce((sum, { shape }) => sum + shape[at], 0);
    return { shape: withSize(all[0].shape, at, size), dtype: all[0].dtype };
  },
  write: (call) => {
    const axis = axisOf(call.attribute<number>("axis"), call.outputForm().shape.length);
    return call.graph.one("Concat", call.inputs, { axis });
  },
};

const pack: Rule = {
  infer(forms, { axis }) {
    const all = [...forms.values()];
    const at = axisOf(axis as number, all[0].shape.length + 1);
    return { shape: [...all[0].shape.slice(0, at), all.length, ...all[0].shape.slice(at)], dtype: all[0].dtype };
  },
  write: (call) => {
    const axis = axisOf(call.attribute<number>("axis"), call.outputForm().shape.length);
    const parts = call.inputs.map((input) => call.graph.one("Unsqueeze", [input, call.graph.integers([axis])]));
    return call.graph.one("Concat", parts, { axis });
  },
};

const unpack: Rule = {
  infer(forms, { axis }) {
    const { shape, dtype } = formOf(forms, "value");
    const at = axisOf(axis as number, shape.length);
    return Array.from({ length: shape[at] }, () => ({ shape: shape.filter((_, i) => i !== at), dtype }));
  },
  write: (call) => {
    const axis = axisOf(call.attribute<number>("axis"), call.form("value").shape.length);
    const x = call.input("value");
    return call.outputs.map((_, i) =>
      call.graph.one("Gather", [x, call.graph.constant({ dims: [], data: BigInt64Array.of(BigInt(i)) })], { axis }),
    );
  },
};

const split: Rule = {
  infer(forms, attributes) {
    const { shape, dtype } = formOf(forms, "x");
    const axis = axisOf(attributes["axis"] as number, shape.length);
    return partSizes(attributes["numOrSizeSplits"] as number | number[], shape[axis]).map((size) => ({
      shape: withSize(shape, axis, size),
      dtype,
    }));
  },
  write: (call) => {
    const axis = axisOf(call.attribute<number>("axis"), call.form("x").shape.length);
    const sizes = call.outputs.map((_, i) => call.outputSizes(i)[axis]);
    return call.graph.add("Split", [call.input("x"), call.graph.sizeList(sizes)], { axis }, call.outputs.length);
  },
};

function partSizes(parts: number | number[], size: number): number[] {
  if (typeof parts === "number") return Array<number>(parts).fill(size / parts);
  const rest = size - parts.reduce((sum, part) => sum + Math.max(0, part), 0);
  return parts.map((part) => (part < 0 ? rest : part));
}

const slice: Rule = {
  infer(forms, { begin, size }) {
    const { shape, dtype } = formOf(forms, "x");
    const [from, sizes] = [begin as number[], size as number[]];
    return { shape: shape.map((all, i) => (sizes[i] < 0 ? all - from[i] : sizes[i])), dtype };
  },
  write: (call) => {
    const { graph } = call;
    const [from, to] = [call.sizes("x"), call.outputSizes()];
    const begins = from.map((_, axis) => call.varying<number[]>("begin").map((begin) => begin[axis]));
    const axes = from.flatMap((sizes, i) => (isSame(sizes, to[i]) ? [] : [i]));
    if (!axes.length) return call.input("x");
    const ends = axes.map((i) => begins[i].map((begin, trace) => begin + to[i][trace]));
    // An end beyond the last value means the last value, whatever the size.
    const open = ends.map((end, k) => (isSame(end, from[axes[k]]) ? [2 ** 31 - 1] : end));
    const lists = [axes.map((i) => begins[i]), open].map((list) => graph.sizeList(list));
    return graph.one("Slice", [call.input("x"), ...lists, graph.integers(axes)]);
  },
};

const stridedSlice: Rule = {
  infer(forms, attributes) {
    const { shape, dtype } = formOf(forms, "x");
    const { begin, end, strides } = strided(attributes);
    const size = (from: number, to: number, step: number): number => Math.max(0, Math.ceil((to - from) / step));
    return { shape: shape.map((_, i) => size(begin[i], end[i], strides[i])), dtype };
  },
  write: (call) => {
    const names = ["begin", "end", "strides"].map((name) => call.graph.integers(call.attribute<number[]>(name)));
    const axes = call.graph.integers(call.form("x").shape.map((_, i) => i));
    return call.graph.one("Slice", [call.input("x"), names[0], names[1], axes, names[2]]);
  },
};

function strided(attributes: Readonly<Record<string, unknown>>): { begin: number[]; end: number[]; strides: number[] } {
  const masks = ["beginMask", "endMask", "ellipsisMask", "newAxisMask", "shrinkAxisMask"];
  const set = masks.find((mask) => attributes[mask]);
  if (set !== undefined) throw new ModelError(FN, "a strided slice is written without masks", set);
  return attributes as { begin: number[]; end: number[]; strides: number[] };
}

const tile: Rule = {
  infer(forms, { reps }) {
    const { shape, dtype } = formOf(forms, "x");
    return { shape: shape.map((size, i) => size * (reps as number[])[i]), dtype };
  },
  write: (call) => {
    const reps = call.varying<number[]>("reps");
    return call.graph.one("Tile", [
      call.input("x"),
      call.graph.sizeList(reps[0].map((_, i) => reps.map((one) => one[i]))),
    ]);
  },
};

const pad: Rule = {
  infer(forms, { paddings }) {
    const { shape, dtype } = formOf(forms, "x");
    return {
      shape: shape.map((size, i) => size + (paddings as number[][])[i][0] + (paddings as number[][])[i][1]),
      dtype,
    };
  },
  write: (call) => {
    const traces = call.varying<number[][]>("paddings");
    const side = (at: 0 | 1): Sizes[] => traces[0].map((_, i) => traces.map((paddings) => paddings[i][at]));
    const pads = call.graph.sizeList([...side(0), ...side(1)]);
    const value = call.graph.scalar(call.attribute<number>("constantValue"), call.form("x").dtype);
    return call.graph.one("Pad", [call.input("x"), pads, value], { mode: "constant" });
  },
};

const gather: Rule = {
  infer(forms, { axis, batchDims }) {
    const [x, indices] = [formOf(forms, "x"), formOf(forms, "indices")];
    if (batchDims) throw new ModelError(FN, "batchDims of gather must be 0", batchDims);
    const at = axisOf(axis as number, x.shape.length);
    return { shape: [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)], dtype: x.dtype };
  },
  write: (call) => {
    const axis = axisOf(call.attribute<number>("axis"), call.form("x").shape.length);
    return call.graph.one("Gather", [call.input("x"), call.input("indices")], { axis });
  },
};

const scatter: Rule = {
  infer: (forms, { shape }) => ({ shape: shape as number[], dtype: formOf(forms, "updates").dtype }),
  write: (call) => {
    const { graph } = call;
    const zeros = graph.one("Expand", [graph.scalar(0, call.outputForm().dtype), graph.sizeList(call.outputSizes())]);
    const places = graph.one("Cast", [call.input("indices")], { to: 7 });
    return graph.one("ScatterND", [zeros, places, call.input("updates")], { reduction: "add" });
  },
};

const fill: Rule = {
  infer: (_, { shape, dtype }) => ({ shape: shape as number[], dtype: (dtype as Form["dtype"]) ?? "float32" }),
  write: (call) => {
    const value = call.graph.scalar(call.attribute<number>("value"), call.outputForm().dtype);
    return call.graph.one("Expand", [value, call.graph.sizeList(call.outputSizes())]);
  },
};

const range: Rule = {
  infer(_, { start, stop, step, dtype }) {
    const length = Math.max(0, Math.ceil(((stop as number) - (start as number)) / (step as number)));
    return { shape: [length], dtype: (dtype as Form["dtype"]) ?? "float32" };
  },
  write: (call) => {
    const { graph } = call;
    const [start, step] = ["start", "step"].map((name) => call.attribute<number>(name));
    const scalar = (name: string): string => graph.one("Squeeze", [name]);
    const stop = scalar(graph.size(call.varying<number>("stop")));
    const whole = graph.one("Range", [scalar(graph.integers([start])), stop, scalar(graph.integers([step]))]);
    return graph.one("Cast", [whole], { to: ELEMENT_TYPES[call.outputForm().dtype] });
  },
};

const oneHot: Rule = {
  infer: (forms, { depth, dtype }) => ({
    shape: [...formOf(forms, "indices").shape, depth as number],
    dtype: (dtype as Form["dtype"]) ?? "float32",
  }),
  write: (call) => {
    const { graph } = call;
    const [off, on] = ["offValue", "onValue"].map((name) => call.attribute<number>(name));
    const values = graph.one("Cast", [graph.constant({ dims: [2], data: Float32Array.of(off, on) })], {
      to: ELEMENT_TYPES[call.outputForm().dtype],
    });
    return graph.one("OneHot", [call.input("indices"), graph.integers([call.attribute<number>("depth")]), values]);
  },
};

/** Kernels that move values. */
export const layout: Record<string, Rule> = {
  Reshape: reshaped,
  ExpandDims: expandDims,
  Transpose: transpose,
  Concat: concat,
  Pack: pack,
  Unpack: unpack,
  SplitV: split,
  Slice: slice,
  StridedSlice: stridedSlice,
  Tile: tile,
  PadV2: pad,
  GatherV2: gather,
  ScatterNd: scatter,
  Fill: fill,
  Range: range,
  OneHot: oneHot,
};
