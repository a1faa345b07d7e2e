import { product } from "../../numeric";
import { allowCapture } from "../module/captured";
import type { Tensor } from "../../backend/tensor";
import { drawn } from "../../backend/capture";
import { tf } from "../../backend/tf";
import type { Prng } from "../../numeric/prng";
import { NnError } from "../error";
import { Module } from "../module/module";
import { sharedRandom } from "../module/random";

/**
 * Sets each value to 0 with probability `p` and scales the others by 1 / (1 - p). The mask comes from the host's
 * generator, so it is the same on every device and after a resume.
 *
 * @param x any shape
 * @param random default the shared generator
 * @throws NnError unless p lies in [0, 1)
 */
export function dropout(x: Tensor, p: number, random?: Prng): Tensor {
  if (!(p >= 0 && p < 1)) throw new NnError("nn.dropout", "p must lie in [0, 1)", p);
  if (p === 0) return x;
  // The shared generator of each call: a captured computation draws again, perhaps after a new seed.
  const factors = draw(x.shape, p, () => random ?? sharedRandom());
  return tf.mul(x, factors);
}

/** Draws the factors: 0 with probability p, else 1 / (1 - p). */
function draw(shape: number[], p: number, random: () => Prng): Tensor {
  return drawn(shape, (shape) => {
    const kept = new Float32Array(product(shape));
    for (let i = 0; i < kept.length; i++) kept[i] = random().next() < p ? 0 : 1 / (1 - p);
    return tf.tensor(kept, shape);
  });
}

/** Layer of {@link dropout} in training, identity in evaluation (`torch.nn.Dropout`). */
export class Dropout extends Module {
  /** @throws NnError for a `p` outside [0, 1) */
  constructor(readonly p = 0.5) {
    super();
    if (!(p >= 0 && p < 1)) throw new NnError("nn.Dropout", "p must lie in [0, 1)", p);
  }

  /** Applies dropout in training. x of any shape. */
  forward(x: Tensor): Tensor {
    const factors = this.factors(x.shape);
    return factors ? tf.mul(x, factors) : x;
  }

  /** Draws factors for a tensor of a shape, to multiply with; null where nothing is dropped. */
  factors(shape: number[]): Tensor | null {
    return this.training && this.p > 0 ? draw(shape, this.p, sharedRandom) : null;
  }
}

allowCapture(Dropout, { recipe: ({ p, training }) => `${p} ${training}` });
