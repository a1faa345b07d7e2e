import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Prng } from "../prng";
import { NnError } from "./error";
import { Module } from "./module";
import { sharedRandom } from "./random";

/**
 * Sets each sample of a batch to 0 with probability `p` and scales the others by 1 / (1 - p) (stochastic depth, arXiv
 * 1603.09382; timm's `drop_path`). The mask comes from the host's generator, so it is the same on every device and after a resume.
 *
 * @param x [B, ...]
 * @param random default the shared generator
 * @throws NnError unless p lies in [0, 1)
 */
export function dropPath(x: Tensor, p: number, random: Prng = sharedRandom()): Tensor {
  checkShare("nn.dropPath", p);
  if (p === 0) return x;
  const B = x.shape[0];
  const kept = Float32Array.from({ length: B }, () => (random.next() < p ? 0 : 1 / (1 - p)));
  return tf.mul(x, tf.tensor(kept, [B, ...x.shape.slice(1).map(() => 1)]));
}

/** Layer of {@link dropPath} in training, identity in evaluation. */
export class DropPath extends Module {
  constructor(readonly p: number) {
    super();
    checkShare("nn.DropPath", p);
  }

  /** Drops samples of x [B, ...] in training. */
  forward(x: Tensor): Tensor {
    return this.training ? dropPath(x, this.p) : x;
  }
}

function checkShare(fn: string, p: number): void {
  if (!(p >= 0 && p < 1)) throw new NnError(fn, "p must lie in [0, 1)", p);
}
