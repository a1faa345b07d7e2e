import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Graph, MICROSOFT } from "./graph";
import { transposed } from "./product";
import type { FusedAttributes, FusedPlanner } from "./runtime";

/** Sizes of a convolution, by rows and columns. */
interface Sizes {
  strides: [number, number];
  /** Zeros before and after. */
  pads: [number, number, number, number];
}

const sizesOf = ({ down, across, top, left }: FusedAttributes): Sizes => ({
  strides: [down, across],
  pads: [top, left, top, left],
});

const keyOf = (name: string, attrs: FusedAttributes, ...more: number[]): string =>
  `${name} ${Object.values(attrs).join()} ${more.join()}`;

/** Number of kernel elements up to which the gradient in the weight is a product for each of them. */
const MOST_ELEMENTS = 49;

/** Tests whether a convolution of this weight is computed by these operations. */
export const fitsConv = ([, , rows, columns]: readonly number[]): boolean => rows * columns <= MOST_ELEMENTS;

/** Convolution of x [B, C, H, W] with a weight [O, C, rows, columns] and a bias, where there is one. */
export const conv: FusedPlanner = (inputs, attrs) => {
  const [x, weight] = inputs;
  const { strides, pads } = sizesOf(attrs);
  const along = (axis: 0 | 1): number =>
    Math.floor((x.shape[axis + 2] + 2 * pads[axis] - weight.shape[axis + 2]) / strides[axis]) + 1;
  const shape = [x.shape[0], weight.shape[0], along(0), along(1)];
  return {
    operation: {
      key: keyOf("conv", attrs, inputs.length),
      emit: (graph, names) => [graph.node("Conv", names, { attributes: { strides, pads } })],
      arena: true,
      heavy: true,
    },
    shapes: [shape],
  };
};

/** Gradient in x from dy, the weight and x. */
export const convGradient: FusedPlanner = ([dy, weight, x], attrs) => {
  const { strides, pads } = sizesOf(attrs);
  // Rows and columns that no window reaches.
  const rest = [0, 1].map(
    (i) => x.shape[i + 2] - ((dy.shape[i + 2] - 1) * strides[i] - 2 * pads[i] + weight.shape[i + 2]),
  );
  const attributes = { strides, pads, output_padding: rest };
  return {
    operation: {
      key: keyOf("conv/x", attrs, ...rest),
      emit: (graph, [dy, weight]) => [graph.node("ConvTranspose", [dy, weight], { attributes })],
      arena: true,
      heavy: true,
    },
    shapes: [x.shape],
  };
};

/**
 * Gradient in the weight from dy and x: for each element of the kernel the product of dy with the values that it met. The operator
 * itself would take the picture for a kernel, at twice the time.
 */
export const convWeightGradient: FusedPlanner = ([dy, x], attrs) => {
  const { rows, columns } = attrs;
  const [, O, height, width] = dy.shape;
  const C = x.shape[1];
  const emit = (graph: Graph, [dyName, xName]: readonly string[]): string[] => {
    const padded = channelsFirst(graph, paddedOf(graph, xName, attrs));
    const flat = graph.node("Reshape", [channelsFirst(graph, dyName), graph.integers([O, placesOf(dy)])]);
    const parts = Array.from({ length: rows * columns }, (_, i) => {
      const from = [Math.floor(i / columns), i % columns];
      const met = metOf(graph, padded, from, [height, width], attrs);
      const values = graph.node("Reshape", [met, graph.integers([C, placesOf(dy)])]);
      const product = graph.node("FusedMatMul", [flat, values], { domain: MICROSOFT, attributes: { transB: 1 } });
      return graph.node("Reshape", [product, graph.integers([1, O, C])]);
    });
    const all = graph.node("Concat", parts, { attributes: { axis: 0 } });
    return [graph.node("Reshape", [transposed(graph, all, [1, 2, 0]), graph.integers([O, C, rows, columns])])];
  };
  const key = keyOf("conv/weight", attrs, ...dy.shape, ...x.shape);
  return { operation: { key, emit, arena: true, heavy: true }, shapes: [[O, C, rows, columns]] };
};

/** Number of places of all pictures. */
const placesOf = ({ shape: [B, , height, width] }: TensorInfo): number => B * height * width;

const channelsFirst = (graph: Graph, x: string): string => transposed(graph, x, [1, 0, 2, 3]);

function paddedOf(graph: Graph, x: string, { top, left }: FusedAttributes): string {
  return top || left ? graph.node("Pad", [x, graph.integers([0, 0, top, left, 0, 0, top, left])]) : x;
}

/** Emits the values that one element of the kernel meets: every stride-th from its place on. */
function metOf(
  graph: Graph,
  padded: string,
  from: readonly number[],
  [height, width]: readonly number[],
  { down, across }: FusedAttributes,
): string {
  const ends = [from[0] + (height - 1) * down + 1, from[1] + (width - 1) * across + 1];
  const lists = [from, ends, [2, 3], [down, across]].map((list) => graph.integers(list));
  return graph.node("Slice", [padded, ...lists]);
}
