import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { allowCapture } from "../../nn/module/captured";
import type { Linear } from "../../nn/layers/linear";
import { LayerNorm } from "../../nn/layers/norm";
import { Branch, type GatedBranch, type InitSetting, product, projection, update, widened } from "./branch";
import type { DualLoraConfig, Gate } from "../config";
import { gateOf } from "./gates";
import type { LinearLayer } from "../layers";
import type { LayerScale } from "../targets";

/**
 * Dual-LoRA (Jiao et al., arXiv 2411.12787): y ← y + s B (gate(T x) ⊙ LN(A dropout(x))). A [r, in] projects into the
 * skill space, T [r, in] projects into the task space that opens the units, B [out, r] projects back.
 */
export class DualBranch extends Branch implements GatedBranch {
  /** Observer of the openings [N, r] of every forward pass; {@link gateActivity} sets it. */
  watch: ((open: Tensor) => void) | null = null;
  readonly lora_A: Linear;
  readonly lora_B: Linear;
  /** Task projection; null without a gate. */
  readonly lora_T: Linear | null;
  /** Norm of the skill space with eps 1e-5; null without the norm. */
  readonly lora_norm: LayerNorm | null;
  readonly gate: Gate;
  readonly gateBlocks: number;

  constructor(
    { inFeatures, outFeatures }: LinearLayer,
    { r, scaling }: LayerScale,
    config: Pick<DualLoraConfig, "loraDropout" | "gate" | "gateBlocks" | "useNorm">,
    init: InitSetting,
  ) {
    super(r, scaling, config.loraDropout);
    this.gate = config.gate;
    this.gateBlocks = config.gateBlocks;
    this.lora_A = projection(inFeatures, r, "input", init);
    this.lora_T = this.gate === "none" ? null : projection(inFeatures, r, "input", init);
    this.lora_B = projection(r, outFeatures, "output", init);
    this.lora_norm = config.useNorm ? new LayerNorm(r) : null;
  }

  get units(): number {
    return this.r;
  }

  get activeAbove(): number {
    return this.gate === "sigmoid" ? 0.5 : this.gate === "softmax-blocks" ? this.gateBlocks / this.r : 0;
  }

  apply(x: Tensor, result: Tensor): Tensor {
    const { skill, open } = this.spaces(x);
    if (open) this.watch?.(open);
    return tf.add(result, widened(open ? tf.mul(open, skill) : skill, this.lora_B, this.scaling));
  }

  /** Returns the gate's openings [N, r] for inputs [N, in]; null without a gate. */
  openings(x: Tensor): Tensor | null {
    if (!this.lora_T || this.gate === "none") return null;
    return gateOf(this.gate, this.gateBlocks, product(x, this.lora_T.weight.value));
  }

  private spaces(x: Tensor): { skill: Tensor; open: Tensor | null } {
    const { gate, lora_norm: norm } = this;
    const [a, t] = this.projections(x);
    const skill = norm ? norm.forward(a) : a;
    return { skill, open: t && gate !== "none" ? gateOf(gate, this.gateBlocks, t) : null };
  }

  /** Returns A dropout(x) and T x, from one product over the input when nothing is dropped. */
  private projections(x: Tensor): [Tensor, Tensor | null] {
    const { lora_A: a, lora_T: t, r } = this;
    if (!t) return [product(this.dropped(x), a.weight.value), null];
    if (this.drops) return [product(this.dropped(x), a.weight.value), product(x, t.weight.value)];
    const both = product(x, tf.concat([a.weight.value, t.weight.value], 0));
    return tf.split(both, [r, r], 1) as [Tensor, Tensor];
  }

  merged(weight: Tensor): Tensor {
    return tf.add(weight, update(this.lora_A, this.lora_B, this.scaling));
  }
}

allowCapture(DualBranch, {
  // An observer wants the values of each call.
  recipe: ({ watch, recipe, gate, gateBlocks }) => (watch ? null : `${recipe} ${gate} ${gateBlocks}`),
});
