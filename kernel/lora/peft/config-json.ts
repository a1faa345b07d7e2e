/** Conversion between PEFT's keys in `adapter_config.json` and the configuration. */
import { type AdapterConfig, type AdapterOptions, configKeys, configOf, isPeftType, type PeftType } from "../config";
import { LoraError } from "../error";
import { isRecord } from "../../rules/json-text";

const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** PEFT keys that change an adapter's computation in unsupported ways; only these values can be read. */
const NEUTRAL: Record<string, readonly unknown[]> = {
  bias: ["none", "all", "lora_only"],
  target_parameters: [null],
  layer_replication: [null],
  alora_invocation_tokens: [null],
  use_qalora: [false],
  use_bdlora: [null],
  arrow_config: [null],
  kasa_config: [null],
  monteclora_config: [null],
  velora_config: [null],
};

/** Setting of a file that can be merged into a base, and not stand beside the layers of a model in memory; null for none. */
export function mergeOnly({ other }: AdapterConfig): string | null {
  return other.ensure_weight_tying ? "ensure_weight_tying true" : null;
}

/**
 * Initialisations that leave the base weight unchanged. The file holds the trained values, so they need not be
 * repeated.
 */
const HARMLESS_INITS = ["eva", "orthogonal", "mica"];

/**
 * Returns the configuration of a parsed `adapter_config.json`. Absent keys have PEFT's defaults; unknown ones are kept
 * in `other`.
 *
 * @throws LoraError for another kind of adapter, a value of the wrong type, or a setting that changes the computation
 *   in an unsupported way
 */
export function configFromJson(fn: string, json: unknown): AdapterConfig {
  if (!isRecord(json)) throw new LoraError(fn, "adapter_config.json must hold an object", json);
  const given = json as Record<string, unknown>;
  const { peft_type: peftType } = given;
  if (!isPeftType(peftType)) throw new LoraError(fn, "peft_type must be LORA, DUAL_LORA or MOE_LORA", peftType);
  for (const [key, legal] of Object.entries(NEUTRAL)) {
    const value = given[key] ?? null;
    if (value !== null && !legal.includes(value))
      throw new LoraError(fn, `${key} is supported only as ${legal.map(String).join(" or ")}`, value);
  }
  const keys = ownKeys(peftType);
  const options = keys.map((key) => [key, given[snakeCase(key)] ?? undefined] as const);
  const used = new Set([...keys.map(snakeCase), "peft_type"]);
  const other = Object.fromEntries(Object.entries(given).filter(([key]) => !used.has(key)));
  const init = initOf(fn, given.init_lora_weights);
  return configOf(fn, { ...Object.fromEntries(options), ...init, peftType, other } as AdapterOptions);
}

/** Configuration keys that a file stores under the same name. */
const ownKeys = (type: PeftType): string[] => configKeys(type).filter((key) => key !== "other");

/**
 * Reads the initialisation. PEFT's other initialisations take a part out of the base weight, which a file of A and B
 * does not show.
 */
function initOf(fn: string, value: unknown): { initLoraWeights?: boolean } {
  if (typeof value !== "string" || value === "gaussian") return {};
  if (HARMLESS_INITS.includes(value)) return { initLoraWeights: true };
  throw new LoraError(
    fn,
    "init_lora_weights must leave the base weight as it is: let PEFT convert the adapter when saving",
    value,
  );
}

/** Returns the object of `adapter_config.json`; kept keys come last. */
export function configToJson(config: AdapterConfig): Record<string, unknown> {
  const { peftType, other, ...rest } = config;
  const own = Object.entries(rest).map(([key, value]) => [snakeCase(key), value] as const);
  return { peft_type: peftType, ...Object.fromEntries(own), bias: "none", ...other };
}
