import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { operation } from "../../nn/operations/operation";
import type { RotaryConfig } from "./config";

/** Cosines and sines [N, d] of the angles of patches, and the number of prefix tokens that are not turned. */
export interface RotaryTables {
  cos: Tensor;
  sin: Tensor;
  prefix: number;
  layout: "half" | "interleaved";
}

/** Settings of {@link rotaryTables}. */
export interface RotarySettings extends Required<RotaryConfig> {
  /** Number of features of a head. */
  headDim: number;
  /** Grid to which `index` coordinates are scaled. */
  reference: readonly [number, number];
  prefix: number;
}

/** Returns the tables for patches [B, H, W, C], of which only the grid is read. */
export function rotaryTables(patches: Tensor, settings: RotarySettings): RotaryTables {
  const { theta, coordinates, layout, headDim, reference, prefix } = settings;
  const attributes = { theta, coordinates, layout, headDim, reference };
  const [, H, W] = patches.shape;
  const table = (wave: "cos" | "sin"): Tensor =>
    operation("FoveaRotaryTable", { patches }, { ...attributes, wave }, () => {
      const values = rotaryAngles([H, W], settings).map(wave === "cos" ? Math.cos : Math.sin);
      return tf.tensor(values, [H * W, headDim]);
    });
  return { cos: table("cos"), sin: table("sin"), prefix, layout };
}

/** Returns the angles [H · W, d], row by row: the first frequencies belong to rows, the others to columns. */
export function rotaryAngles([H, W]: [number, number], settings: RotarySettings): Float32Array {
  const { headDim: d, theta, layout } = settings;
  const angles = new Float32Array(H * W * d);
  const bands = d / 4;
  for (let n = 0; n < H * W; n++)
    for (let i = 0; i < d; i++) {
      const place = layout === "half" ? i % (d / 2) : Math.floor(i / 2);
      const [axis, at] = place < bands ? [0, Math.floor(n / W)] : [1, n % W];
      const frequency = Math.fround(theta ** ((-4 * (place % bands)) / d));
      angles[n * d + i] = coordinate(at, [H, W][axis], settings.reference[axis], settings.coordinates) * frequency;
    }
  return angles;
}

function coordinate(at: number, size: number, reference: number, kind: RotarySettings["coordinates"]): number {
  return kind === "index" ? (at / size) * reference : 2 * Math.PI * ((2 * (at + 0.5)) / size - 1);
}

/** Turns the patches of x [B, heads, N, d]; prefix tokens pass. The gradient is the inverse rotation. */
export function turn(x: Tensor, { cos, sin, prefix, layout }: RotaryTables): Tensor {
  if (prefix === 0) return turnAll(x, cos, sin, layout);
  const N = x.shape[2] as number;
  const [first, patches] = tf.split(x, [prefix, N - prefix], 2);
  return tf.concat([first, turnAll(patches, cos, sin, layout)], 2);
}

function turnAll(x: Tensor, cos: Tensor, sin: Tensor, layout: RotaryTables["layout"]): Tensor {
  const turned = tf.customGrad((x, save) => {
    (save as (tensors: Tensor[]) => void)([cos, sin]);
    const gradFunc = (dy: Tensor, [cos, sin]: Tensor[]): Tensor => rotated(dy, cos, tf.neg(sin), layout);
    return { value: rotated(x as Tensor, cos, sin, layout), gradFunc };
  });
  return turned(x);
}

const rotated = (x: Tensor, cos: Tensor, sin: Tensor, layout: RotaryTables["layout"]): Tensor =>
  tf.add(tf.mul(x, cos), tf.mul(partners(x, layout), sin));

/** Returns the partner of each feature: [-x₂, x₁] of the halves, or [-x₁, x₀] of neighbours. */
function partners(x: Tensor, layout: RotaryTables["layout"]): Tensor {
  if (layout === "half") {
    const [low, high] = tf.split(x, 2, -1);
    return tf.concat([tf.neg(high), low], -1);
  }
  const [B, H, N, d] = x.shape;
  const [even, odd] = tf.split(tf.reshape(x, [B * H * N, d / 2, 2]), 2, -1);
  return tf.reshape(tf.concat([tf.neg(odd), even], -1), x.shape);
}
