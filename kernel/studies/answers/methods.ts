import type { AdapterOptions } from "../../lora";

/** What is trained beside the projector. */
export interface AnswerMethod {
  name: string;
  /** Whether VCE fuses the levels. */
  vce: boolean;
  /** On the language model's attention in the second stage. */
  adapter: AdapterOptions | null;
  /** The model never sees a picture: what words alone give. */
  blind?: boolean;
}

/** Query and value of every layer, as the paper; nothing dropped, so that methods differ by their form alone. */
const SHARED = { targetModules: ["q_proj", "v_proj"], loraDropout: 0 };
const EXPERTS = 4;

/**
 * The methods that are compared. LoRA has 1.5 times the rank of Dual-LoRA, which is as many values but for the norms; a
 * mixture of four experts has the rank that comes nearest.
 *
 * @param rank of Dual-LoRA; default 16, even
 */
export function answerMethods(rank = 16): AnswerMethod[] {
  const scaled = (r: number): { r: number; loraAlpha: number } => ({ r, loraAlpha: 2 * r });
  const lora: AdapterOptions = { ...SHARED, ...scaled(1.5 * rank) };
  const moe: AdapterOptions = {
    ...{ ...SHARED, ...scaled(Math.round((1.5 * rank) / EXPERTS)) },
    ...{ peftType: "MOE_LORA", experts: EXPERTS },
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
