import { product } from "../../numeric";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { isPlain } from "./backend";
import type { NativeDevice } from "./device";
import { copyBox, gather, joinRows, placeBox, scatter } from "./loops";
import { axesOf, type Plan } from "./plans";
import type { Emit } from "./runtime";

const slice: Plan = ({ inputs: { x }, attrs, device }) => {
  // Missing sizes are the rest of their dimension, as -1.
  const [begins, sizes] = [attrs.begin, attrs.size].map((given) => [given as number | number[]].flat());
  const begin = x.shape.map((_, d) => begins[d] ?? 0);
  const size = x.shape.map((whole, d) => ((sizes[d] ?? -1) === -1 ? whole - begin[d] : sizes[d]));
  const fits = begin.every((from, d) => from >= 0 && size[d] > 0 && from + size[d] <= x.shape[d]);
  return fits ? box(device, x, begin, size) : null;
};

function box(device: NativeDevice, x: TensorInfo, begin: readonly number[], size: readonly number[]): TensorInfo {
  const ends = begin.map((from, d) => from + size[d]);
  const emit: Emit = (graph, [name]) => [graph.node("Slice", [name, graph.integers(begin), graph.integers(ends)])];
  const fill = (y: Float32Array): void => copyBox(y, device.read32(x), x.shape, begin, size);
  return device.makeOr({ key: "Slice", emit }, [x], size, fill);
}

const pad: Plan = ({ inputs: { x }, attrs, device }) => {
  const paddings = attrs.paddings as readonly (readonly [before: number, after: number])[];
  const value = attrs.constantValue as number;
  const shape = x.shape.map((length, d) => paddings[d][0] + length + paddings[d][1]);
  if (!paddings.flat().every((count) => count >= 0) || product(x.shape) === 0) return null;
  const pads = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
  const emit: Emit = (graph, [name]) => [graph.node("Pad", [name, graph.integers(pads), graph.scalar(value)])];
  const fill = (y: Float32Array): void => {
    y.fill(value);
    placeBox(
      y,
      device.read32(x),
      shape,
      paddings.map(([before]) => before),
      x.shape,
    );
  };
  return device.makeOr({ key: "Pad", emit }, [x], shape, fill);
};

const split: Plan = ({ inputs: { x }, attrs, device }) => {
  const [axis] = axesOf(attrs.axis, x.shape.length);
  const given = attrs.numOrSizeSplits as number | number[];
  const whole = x.shape[axis];
  const sizes = typeof given === "number" ? Array.from({ length: given }, () => whole / given) : given;
  if (sizes.some((size) => !(Number.isInteger(size) && size > 0))) return null;
  let from = 0;
  return sizes.map((size) => {
    const begin = x.shape.map((_, d) => (d === axis ? from : 0));
    const part = x.shape.map((all, d) => (d === axis ? size : all));
    from += size;
    return box(device, x, begin, part);
  });
};

const concat: Plan = ({ inputs, attrs, device }) => {
  const parts = Object.values(inputs);
  const [{ shape }] = parts;
  const [axis] = axesOf(attrs.axis, shape.length);
  const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const whole = shape.map((size, d) => (d === axis ? total : size));
  const emit: Emit = (graph, names) => [graph.node("Concat", names, { attributes: { axis } })];
  const read = (): Float32Array[] => parts.map((part) => device.read32(part));
  const fill = (y: Float32Array): void => joinRows(y, read(), product(shape.slice(0, axis)));
  return device.makeOr({ key: "Concat", emit }, parts, whole, fill);
};

/** Rows by index; the indices are checked as tfjs's cpu backend does. */
const gatherRows: Plan = ({ inputs: { x, indices }, attrs, device }) => {
  const [axis] = axesOf(attrs.axis ?? 0, x.shape.length);
  const rows = device.borrow(indices);
  if (axis !== 0 || attrs.batchDims || !isPlain(x) || !within(rows, x.shape[0])) return null;
  const width = product(x.shape.slice(1));
  return device.make([...indices.shape, ...x.shape.slice(1)], (y) => gather(y, device.read32(x), rows, width));
};

const scatterRows: Plan = ({ inputs: { indices, updates }, attrs, device }) => {
  const shape = attrs.shape as number[];
  const rows = device.borrow(indices);
  const isRows = indices.shape.length === 2 && indices.shape[1] === 1 && updates.shape.length === shape.length;
  if (!isRows || !isPlain(updates) || !within(rows, shape[0])) return null;
  return device.make(shape, (y) => scatter(y, device.read32(updates), rows, product(shape.slice(1))));
};

function within(indices: ArrayLike<number>, count: number): boolean {
  for (let i = 0; i < indices.length; i++) if (!(indices[i] >= 0 && indices[i] < count)) return false;
  return indices.length > 0;
}

const cast: Plan = ({ inputs: { x }, attrs, device }) => {
  if (attrs.dtype !== "float32" || (x.dtype !== "int32" && x.dtype !== "bool")) return null;
  return device.make(x.shape, (y) => y.set(device.borrow(x)));
};

const fill: Plan = ({ attrs, device }) => {
  const { shape, value, dtype } = attrs as { shape: number[]; value: number | string; dtype?: string };
  if (typeof value !== "number" || (dtype ?? "float32") !== "float32" || product(shape) === 0) return null;
  return filled(device, shape, value);
};

function filled(device: NativeDevice, shape: readonly number[], value: number): TensorInfo {
  const emit: Emit = (graph) => [graph.node("Expand", [graph.scalar(value), graph.integers(shape)])];
  return device.makeOr({ key: "Expand", emit }, [], shape, (y) => y.fill(value));
}

const like =
  (value: number): Plan =>
  ({ inputs: { x }, device }) =>
    filled(device, x.shape, value);

/** Kernels that only move values, as loops over arrays. */
export const COPYING: Readonly<Record<string, Plan>> = {
  Slice: slice,
  PadV2: pad,
  SplitV: split,
  Concat: concat,
  Fill: fill,
  ZerosLike: like(0),
  OnesLike: like(1),
};

/** Kernels that have inputs of other types too; they check their inputs. */
export const MIXED: Readonly<Record<string, Plan>> = { GatherV2: gatherRows, ScatterNd: scatterRows, Cast: cast };
