import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { fusedOperation, fusedOr } from "../operations/fused";
import { NnError } from "../error";

/**
 * Applies y = f(x) as one operation with its derivative in x; the tape of the formula would hold several tensors of x's
 * size.
 */
function elementwise(
  name: "gelu" | "geluTanh" | "silu",
  x: Tensor,
  f: (x: Tensor) => Tensor,
  derivative: (x: Tensor) => Tensor,
): Tensor {
  const gradient = (dy: Tensor, x: Tensor): Tensor =>
    fusedOr(`${name}/x`, [dy, x], {}, () => tf.mul(dy, derivative(x)));
  const y = fusedOperation({ name, inputs: { x }, gradients: (dy, [x]) => ({ x: () => gradient(dy, x) }) });
  if (y) return y;
  const operation = tf.customGrad((x, save) => {
    (save as (tensors: Tensor[]) => void)([x as Tensor]);
    return {
      value: f(x as Tensor),
      gradFunc: (dy: Tensor, [x]: Tensor[]) => tf.mul(dy, derivative(x)),
    };
  });
  return operation(x);
}

/** Returns Φ(x), the normal distribution's share below x. */
const normalShare = (x: Tensor): Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
const normalDensity = (x: Tensor): Tensor => tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));

/** Scale of Hendrycks and Gimpel's tanh form: tanh(√(2/π) (x + 0.044715 x³)). */
const SCALE = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;
const bend = (x: Tensor): Tensor => tf.tanh(tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), CUBE), 1)), SCALE));

function bendDerivative(x: Tensor): Tensor {
  const t = bend(x);
  const inner = tf.mul(tf.add(tf.mul(tf.square(x), 3 * CUBE), 1), SCALE);
  const slope = tf.mul(tf.sub(1, tf.square(t)), tf.mul(x, inner));
  return tf.mul(tf.add(tf.add(t, 1), slope), 0.5);
}

/**
 * Returns x Φ(x); `tanh` approximates it (arXiv 1606.08415; `torch.nn.functional.gelu`).
 *
 * @param x any shape
 * @param approximate default `none`
 */
export function gelu(x: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  checkArguments("nn.gelu", NnError, { x }, { x: "tensor" });
  if (approximate === "tanh")
    return elementwise("geluTanh", x, (x) => tf.mul(tf.mul(x, 0.5), tf.add(bend(x), 1)), bendDerivative);
  return elementwise(
    "gelu",
    x,
    (x) => tf.mul(x, normalShare(x)),
    (x) => tf.add(normalShare(x), tf.mul(x, normalDensity(x))),
  );
}

/** Returns x σ(x) (`torch.nn.functional.silu`). x of any shape. */
export function silu(x: Tensor): Tensor {
  checkArguments("nn.silu", NnError, { x }, { x: "tensor" });
  return elementwise(
    "silu",
    x,
    (x) => tf.mul(x, tf.sigmoid(x)),
    (x) => {
      const s = tf.sigmoid(x);
      return tf.mul(s, tf.add(tf.mul(x, tf.sub(1, s)), 1));
    },
  );
}

/** Returns max(x, 0), with PyTorch's gradient 0 at 0. x of any shape. */
export function relu(x: Tensor): Tensor {
  checkArguments("nn.relu", NnError, { x }, { x: "tensor" });
  return tf.relu(x);
}

/** Activation by its PyTorch name. */
export type Activation = "gelu" | "gelu-tanh" | "silu" | "relu";

/**
 * Applies an activation by its name to x [...].
 *
 * @throws NnError for an unknown name
 */
export function activate(x: Tensor, activation: Activation): Tensor {
  checkArguments("nn.activate", NnError, { x }, { x: "tensor" });
  switch (activation) {
    case "gelu":
      return gelu(x);
    case "gelu-tanh":
      return gelu(x, "tanh");
    case "silu":
      return silu(x);
    case "relu":
      return relu(x);
    default:
      throw new NnError("nn.activate", "activation must be gelu, gelu-tanh, silu or relu", activation satisfies never);
  }
}
