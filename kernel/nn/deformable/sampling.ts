import type { Grid } from "../../contracts/geometry";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { canFuse } from "../../backend/fused";
import { computesInMemory } from "../../backend/tfjs";
import { sampleLoops, sampleLoopsBackward } from "./loops";
import type { SamplingSizes } from "./sizes";
import { sampleProducts, sampleProductsBackward, suitsProducts } from "./products";
import { NnError } from "../error";
import { scatterRows } from "../operations/rows";

/**
 * Samples for multi-scale deformable attention (arXiv 2010.04159, equation 3): values at fractional places of every
 * level, weighted and summed, for every query and head:
 *
 *     y[b, n, h] = Σ_l Σ_p weights[b, n, h, l, p] · bilinear(values of level l and head h, locations[b, n, h, l, p])
 *
 * A location (x, y) in [0, 1] is pixel (x W - ½, y H - ½); outside the grid values are 0 (`grid_sample` with zero
 * padding and `align_corners=False`). Coordinates are computed in single precision. Gradients flow to values, locations
 * and weights.
 *
 * @param values [B, S, H, D]: the levels' tokens one after the other, each row by row
 * @param sizes grids of the levels; S is the sum of height · width
 * @param locations [B, N, H, L, P, 2]
 * @param weights [B, N, H, L, P]
 * @param way default the fastest: `products` on the device `native` for grids that are not too large, `loops` where the
 *   tensors lie in this process's memory, `operations` elsewhere
 * @returns [B, N, H · D]
 * @throws NnError for shapes that do not fit, or products on another device
 */
export function deformableSample(
  values: Tensor,
  sizes: readonly Grid[],
  locations: Tensor,
  weights: Tensor,
  way?: SamplingWay,
): Tensor {
  const plan = planOf(values, sizes, locations, weights);
  const all = [values, locations, weights];
  if (way === "products" && !canFuse(all))
    throw new NnError("nn.deformableSample", "products need the device native and float32", way);
  const [forward, backward] = WAYS[way ?? fastest(plan, all)];
  const operation = tf.customGrad((values, locations, weights, save) => {
    const inputs = [values, locations, weights] as Tensor[];
    (save as (tensors: Tensor[]) => void)(inputs);
    return {
      value: tf.reshape(forward(plan, inputs), [plan.B, plan.N, plan.H * plan.D]),
      gradFunc: (dy: Tensor, saved: Tensor[]) => backward(plan, saved, dy),
    };
  });
  return operation(values, locations, weights);
}

/** Way of computing: products of matrices on the device `native`, loops in JavaScript, or operations of tfjs. */
export type SamplingWay = "products" | "loops" | "operations";

function fastest(plan: SamplingSizes, inputs: readonly Tensor[]): SamplingWay {
  if (canFuse(inputs) && suitsProducts(plan)) return "products";
  return computesInMemory() ? "loops" : "operations";
}

function planOf(values: Tensor, sizes: readonly Grid[], locations: Tensor, weights: Tensor): SamplingSizes {
  const fn = "nn.deformableSample";
  const [B, S, H, D] = values.shape;
  const [, N, , L, P] = weights.shape;
  const tokens = sizes.reduce((sum, [height, width]) => sum + height * width, 0);
  if (values.shape.length !== 4 || tokens !== S)
    throw new NnError(fn, `values must be [B, ${tokens}, heads, features] for these levels`, values.shape);
  if (weights.shape.join() !== [B, N, H, sizes.length, P].join())
    throw new NnError(fn, `weights must be [${B}, N, ${H}, ${sizes.length}, points]`, weights.shape);
  if (locations.shape.join() !== [...weights.shape, 2].join())
    throw new NnError(fn, `locations must be [${weights.shape}, 2]`, locations.shape);
  return { B, N, H, D, S, K: L * P, sizes, points: P };
}

/** One corner of the pixel square around each location; all tensors are [B · N · H, K]. */
interface Corner {
  /** Row of the values viewed as [B · S · H, D]. */
  rows: Tensor;
  /** Bilinear share, 0 outside the grid. */
  share: Tensor;
  /** Derivatives of the share in x and y, in pixels. */
  dx: Tensor;
  dy: Tensor;
}

const WAYS: Record<SamplingWay, [typeof sampleForward, typeof sampleBackward]> = {
  loops: [
    (plan, inputs) => {
      const [values, locations, weights] = inputs.map(read);
      return tf.tensor(sampleLoops(plan, values, locations, weights), [plan.B, plan.N, plan.H, plan.D]);
    },
    (plan, inputs, dy) => {
      const [values, locations, weights] = inputs.map(read);
      const found = sampleLoopsBackward(plan, values, locations, weights, read(dy));
      return found.map((data, i) => tf.tensor(data, inputs[i].shape));
    },
  ],
  products: [
    (plan, [values, locations, weights]) => swapped(sampleProducts(plan, swapped(values), locations, weights)),
    (plan, [values, locations, weights], dy) => {
      const byHead = [swapped(values), swapped(tf.reshape(dy, [plan.B, plan.N, plan.H, plan.D]))];
      const [dValues, ...rest] = sampleProductsBackward(plan, byHead[0], locations, weights, byHead[1]);
      // Now, so that the gradient takes their memory.
      tf.dispose(byHead);
      return [swapped(dValues), ...rest];
    },
  ],
  operations: [sampleForward, sampleBackward],
};

/** Swaps tokens and heads. */
const swapped = (x: Tensor): Tensor => tf.transpose(x, [0, 2, 1, 3]);

