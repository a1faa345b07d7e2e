import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Linear } from "../../nn/layers/linear";
import { Branch, type GatedBranch, type InitSetting, product, projection, widened } from "./branch";
import { type MoeLoraConfig, type Router } from "../config";
import { LoraError } from "../error";
import { softmax } from "./gates";
import type { LinearLayer } from "../layers";
import type { LayerScale } from "../targets";

/**
 * Mixture of K LoRA experts, a peer of Dual-LoRA in its paper (arXiv 2411.12787): y ← y + s Σ_k g_k(x) B_k A_k dropout(x),
 * where g comes from a linear router without bias. All experts share one A [K r, in] and one B [out, K r], expert by
 * expert, so they cost one product each way.
 */
export class MoeBranch extends Branch implements GatedBranch {
  /** Observer of the experts' weights [N, K] of every forward pass; {@link gateActivity} sets it. */
  watch: ((open: Tensor) => void) | null = null;
  readonly lora_A: Linear;
  readonly lora_B: Linear;
  readonly lora_router: Linear;
  readonly experts: number;
  readonly router: Router;
  readonly topK: number;

  constructor(
    { inFeatures, outFeatures }: LinearLayer,
    { r, scaling }: LayerScale,
    config: Pick<MoeLoraConfig, "loraDropout" | "experts" | "router" | "topK">,
    init: InitSetting,
  ) {
    super(r, scaling, config.loraDropout);
    this.experts = config.experts;
    this.router = config.router;
    this.topK = config.topK;
    this.lora_A = projection(inFeatures, config.experts * r, "input", init, r);
    this.lora_B = projection(config.experts * r, outFeatures, "output", init);
    this.lora_router = projection(inFeatures, config.experts, "input", { ...init, initLoraWeights: true });
  }

  get units(): number {
    return this.experts;
  }

  get activeAbove(): number {
    return this.router === "softmax" ? 1 / this.experts : 0;
  }

  apply(x: Tensor, result: Tensor): Tensor {
    const { experts, r } = this;
    const [units, logits] = this.projections(x);
    const open = this.route(logits);
    this.watch?.(open);
    const weighed = tf.mul(tf.reshape(units, [-1, experts, r]), tf.reshape(open, [-1, experts, 1]));
    return tf.add(result, widened(tf.reshape(weighed, [-1, experts * r]), this.lora_B, this.scaling));
  }

  /** Returns the experts' weights [N, K] for inputs [N, in]. */
  routing(x: Tensor): Tensor {
    return this.route(product(x, this.lora_router.weight.value));
  }

  private route(logits: Tensor): Tensor {
    switch (this.router) {
      case "softmax":
        return softmax(logits);
      case "top-k":
        return softmax(logits, this.topK);
      case "rectified":
        return tf.relu(logits);
      default:
        return this.router satisfies never;
    }
  }

  /** Returns every expert's A x and the router's logits, from one product over the input when nothing is dropped. */
  private projections(x: Tensor): [Tensor, Tensor] {
    const { lora_A: a, lora_router: router, experts, r } = this;
    if (this.drops) return [product(this.dropped(x), a.weight.value), product(x, router.weight.value)];
    const both = product(x, tf.concat([a.weight.value, router.weight.value], 0));
    return tf.split(both, [experts * r, experts], 1) as [Tensor, Tensor];
  }

  /**
   * Refuses, because a mixture's update depends on the input.
   *
   * @throws LoraError always
   */
  merged(): Tensor {
    throw new LoraError("lora.Adapters.merge", "a mixture's update depends on the input", "MOE_LORA");
  }
}
