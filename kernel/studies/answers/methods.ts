import type { AdapterOptions } from "../../lora";

/** Parts that a method trains besides the projector. */
export interface AnswerMethod {
  name: string;
  /** Fuse the levels by VCE. */
  vce: boolean;
  /** Adapter on the language model's attention in the second stage; null for none. */
  adapter: AdapterOptions | null;
  /** Hide every picture from the model, which leaves the words alone. Default false. */
  blind?: boolean;
}

/**
 * Options of all adapters: query and value of every layer, as in the paper; no dropout, so that methods differ only in
 * their form.
 */
const SHARED = { targetModules: ["q_proj", "v_proj"], loraDropout: 0 };
const EXPERTS = 4;

/**
 * Returns the compared methods. LoRA has 1.5 times the rank of Dual-LoRA, which gives as many values except for the
 * norms; a mixture of four experts has the nearest rank.
 *
 * @param rank even rank of Dual-LoRA; default 16
 */
export function answerMethods(rank = 16): AnswerMethod[] {
  const scaled = (r: number): { r: number; loraAlpha: number } => ({ r, loraAlpha: 2 * r });
  const lora: AdapterOptions = { ...SHARED, ...scaled(1.5 * rank) };
  const moe: AdapterOptions = {
    ...SHARED,
    ...scaled(Math.round((1.5 * rank) / EXPERTS)),
    peftType: "MOE_LORA",
    experts: EXPERTS,
  };
  const dual: AdapterOptions = { ...SHARED, ...scaled(rank), peftType: "DUAL_LORA" };
  return [
    { name: "words alone, LoRA", vce: false, adapter: lora, blind: true },
    { name: "projector", vce: false, adapter: null },
    { name: "LoRA", vce: false, adapter: lora },
    { name: "MoE-LoRA", vce: false, adapter: moe },
    { name: "Dual-LoRA", vce: false, adapter: dual },
    { name: "VCE", vce: true, adapter: null },
    { name: "VCE + Dual-LoRA", vce: true, adapter: dual },
  ];
}
