import { checkArguments } from "../rules/arguments";
import type { LanguageModel } from "../models/language-model";
import type { VitConfig } from "../models/vit/config";
import type { VisionTransformer } from "../models/vit/vit";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { RefineError } from "./error";

/** An encoder of a {@link RefineModel}: a vision transformer and the blocks whose output is used. */
export interface RefineEncoder {
  /** A loaded transformer, or the configuration of a new one. */
  vit: VisionTransformer | VitConfig;
  /**
   * Blocks whose outputs are concatenated by channels; negative ones count from the end. Default: the tokens after the final norm, as
   * in AIMv2.
   */
  indices?: readonly number[];
}

/** Parts of a {@link RefineModel}. */
export interface RefineConfig {
  /** Encoders on one grid; their tokens are concatenated by channels in this order. */
  encoders: readonly (RefineEncoder | VisionTransformer | VitConfig)[];
  /** Language model that receives the tokens. */
  languageModel: LanguageModel;
  /** Side of the square of tokens that become one. Default 2. */
  merge?: number;
  /** Layer norm before the connector's first layer. Default false. */
  connectorNorm?: boolean;
}

const NAMES: OptionNames<RefineConfig> = { encoders: true, languageModel: true, merge: true, connectorNorm: true };
const ENCODER_NAMES: OptionNames<RefineEncoder> = { vit: true, indices: true };

/**
 * Checks a configuration and writes each encoder in its long form.
 *
 * @throws RefineError for an unknown key, or no encoder
 */
export function fullRefineConfig(config: RefineConfig): Required<RefineConfig> & { encoders: RefineEncoder[] } {
  checkOptionNames("refine.RefineModel", config, NAMES, RefineError);
  const { encoders, languageModel, merge = 2, connectorNorm = false } = config;
  if (!Array.isArray(encoders) || !encoders.length)
    throw new RefineError("refine.RefineModel", "encoders must hold at least one", encoders);
  const kinds = { encoders: ["object"], languageModel: "module" } as const;
  checkArguments("refine.RefineModel", RefineError, { encoders, languageModel }, kinds);
  return { encoders: encoders.map(encoderOf), languageModel, merge, connectorNorm };
}

function encoderOf(given: RefineConfig["encoders"][number]): RefineEncoder {
  if (!("vit" in given)) return { vit: given };
  checkOptionNames("refine.RefineModel", given, ENCODER_NAMES, RefineError);
  return given;
}
