import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { checkOptionNames } from "../../rules/option-names";
import { NnError } from "../error";

/**
 * Applies rotary position embedding (arXiv 2104.09864) in Llama's half-split layout. With the halves x = [x₁, x₂] of a
 * head:
 *
 *     [x₁ cos - x₂ sin, x₂ cos + x₁ sin],  angle of feature i at token n = (n + first) θ^(-2i/d)
 *
 * The gradient is the inverse rotation.
 *
 * @param x [..., N, d], d even
 * @param options `theta` default 10000; `first` position of the first token, default 0
 * @throws NnError for an unknown option, or an odd number of features
 */
export function rotary(x: Tensor, options: { theta?: number; first?: number } = {}): Tensor {
  checkArguments("nn.rotary", NnError, { x }, { x: "tensor" });
  checkOptionNames("nn.rotary", options, { theta: true, first: true }, NnError);
  const { theta = 10_000, first = 0 } = options;
  const [N, d] = x.shape.slice(-2) as [number, number];
  if (d % 2 !== 0) throw new NnError("nn.rotary", "heads must have an even number of features", d);
  const { cos, sin } = angles(N, d, theta, first);
  const operation = tf.customGrad((x, save) => {
    (save as (tensors: Tensor[]) => void)([cos, sin]);
    const gradFunc = (dy: Tensor, [cos, sin]: Tensor[]): Tensor => rotate(dy, cos, tf.neg(sin));
    return { value: rotate(x as Tensor, cos, sin), gradFunc };
  });
  return operation(x);
}

/** Returns x cos + turned sin, where turned = [-x₂, x₁]. */
function rotate(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const [low, high] = tf.split(x, 2, -1);
  return tf.add(tf.mul(x, cos), tf.mul(tf.concat([tf.neg(high), low], -1), sin));
}

/** Returns cosines and sines [N, d], each angle twice. */
function angles(N: number, d: number, theta: number, first: number): { cos: Tensor; sin: Tensor } {
  const [cos, sin] = [new Float32Array(N * d), new Float32Array(N * d)];
  for (let n = 0; n < N; n++)
    for (let i = 0; i < d; i++) {
      const angle = (n + first) * theta ** ((-2 * (i % (d / 2))) / d);
      cos[n * d + i] = Math.cos(angle);
      sin[n * d + i] = Math.sin(angle);
    }
  return { cos: tf.tensor(cos, [N, d]), sin: tf.tensor(sin, [N, d]) };
}
