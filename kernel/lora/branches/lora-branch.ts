import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { zeros } from "../../nn/module/initializers";
import { allowCapture } from "../../nn/module/captured";
import { Linear } from "../../nn/layers/linear";
import { Parameter } from "../../nn/module/parameter";
import { Branch, type InitSetting, product, projection, update, widened } from "./branch";
import type { LoraConfig } from "../config";
import { type AdaptableLayer, type LinearLayer, weightOf } from "../layers";
import type { LayerScale } from "../targets";

/** y ← y + s B A dropout(x) (PEFT's `LoRA`), with A [r, in], B [out, r]. */
export class LoraBranch extends Branch {
  readonly lora_A: Linear;
  readonly lora_B: Linear;

  constructor(
    layer: LinearLayer,
    { r, scaling }: LayerScale,
    config: Pick<LoraConfig, "loraDropout" | "loraBias">,
    init: InitSetting,
  ) {
    super(r, scaling, config.loraDropout);
    const { inFeatures, outFeatures } = layer;
    this.lora_A = projection(inFeatures, r, "input", init);
    this.lora_B = config.loraBias ? biased(r, outFeatures, init) : projection(r, outFeatures, "output", init);
  }

  apply(x: Tensor, result: Tensor): Tensor {
    const y = widened(product(this.dropped(x), this.lora_A.weight.value), this.lora_B, this.scaling);
    const bias = this.mergedBias();
    return tf.add(result, bias ? tf.add(y, bias) : y);
  }

  merged(weight: Tensor): Tensor {
    return tf.add(weight, update(this.lora_A, this.lora_B, this.scaling));
  }

  override mergedBias(): Tensor | null {
    return this.lora_B.bias && tf.mul(this.lora_B.bias.value, this.scaling);
  }
}

function biased(r: number, outFeatures: number, init: InitSetting): Linear {
  const { weight } = projection(r, outFeatures, "output", init);
  const layer = new Linear(r, outFeatures, { weightInit: zeros, biasInit: zeros });
  layer.weight.assign(weight.value);
  weight.dispose();
  return layer;
}

/**
 * DoRA: W' = m ⊙ (W0 + s B A) / ‖W0 + s B A‖ with one length in m [out] per output (arXiv 2402.09353, equation 5). The
 * norm counts as a constant in the gradient (section 4.3 there), and W' is never built:
 *
 *     y ← y + (m/‖·‖ - 1) (y - b) + m/‖·‖ s B A x
 */
export class DoraBranch extends Branch {
  readonly lora_A: Linear;
  readonly lora_B: Linear;
  readonly lora_magnitude_vector: Parameter;
  readonly #layer: LinearLayer;

  constructor(
    layer: LinearLayer,
    { r, scaling }: LayerScale,
    config: Pick<LoraConfig, "loraDropout">,
    init: InitSetting,
  ) {
    super(r, scaling, config.loraDropout);
    this.#layer = layer;
    this.lora_A = projection(layer.inFeatures, r, "input", init);
    this.lora_B = projection(r, layer.outFeatures, "output", init);
    const norm = tf.tidy(() => lengths(layer, this.update()));
    this.lora_magnitude_vector = new Parameter(norm);
    norm.dispose();
  }

  private update(): Tensor {
    return update(this.lora_A, this.lora_B, this.scaling);
  }

  private ratio(): Tensor {
    return lengthRatio(this.lora_magnitude_vector.value, this.#layer, () => this.update());
  }

  apply(x: Tensor, result: Tensor): Tensor {
    const { bias } = this.#layer;
    const input = this.dropped(x);
    // Dropout changes the weight's input too (as in PEFT), so its product must be computed again.
    const own = this.drops ? product(input, weightOf(this.#layer)) : bias ? tf.sub(result, bias.value) : result;
    const ratio = this.ratio();
    const y = widened(product(input, this.lora_A.weight.value), this.lora_B, this.scaling);
    return tf.add(result, tf.add(tf.mul(tf.sub(ratio, 1), own), tf.mul(ratio, y)));
  }

  merged(weight: Tensor): Tensor {
    return tf.mul(tf.reshape(this.ratio(), [-1, 1]), tf.add(weight, this.update()));
  }
}

/**
 * Returns the length ‖W0 + Δ‖ of each output's row, [out], for an update [out, in]; runs inside the caller's `tf.tidy`.
 */
export function lengths(layer: AdaptableLayer, update: Tensor): Tensor {
  return tf.sqrt(tf.sum(tf.square(tf.add(weightOf(layer), update)), 1));
}

/**
 * Returns m / ‖W0 + Δ‖ with the gradient of m alone. The length counts as a constant (arXiv 2402.09353, section 4.3),
 * so the update is computed apart from the tape.
 */
export function lengthRatio(magnitude: Tensor, layer: AdaptableLayer, update: () => Tensor): Tensor {
  const divide = tf.customGrad((m, save) => {
    const norm = lengths(layer, update());
    (save as (tensors: Tensor[]) => void)([norm]);
    return { value: tf.div(m as Tensor, norm), gradFunc: (dy: Tensor, [norm]: Tensor[]) => tf.div(dy, norm) };
  });
  return divide(magnitude);
}

allowCapture(LoraBranch, { recipe: ({ recipe }) => recipe });
allowCapture(DoraBranch, { recipe: ({ recipe }) => recipe });
