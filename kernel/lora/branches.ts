import { Branch, type InitSetting } from "./branch";
import type { AdapterConfig } from "./config";
import { DualBranch } from "./dual-branch";
import type { LinearLayer } from "./layers";
import { DoraBranch, LoraBranch } from "./lora-branch";
import { MoeBranch } from "./moe-branch";
import type { LayerScale } from "./targets";

/** The branch of a linear layer that a configuration describes. */
export function branchFor(layer: LinearLayer, scale: LayerScale, config: AdapterConfig, init: InitSetting): Branch {
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
