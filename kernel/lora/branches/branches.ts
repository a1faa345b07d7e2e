import type { Branch } from "./branch";
import { type InitSetting } from "./branch";
import type { AdapterConfig } from "../config";
import { DualBranch } from "./dual-branch";
import { EmbeddingBranch } from "./embedding-branch";
import { type AdaptableLayer, isLinearLayer } from "../layers";
import { DoraBranch, LoraBranch } from "./lora-branch";
import { MoeBranch } from "./moe-branch";
import type { LayerScale } from "../targets";

/** Makes the branch of a layer that a configuration describes. */
export function branchFor(layer: AdaptableLayer, scale: LayerScale, config: AdapterConfig, init: InitSetting): Branch {
  if (!isLinearLayer(layer))
    return new EmbeddingBranch(layer, scale, config.peftType === "LORA" && config.useDora, init);
  switch (config.peftType) {
    case "LORA":
      return config.useDora ? new DoraBranch(layer, scale, config, init) : new LoraBranch(layer, scale, config, init);
    case "DUAL_LORA":
      return new DualBranch(layer, scale, config, init);
    case "MOE_LORA":
      return new MoeBranch(layer, scale, config, init);
    default:
      return config satisfies never;
  }
}
