import type { Graph } from "./graph";
import type { OnnxNode } from "./model";

/** One convolution or pooling between image and tokens; sizes are `[vertical, horizontal]`. */
export interface StemStep {
  kernel: [number, number];
  stride: [number, number];
  /** Total padding of both sides. */
  pad: [number, number];
}

const WINDOWED = /^(Conv|FusedConv|ConvInteger|MaxPool|AveragePool)$/;

/** Returns the windowed operators from the image to `tensor`, in order. */
export function findStem(graph: Graph, tensor: string): StemStep[] {
  const steps: StemStep[] = [];
  for (let node = graph.producer.get(tensor); node; node = graph.producer.get(graph.dataInputs(node)[0] ?? ""))
    if (WINDOWED.test(node.op)) steps.unshift(stepOf(graph, node));
  return steps;
}

/**
 * Tests whether tokens leave the stem in another order than the picture's rows. Hiera and NesT sort them by window, by
 * a transposition of five dimensions or more.
 */
export function isReordered(graph: Graph, tensor: string): boolean {
  for (let node = graph.producer.get(tensor); node; node = graph.producer.get(graph.dataInputs(node)[0] ?? "")) {
    if (WINDOWED.test(node.op)) return false;
    if (node.op === "Transpose" && (node.attributes.get("perm")?.numbers?.length ?? 0) > 4) return true;
  }
  return false;
}

function stepOf(graph: Graph, node: OnnxNode): StemStep {
  const weight = graph.constant(node.inputs[1] ?? "")?.dims.slice(2);
  const kernel = node.attributes.get("kernel_shape")?.numbers ?? weight ?? [1, 1];
  const stride = node.attributes.get("strides")?.numbers ?? [1, 1];
  const pads = node.attributes.get("pads")?.numbers ?? [0, 0, 0, 0];
  const dilation = node.attributes.get("dilations")?.numbers ?? [1, 1];
  const reach = (axis: number): number => (kernel[axis] - 1) * dilation[axis] + 1;
  const same = node.attributes.get("auto_pad")?.text?.startsWith("SAME");
  const pad = (axis: number): number => (same ? reach(axis) - 1 : pads[axis] + pads[axis + 2]);
  return { kernel: [reach(0), reach(1)], stride: [stride[0], stride[1]], pad: [pad(0), pad(1)] };
}

/** Returns the token grid `[rows, columns]` of a stem for an image of `height` by `width` pixels. */
export function stemGrid(stem: StemStep[], height: number, width: number): [number, number] {
  const along = (size: number, axis: 0 | 1): number =>
    stem.reduce((n, step) => Math.floor((n + step.pad[axis] - step.kernel[axis]) / step.stride[axis]) + 1, size);
  return [along(height, 0), along(width, 1)];
}

/** Returns the image pixels between neighbouring tokens, `[vertical, horizontal]`. */
export function stemStride(stem: StemStep[]): [number, number] {
  return [stem.reduce((n, step) => n * step.stride[0], 1), stem.reduce((n, step) => n * step.stride[1], 1)];
}
