import { checkArguments } from "../../rules/arguments";
import { readSafetensors } from "../../safetensors/safetensors";
import { existsSync } from "../../platform/files";
import { dirname, join } from "../../platform/path";
import {
  type AdapterConfig,
  type AdapterOptions,
  configOf,
  type DualLoraConfig,
  isPlain,
  type LoraConfig,
  sharedOf,
} from "../config";
import { describeFile, guessConfig } from "./describe";
import { convertTensors, type FloatDtype } from "./dtypes";
import { LoraError } from "../error";
import { type AdapterFile, CONFIG_FILE, MODEL_FILE, placeOf, readConfig, type ReadAdapterOptions } from "./file";
import { standardKeys } from "./keys";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Options of `lora.convert`. */
export interface ConvertOptions extends ReadAdapterOptions {
  /** Type of the written tensors. Default: unchanged. */
  dtype?: FloatDtype;
  /** Kind of the result: LORA for a Dual-LoRA without gate and norm, DUAL_LORA for plain LoRA. Default: unchanged. */
  type?: "LORA" | "DUAL_LORA";
}

const FN = "lora.convert";

/** Scaling that the release of Dual-LoRA's authors applies, whatever its configuration says. */
const AUTHORS_SCALING = 2;

/**
 * Converts a similar adapter into PEFT's form: names of Dual-LoRA's authors, keys without prefix or with an adapter's
 * name, another type of tensors, plain LoRA under either kind.
 *
 * @param path a folder, or a safetensors file with the authors' names and no configuration
 * @throws LoraError where the result would compute something else
 */
export async function convert(path: string, options: ConvertOptions = {}): Promise<AdapterFile> {
  checkArguments("lora.convert", LoraError, { path }, { path: "string" });
  checkOptionNames(FN, options, NAMES, LoraError);
  const isFile = path.endsWith(".safetensors");
  const place = isFile ? dirname(path) : await placeOf(FN, path, options.adapter);
  const stored = await readSafetensors(isFile ? path : join(place, MODEL_FILE));
  const tensors = standardKeys(FN, stored.tensors, options);
  const known = existsSync(join(place, CONFIG_FILE)) ? await readConfig(FN, place) : null;
  if (!known && !options.authorsNames) throw new LoraError(FN, `${CONFIG_FILE} must lie beside the file`, path);
  const own = options.authorsNames ? authorsConfig(guessConfig(FN, tensors), known) : (known as AdapterConfig);
  const config = retyped(own, options.type);
  describeFile(FN, config, tensors);
  return {
    config,
    tensors: options.dtype ? convertTensors(tensors, options.dtype) : tensors,
    metadata: stored.metadata,
  };
}

/**
 * Returns the configuration of the authors' file from its tensors, with the alpha and scaling of their forward pass.
 */
function authorsConfig(guess: AdapterConfig, known: AdapterConfig | null): AdapterConfig {
  if (guess.peftType !== "DUAL_LORA")
    throw new LoraError(FN, "a file with the authors' names must hold lora_T or lora_layer_norm", guess.peftType);
  const { targetModules, loraDropout = 0.05, baseModelNameOrPath = null, other = {} } = known ?? guess;
  const shared = { targetModules, loraDropout, baseModelNameOrPath, other };
  return { ...guess, ...shared, loraAlpha: AUTHORS_SCALING * guess.r, scaling: AUTHORS_SCALING };
}

function retyped(config: AdapterConfig, type: ConvertOptions["type"]): AdapterConfig {
  if (type === undefined || type === config.peftType) return config;
  if (type === "LORA") return asLora(config);
  if (config.peftType !== "LORA" || config.useDora || config.loraBias)
    throw new LoraError(FN, "only LoRA without DoRA and bias is a DUAL_LORA", config.peftType);
  return { ...sharedOf(config), peftType: "DUAL_LORA", gate: "none", useNorm: false, gateBlocks: 1, scaling: null };
}

function asLora(config: AdapterConfig): LoraConfig {
  if (!isPlain(config)) throw new LoraError(FN, "only a DUAL_LORA without gate and norm is LORA", config.peftType);
  const { scaling } = config as DualLoraConfig;
  const shared = sharedOf(config);
  if (scaling !== null && Object.keys(shared.rankPattern).length)
    throw new LoraError(FN, "a given scaling together with rankPattern has no alpha", scaling);
  const alpha = scaling === null ? {} : { loraAlpha: scaling * shared.r, useRslora: false, alphaPattern: {} };
  return configOf(FN, { ...shared, ...alpha, peftType: "LORA" } as AdapterOptions) as LoraConfig;
}

const NAMES: OptionNames<ConvertOptions> = {
  dtype: true,
  type: true,
  adapter: true,
  addPrefix: true,
  adapterName: true,
  stripWrappers: true,
  authorsNames: true,
};
