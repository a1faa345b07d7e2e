import type { Module } from "../../nn/module/module";
import type { Branch, GatedBranch, InitSetting } from "./branch";
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

/** Returns the branches with gates by the name of their layer; a layer under two names appears once. */
export function gatedBranches(parts: ReadonlyMap<string, Module>): Map<string, GatedBranch> {
  const gates = new Map<string, GatedBranch>();
  for (const [path, part] of parts) if (isGated(part) && ![...gates.values()].includes(part)) gates.set(path, part);
  return gates;
}

function isGated(part: Module): part is Module & GatedBranch {
  return part instanceof MoeBranch || (part instanceof DualBranch && part.gate !== "none");
}
