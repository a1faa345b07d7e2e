import type { Call, Rule } from "./graph";
import { windowGrid, type WindowSizes } from "../../nn/operations/unfold";
import { sines } from "../vit/positions";
import { rotaryAngles, type RotarySettings } from "../vit/rotary";
import type { Form, Sizes } from "./types";

const shapeOf = (forms: ReadonlyMap<string, Form>, name: string): readonly number[] => (forms.get(name) as Form).shape;
const isFixed = (sizes: Sizes): boolean => sizes.every((size) => size === sizes[0]);

/** Convolution with channels last; ONNX has them first. */
const convolution: Rule = {
  infer(forms, attributes) {
    const [B, , height, width] = shapeOf(forms, "x");
    const grid = windowGrid([height, width], attributes as unknown as WindowSizes);
    return { shape: [B, ...grid, shapeOf(forms, "weight")[0]], dtype: "float32" };
  },
  write: (call) => {
    const { kernel, stride, padding } = sizesOf(call);
    const inputs = [call.input("x"), call.input("weight"), ...(call.has("bias") ? [call.input("bias")] : [])];
    const attributes = { kernel_shape: [...kernel], strides: [...stride], pads: [...padding, ...padding] };
    return call.graph.one("Transpose", [call.graph.one("Conv", inputs, attributes)], { perm: [0, 2, 3, 1] });
  },
};

const sizesOf = (call: Call): WindowSizes => ({
  kernel: call.attribute("kernel"),
  stride: call.attribute("stride"),
  padding: call.attribute("padding"),
});

/** Grid [rows, columns] of patches [B, H, W, C], trace by trace. */
const gridOf = (call: Call): [Sizes, Sizes] => {
  const [, rows, columns] = call.sizes("patches");
  return [rows, columns];
};

const resample: Rule = {
  infer(forms) {
    const [, H, W] = shapeOf(forms, "patches");
    return { shape: [1, H * W, shapeOf(forms, "table")[2]], dtype: "float32" };
  },
  write: (call) => {
    const { graph } = call;
    const from = call.attribute<readonly [number, number]>("from");
    const grid = gridOf(call);
    const table = call.input("table");
    if (grid.every((sizes, i) => isFixed(sizes) && sizes[0] === from[i])) return table;
    const C = call.form("table").shape[2];
    const square = graph.one("Reshape", [table, graph.integers([1, ...from, C])]);
    const first = graph.one("Transpose", [square], { perm: [0, 3, 1, 2] });
    const sizes = graph.sizeList([[1], [C], ...grid]);
    const resized = graph.one("Resize", [first, "", "", sizes], resizing(call.attribute("kind")));
    const last = graph.one("Transpose", [resized], { perm: [0, 2, 3, 1] });
    return graph.one("Reshape", [last, graph.integers([1, -1, C])]);
  },
};

/** Attributes of ONNX's Resize that equal PyTorch's bicubic interpolation, with antialiasing and without. */
const resizing = (kind: "antialias" | "bicubic"): Record<string, number | string | { float: number }> =>
  kind === "antialias"
    ? { mode: "cubic", antialias: 1, cubic_coeff_a: { float: -0.5 }, exclude_outside: 1 }
    : { mode: "cubic", cubic_coeff_a: { float: -0.75 } };

/** Returns 0, 1, … as floats, as many as there are rows or columns. */
function places(call: Call, sizes: Sizes): string {
  const { graph } = call;
  const scalar = (name: string): string => graph.one("Squeeze", [name]);
  const whole = graph.one("Range", [
    scalar(graph.integers([0])),
    scalar(graph.size(sizes)),
    scalar(graph.integers([1])),
  ]);
  return graph.one("Cast", [whole], { to: 1 });
}

/** Spreads values of rows [H, 1, n] or columns [1, W, n] over the grid: [H, W, n]. */
function spread(call: Call, values: string, count: number): string {
  const { graph } = call;
  return graph.one("Expand", [values, graph.sizeList([...gridOf(call), [count]])]);
}

