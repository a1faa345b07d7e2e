import type { Tensor } from "../../backend/tensor";
import { drawn } from "../../backend/capture";
import { tf } from "../../backend/tf";
import type { Prng } from "../../numeric/prng";
import { allowCapture } from "../module/captured";
import { NnError } from "../error";
import { Module } from "../module/module";
import { sharedRandom } from "../module/random";

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
  return p === 0 ? x : dropSamples(x, p, () => random);
}

function dropSamples(x: Tensor, p: number, random: () => Prng): Tensor {
  const B = x.shape[0];
  const shape = [B, ...x.shape.slice(1).map(() => 1)];
  const factor = (): number => (random().next() < p ? 0 : 1 / (1 - p));
  const factors = drawn(shape, (shape) => tf.tensor(Float32Array.from({ length: shape[0] }, factor), shape));
  return tf.mul(x, factors);
}

/** Layer of {@link dropPath} in training, identity in evaluation. */
export class DropPath extends Module {
  constructor(readonly p: number) {
    super();
    checkShare("nn.DropPath", p);
  }

  /** Drops samples of x [B, ...] in training. */
  forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? dropSamples(x, this.p, sharedRandom) : x;
  }
}

function checkShare(fn: string, p: number): void {
  if (!(p >= 0 && p < 1)) throw new NnError(fn, "p must lie in [0, 1)", p);
}

allowCapture(DropPath, { recipe: ({ p, training }) => `${p} ${training}` });
