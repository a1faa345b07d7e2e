import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import type { FullVitConfig, VitActivation } from "./config";

/** Norm over the last dimension. */
export type Norm = nn.LayerNorm | nn.RMSNorm;

/** Makes a norm of the configured kind. */
export function makeNorm({ normLayer, normEps: eps }: FullVitConfig, features: number): Norm {
  return normLayer === "rms" ? new nn.RMSNorm(features, { eps }) : new nn.LayerNorm(features, { eps });
}

/** Applies an activation to x [...], CLIP's among them. */
export function activateVit(x: Tensor, activation: VitActivation): Tensor {
  return activation === "quick-gelu" ? quickGelu(x) : nn.activate(x, activation);
}

/** Factor of the sigmoid that approximates GELU (arXiv 1606.08415, section 2). */
const QUICK = 1.702;

/** Returns x σ(1.702 x) with its derivative, as one operation. */
function quickGelu(x: Tensor): Tensor {
  const operation = tf.customGrad((x, save) => {
    (save as (tensors: Tensor[]) => void)([x as Tensor]);
    const gradFunc = (dy: Tensor, [x]: Tensor[]): Tensor => {
      const s = tf.sigmoid(tf.mul(x, QUICK));
      return tf.mul(dy, tf.mul(s, tf.add(tf.mul(tf.mul(x, QUICK), tf.sub(1, s)), 1)));
    };
    return { value: tf.mul(x as Tensor, tf.sigmoid(tf.mul(x as Tensor, QUICK))), gradFunc };
  });
  return operation(x);
}

/** Returns an initializer, or that of zeros where weights are loaded at once. */
export const drawnBy = ({ weightInit }: FullVitConfig, init: nn.Initializer): nn.Initializer =>
  weightInit === "skip" ? nn.zeros : init;

/** Makes a linear layer with timm's initial values (`init_weights_vit_timm`): N(0, 0.02) cut at ±2, biases 0. */
export const makeLinear = (config: FullVitConfig, inputs: number, outputs: number, bias: boolean): nn.Linear =>
  new nn.Linear(inputs, outputs, {
    bias,
    weightInit: drawnBy(config, nn.truncatedNormal(0, 0.02)),
    biasInit: nn.zeros,
  });
