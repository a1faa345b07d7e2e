import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Prng } from "../prng";
import { NnError } from "./error";
import { Module } from "./module";
import { sharedRandom } from "./random";

/**
 * Sets each value to 0 with probability `p` and scales the others by 1 / (1 - p). The mask comes from the host's
 * generator, so it is the same on every device and after a resume.
 *
 * @param x any shape
 * @param random default the shared generator
 * @throws NnError unless p lies in [0, 1)
 */
export function dropout(x: Tensor, p: number, random: Prng = sharedRandom()): Tensor {
  if (!(p >= 0 && p < 1)) throw new NnError("nn.dropout", "p must lie in [0, 1)", p);
  if (p === 0) return x;
  const kept = new Float32Array(x.size);
  for (let i = 0; i < kept.length; i++) kept[i] = random.next() < p ? 0 : 1 / (1 - p);
  return tf.mul(x, tf.tensor(kept, x.shape));
}

/** Layer of {@link dropout} in training, identity in evaluation (`torch.nn.Dropout`). */
export class Dropout extends Module {
  constructor(readonly p = 0.5) {
    super();
    if (!(p >= 0 && p < 1)) throw new NnError("nn.Dropout", "p must lie in [0, 1)", p);
  }

  /** Applies dropout in training. x of any shape. */
  forward(x: Tensor): Tensor {
    return this.training ? dropout(x, this.p) : x;
  }
}
