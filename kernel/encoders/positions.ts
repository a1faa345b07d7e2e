import { clamp } from "../numeric";
import { cubic } from "../numeric/cubic";
import type { Analysis } from "../onnx/inspect";
import { readTensor } from "../onnx/tensor";
import { stemGrid } from "../onnx/stem";
import { EncoderError } from "./errors";

/** Returns four source positions and weights per target position: `align_corners=False`, edges repeated. */
function taps(source: number, target: number): { from: number[]; weights: number[] }[] {
  return Array.from({ length: target }, (_, i) => {
    const at = ((i + 0.5) * source) / target - 0.5;
    const first = Math.floor(at) - 1;
    const places = [0, 1, 2, 3].map((k) => first + k);
    return {
      from: places.map((k) => clamp(k, 0, source - 1)),
      weights: places.map((k) => cubic(at - k, -0.75)),
    };
  });
}

/** Resizes `[rows, columns, C]` to another grid. */
function resizeGrid(data: Float64Array, from: [number, number], to: [number, number], channels: number): Float32Array {
  const [across, down] = [taps(from[1], to[1]), taps(from[0], to[0])];
  const result = new Float32Array(to[0] * to[1] * channels);
  down.forEach((y, row) =>
    across.forEach((x, column) => {
      const target = result.subarray((row * to[1] + column) * channels, (row * to[1] + column + 1) * channels);
      y.from.forEach((r, i) =>
        x.from.forEach((c, j) => {
          const [weight, start] = [y.weights[i] * x.weights[j], (r * from[1] + c) * channels];
          for (let k = 0; k < channels; k++) target[k] += weight * data[start + k];
        }),
      );
    }),
  );
  return result;
}

/**
 * Returns the model for pictures of another size: the learned position embedding is interpolated to the new grid
 * (bicubic, as transformers' `interpolate_pos_encoding`), and positions of prefix tokens are kept. A model without
 * learned positions only loses the fixed size.
 *
 * @throws EncoderError when the embedding does not match the model's grid
 */
export function resizeModel(fn: string, analysis: Analysis, from: [number, number], to: [number, number]): Analysis {
  const { positions, steps, model } = analysis;
  if (!positions) return analysis;
  const [oldGrid, newGrid] = [stemGrid(steps, ...from), stemGrid(steps, ...to)];
  const [count, channels] = positions.dims.slice(-2);
  const prefix = count - oldGrid[0] * oldGrid[1];
  const values = readTensor(model, positions);
  if (prefix < 0 || !values)
    throw new EncoderError(
      fn,
      `the position embedding [${positions.dims.join(", ")}] must fit a grid to be interpolated`,
      oldGrid,
    );
  const patches = resizeGrid(values.subarray(prefix * channels), oldGrid, newGrid, channels);
  const data = new Float32Array(prefix * channels + patches.length);
  data.set(values.subarray(0, prefix * channels));
  data.set(patches, prefix * channels);
  const dims = [...positions.dims.slice(0, -2), prefix + newGrid[0] * newGrid[1], channels];
  return { ...analysis, model: { ...model, replaced: new Map([[positions.name, { dims, data }]]) } };
}