/** Returns coordinates times frequencies on the grid, [H, W, n], for rows or columns. */
function waves(call: Call, axis: 0 | 1, coordinates: string, frequencies: Float32Array): string {
  const { graph } = call;
  const column = graph.one("Reshape", [coordinates, graph.integers(axis === 0 ? [-1, 1, 1] : [1, -1, 1])]);
  const product = graph.one("Mul", [column, graph.constant({ dims: [frequencies.length], data: frequencies })]);
  return spread(call, product, frequencies.length);
}

const sine: Rule = {
  infer(forms) {
    const [, H, W, C] = shapeOf(forms, "patches");
    return { shape: [1, H * W, C], dtype: "float32" };
  },
  write: (call) => {
    const { graph } = call;
    const C = call.form("patches").shape[3];
    const grid = gridOf(call);
    if (grid.every(isFixed)) {
      const [H, W] = [grid[0][0], grid[1][0]];
      return graph.constant({ dims: [1, H * W, C], data: sines([H, W], C) });
    }
    const frequencies = Float32Array.from({ length: C / 4 }, (_, i) => 10_000 ** (-i / (C / 4)));
    const parts = ([1, 0] as const).flatMap((axis) => {
      const angles = waves(call, axis, places(call, grid[axis]), frequencies);
      return [graph.one("Sin", [angles]), graph.one("Cos", [angles])];
    });
    return graph.one("Reshape", [graph.one("Concat", parts, { axis: 2 }), graph.integers([1, -1, C])]);
  },
};

const rotary: Rule = {
  infer(forms, { headDim }) {
    const [, H, W] = shapeOf(forms, "patches");
    return { shape: [H * W, headDim as number], dtype: "float32" };
  },
  write: (call) => {
    const { graph } = call;
    const names = ["theta", "coordinates", "layout", "headDim", "reference"] as const;
    const settings = Object.fromEntries(names.map((name) => [name, call.attribute(name)])) as unknown as RotarySettings;
    const wave = call.attribute<"cos" | "sin">("wave");
    const grid = gridOf(call);
    if (grid.every(isFixed)) {
      const [H, W] = [grid[0][0], grid[1][0]];
      const data = rotaryAngles([H, W], settings).map(wave === "cos" ? Math.cos : Math.sin);
      return graph.constant({ dims: [H * W, settings.headDim], data });
    }
    return graph.one(wave === "cos" ? "Cos" : "Sin", [angles(call, settings)]);
  },
};

/** Returns the angles [H · W, d] of rotary positions for a grid that is known when the graph runs. */
function angles(call: Call, settings: RotarySettings): string {
  const { graph } = call;
  const { headDim: d, theta, layout } = settings;
  const frequencies = Float32Array.from({ length: d / 4 }, (_, i) => theta ** ((-4 * i) / d));
  const halves = ([0, 1] as const).map((axis) => waves(call, axis, coordinates(call, axis, settings), frequencies));
  const half = graph.one("Concat", halves, { axis: 2 });
  if (layout === "half")
    return graph.one("Reshape", [graph.one("Concat", [half, half], { axis: 2 }), graph.integers([-1, d])]);
  const apart = graph.one("Unsqueeze", [half, graph.integers([3])]);
  return graph.one("Reshape", [graph.one("Concat", [apart, apart], { axis: 3 }), graph.integers([-1, d])]);
}

function coordinates(call: Call, axis: 0 | 1, { coordinates: kind, reference }: RotarySettings): string {
  const { graph } = call;
  const sizes = gridOf(call)[axis];
  const at = places(call, sizes);
  const size = graph.one("Cast", [graph.size(sizes)], { to: 1 });
  if (kind === "index") return graph.one("Mul", [graph.one("Div", [at, size]), graph.scalar(reference[axis])]);
  const center = graph.one("Div", [graph.one("Add", [at, graph.scalar(0.5)]), size]);
  const signed = graph.one("Sub", [graph.one("Mul", [center, graph.scalar(2)]), graph.scalar(1)]);
  return graph.one("Mul", [signed, graph.scalar(2 * Math.PI)]);
}

/** Operations that layers of the library name beside tfjs's kernels. */
export const named: Record<string, Rule> = {
  FoveaConv2d: convolution,
  FoveaResamplePositions: resample,
  FoveaSinePositions: sine,
  FoveaRotaryTable: rotary,
};
