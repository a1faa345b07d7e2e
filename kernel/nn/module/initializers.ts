import { product } from "../../numeric";
import type { Prng } from "../../numeric/prng";
import { NnError } from "../error";

/** Function that fills a new parameter of a shape. */
export type Initializer = (shape: readonly number[], random: Prng) => Float32Array;

const filled =
  (draw: (random: Prng) => number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: product(shape) }, () => draw(random));

/** Fills with `value`. */
export const constant = (value: number): Initializer => filled(() => value);
/** Fills with 0. */
export const zeros: Initializer = constant(0);
/** Fills with 1. */
export const ones: Initializer = constant(1);

/** Fills uniformly in [low, high). */
export const uniform = (low: number, high: number): Initializer => filled((random) => random.range(low, high));

/** Fills from a normal distribution. */
export const normal = (mean = 0, std = 1): Initializer => filled((random) => mean + std * random.normal());

/**
 * Fills from a normal distribution, drawn again outside [low, high] (`torch.nn.init.trunc_normal_`: the bounds are
 * values, not numbers of standard deviations).
 *
 * @throws NnError for bounds that the normal does not reach
 */
export const truncatedNormal = (mean = 0, std = 1, low = -2, high = 2): Initializer => {
  if ((low - mean) / std > 4 || (high - mean) / std < -4 || !(low < high))
    throw new NnError("nn.truncatedNormal", "low < high must hold values that the normal reaches", [low, high]);
  return filled((random) => {
    for (;;) {
      const value = mean + std * random.normal();
      if (value >= low && value <= high) return value;
    }
  });
};

/** Returns inputs and outputs of a weight [out, in, …]; further dimensions count as receptive field. */
function fans(fn: string, shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length < 2) throw new NnError(fn, "the shape needs at least two dimensions", [...shape]);
  const field = product(shape.slice(2));
  return { fanIn: shape[1] * field, fanOut: shape[0] * field };
}

/**
 * Fills from U(-b, b) with b = √(6 / ((1 + a²) fan_in)) (`torch.nn.init.kaiming_uniform_`, leaky ReLU). With `a` = √5,
 * PyTorch's default for linear layers, b = 1/√fan_in.
 */
export const kaimingUniform =
  (a = Math.sqrt(5)): Initializer =>
  (shape, random) => {
    const bound = Math.sqrt(6 / ((1 + a * a) * fans("nn.kaimingUniform", shape).fanIn));
    return uniform(-bound, bound)(shape, random);
  };

/** Fills from U(-b, b) with b = gain √(6 / (fan_in + fan_out)) (`torch.nn.init.xavier_uniform_`). */
export const xavierUniform =
  (gain = 1): Initializer =>
  (shape, random) => {
    const { fanIn, fanOut } = fans("nn.xavierUniform", shape);
    const bound = gain * Math.sqrt(6 / (fanIn + fanOut));
    return uniform(-bound, bound)(shape, random);
  };

/** Fills from N(0, gain² · 2 / (fan_in + fan_out)) (`torch.nn.init.xavier_normal_`). */
export const xavierNormal =
  (gain = 1): Initializer =>
  (shape, random) => {
    const { fanIn, fanOut } = fans("nn.xavierNormal", shape);
    return normal(0, gain * Math.sqrt(2 / (fanIn + fanOut)))(shape, random);
  };
