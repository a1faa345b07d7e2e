import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Embedding } from "../../nn/layers/embedding";
import { normal, zeros } from "../../nn/module/initializers";
import { Parameter } from "../../nn/module/parameter";
import { gatherRows } from "../../nn/operations/rows";
import { Branch, type InitSetting, product } from "./branch";
import { lengthRatio, lengths } from "./lora-branch";
import type { LayerScale } from "../targets";

/**
 * LoRA and DoRA on an embedding: a token's vector gets s B A[:, token]. Initially A [r, count] is zero and B [features,
 * r] normal, the reverse of a linear layer. Nothing is dropped, as in PEFT.
 */
export class EmbeddingBranch extends Branch {
  readonly lora_embedding_A: Parameter;
  readonly lora_embedding_B: Parameter;
  /** Length of each output; null without DoRA. */
  readonly lora_magnitude_vector: Parameter | null;
  readonly #layer: Embedding;

  constructor(
    layer: Embedding,
    { r, scaling }: LayerScale,
    useDora: boolean,
    { initLoraWeights, random }: InitSetting,
  ) {
    super(r, scaling, 0);
    this.#layer = layer;
    this.lora_embedding_A = new Parameter([r, layer.count], initLoraWeights === false ? normal() : zeros, random);
    this.lora_embedding_B = new Parameter([layer.features, r], normal(), random);
    const norm = useDora ? tf.tidy(() => lengths(layer, this.update())) : null;
    this.lora_magnitude_vector = norm && new Parameter(norm);
    norm?.dispose();
  }

  /** Returns s B A, [features, count]. */
  private update(): Tensor {
    const { lora_embedding_A: a, lora_embedding_B: b, scaling } = this;
    return tf.mul(tf.matMul(b.value as never, a.value as never), scaling);
  }

  private ratio(magnitude: Parameter): Tensor {
    return lengthRatio(magnitude.value, this.#layer, () => this.update());
  }

  apply(indices: Tensor, result: Tensor): Tensor {
    const rows = gatherRows(tf.transpose(this.lora_embedding_A.value), indices);
    const added = tf.add(result, tf.mul(product(rows, this.lora_embedding_B.value), this.scaling));
    return this.lora_magnitude_vector ? tf.mul(added, this.ratio(this.lora_magnitude_vector)) : added;
  }

  merged(weight: Tensor): Tensor {
    const adapted = tf.add(weight, this.update());
    if (!this.lora_magnitude_vector) return adapted;
    return tf.mul(tf.reshape(this.ratio(this.lora_magnitude_vector), [-1, 1]), adapted);
  }
}
