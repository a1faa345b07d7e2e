import { LoraError } from "./error";
import { checkArguments } from "../rules/arguments";
import { product } from "../numeric";
import { type AdapterConfig, type AdapterOptions, configOf } from "./config";

/** Sizes of a linear layer. */
export interface LayerSizes {
  inFeatures: number;
  outFeatures: number;
}

/** Returns the tensors of an adapter of rank r on one linear layer, by their names below the layer's. */
export function tensorShapes(config: AdapterConfig, r: number, layer: LayerSizes): Map<string, number[]> {
  const { inFeatures, outFeatures } = layer;
  switch (config.peftType) {
    case "LORA":
      return new Map([
        ["lora_A.weight", [r, inFeatures]],
        ["lora_B.weight", [outFeatures, r]],
        ...(config.loraBias ? ([["lora_B.bias", [outFeatures]]] as const) : []),
        ...(config.useDora ? ([["lora_magnitude_vector", [outFeatures]]] as const) : []),
      ] as [string, number[]][]);
    case "DUAL_LORA":
      return new Map([
        ["lora_A.weight", [r, inFeatures]],
        ["lora_B.weight", [outFeatures, r]],
        ...(config.gate === "none" ? [] : ([["lora_T.weight", [r, inFeatures]]] as const)),
        ...(config.useNorm ? (["weight", "bias"] as const).map((part) => [`lora_norm.${part}`, [r]] as const) : []),
      ] as [string, number[]][]);
    case "MOE_LORA":
      return new Map([
        ["lora_A.weight", [config.experts * r, inFeatures]],
        ["lora_B.weight", [outFeatures, config.experts * r]],
        ["lora_router.weight", [config.experts, inFeatures]],
      ]);
    default:
      return config satisfies never;
  }
}

/**
 * Returns the number of values that an adapter trains on one linear layer. LoRA: r (in + out), with DoRA or a bias out
 * more; Dual-LoRA: r (2 in + out) + 2 r; a mixture: K r (in + out) + K in.
 *
 * @throws LoraError for an invalid option
 */
export function parameterCount(options: AdapterOptions, layer: LayerSizes): number {
  checkArguments("lora.parameterCount", LoraError, { options, layer }, { options: "object", layer: "object" });
  const config = configOf("lora.parameterCount", options);
  const shapes = [...tensorShapes(config, config.r, layer).values()];
  return shapes.reduce((sum, shape) => sum + product(shape), 0);
}