const read = (x: Tensor): Float32Array => x.dataSync() as Float32Array;

function sampleForward(plan: SamplingSizes, [values, locations, weights]: Tensor[]): Tensor {
  const flat = tf.reshape(values, [-1, plan.D]);
  const attention = tf.reshape(weights, [-1, plan.K]);
  return corners(plan, locations).reduce<Tensor | null>((sum, { rows, share }) => {
    const part = weighted(gather(flat, rows), tf.mul(attention, share));
    return sum ? tf.add(sum, part) : part;
  }, null) as Tensor;
}

function sampleBackward(plan: SamplingSizes, [values, locations, weights]: Tensor[], dy: Tensor): Tensor[] {
  const flat = tf.reshape(values, [-1, plan.D]);
  const attention = tf.reshape(weights, [-1, plan.K]);
  const column = tf.reshape(dy, [-1, plan.D, 1]);
  const parts = corners(plan, locations).map((corner) => {
    // Inner product of dy with the values at the corner: [B · N · H, K].
    const along = tf.reshape(tf.matMul(gather(flat, corner.rows), column as never), [-1, plan.K]);
    const updates = tf.mul(tf.expandDims(tf.mul(attention, corner.share), 2), tf.reshape(dy, [-1, 1, plan.D]));
    return {
      values: scatterRows(corner.rows, tf.reshape(updates, [-1, plan.D]), flat.shape[0]),
      weights: tf.mul(along, corner.share),
      x: tf.mul(along, corner.dx),
      y: tf.mul(along, corner.dy),
    };
  });
  const total = (part: "values" | "weights" | "x" | "y"): Tensor => tf.addN(parts.map((one) => one[part]));
  const [height, width] = extents(plan);
  const dLocations = [tf.mul(total("x"), width), tf.mul(total("y"), height)].map((d) => tf.mul(d, attention));
  return [
    tf.reshape(total("values"), values.shape),
    tf.reshape(tf.stack(dLocations, 2), locations.shape),
    tf.reshape(total("weights"), weights.shape),
  ];
}

/** Gathers rows [B · N · H, K] of a table [rows, D] as [B · N · H, K, D]. */
function gather(table: Tensor, rows: Tensor): Tensor {
  return tf.reshape(tf.gather(table, tf.reshape(rows, [-1]) as never), [...rows.shape, table.shape[1] as number]);
}

/** Returns Σ_k factors[i, k] samples[i, k, :]. */
function weighted(samples: Tensor, factors: Tensor): Tensor {
  return tf.sum(tf.mul(samples, tf.expandDims(factors, 2)), 1);
}

/** Returns height and width of the level of each sample of a query and head, [1, K]. */
function extents({ sizes, points, K }: SamplingSizes): [height: Tensor, width: Tensor] {
  const one = (index: 0 | 1): Tensor =>
    tf.tensor(
      sizes.flatMap((size) => new Array<number>(points).fill(size[index])),
      [1, K],
    );
  return [one(0), one(1)];
}

function corners(plan: SamplingSizes, locations: Tensor): Corner[] {
  const { H, K } = plan;
  const [height, width] = extents(plan);
  const [x, y] = tf.unstack(tf.reshape(locations, [-1, K, 2]), 2);
  const column = tf.sub(tf.mul(x, width), 0.5);
  const row = tf.sub(tf.mul(y, height), 0.5);
  const [left, top] = [tf.floor(column), tf.floor(row)];
  const [right, bottom] = [tf.sub(column, left), tf.sub(row, top)];
  const first = firstRows(plan);
  const corner = (dx: 0 | 1, dy: 0 | 1): Corner => {
    const [cx, cy] = [tf.add(left, dx), tf.add(top, dy)];
    const [sx, sy] = [dx ? right : tf.sub(1, right), dy ? bottom : tf.sub(1, bottom)];
    const inside = tf.mul(within(cx, width), within(cy, height));
    const token = tf.add(tf.mul(clamp(cy, height), width), clamp(cx, width));
    return {
      rows: tf.add(first, tf.mul(tf.cast(token, "int32"), tf.scalar(H, "int32"))),
      share: tf.mul(tf.mul(sx, sy), inside),
      dx: tf.mul(tf.mul(sy, inside), dx ? 1 : -1),
      dy: tf.mul(tf.mul(sx, inside), dy ? 1 : -1),
    };
  };
  return [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
}

const within = (x: Tensor, size: Tensor): Tensor =>
  tf.cast(tf.logicalAnd(tf.greaterEqual(x, 0), tf.less(x, size)), "float32");

const clamp = (x: Tensor, size: Tensor): Tensor => tf.maximum(tf.minimum(x, tf.sub(size, 1)), 0);

/** Returns the row of each level's first token, for every query and head of every picture, [B · N · H, K]. */
function firstRows({ B, N, H, K, S, sizes, points }: SamplingSizes): Tensor {
  const starts = sizes.map((_, l) => sizes.slice(0, l).reduce((sum, [height, width]) => sum + height * width, 0));
  const rows = new Int32Array(N * H * K);
  for (let i = 0; i < N * H; i++)
    starts.forEach((start, l) => rows.fill(start * H + (i % H), i * K + l * points, i * K + (l + 1) * points));
  const pictures = tf.mul(tf.range(0, B, 1, "int32"), tf.scalar(S * H, "int32"));
  const all = tf.add(tf.reshape(pictures, [B, 1, 1]), tf.tensor(rows, [1, N * H, K], "int32"));
  return tf.reshape(all, [B * N * H, K]);
}
