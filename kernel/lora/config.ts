import { LoraError } from "./error";
import { isRecord } from "../rules/json-text";

/** Options of every kind of adapter, with PEFT's names in camel case. */
export interface SharedConfig {
  /** Rank; of each expert in a mixture. Default 8, for Dual-LoRA 32. */
  r: number;
  /** Numerator of the scaling alpha / r, or alpha / √r with `useRslora`. Default 8, for Dual-LoRA 64. */
  loraAlpha: number;
  /** Share of the input's values that training drops before A. Default 0, for Dual-LoRA 0.05. */
  loraDropout: number;
  /** Scale by alpha / √r instead of alpha / r (Kalajdzievski, arXiv 2312.03732). Default false. */
  useRslora: boolean;
  /**
   * Layers to adapt: names or ends of names after a dot, one regular expression over the whole name, or `all-linear`.
   * Dual-LoRA's default is the paper's `["q_proj", "v_proj"]`.
   */
  targetModules: string | string[];
  /** Layers to exclude, in the same forms; takes precedence. Default null. */
  excludeModules: string | string[] | null;
  /** Numbers of the layers to adapt, compared with the first numbered part of a name. Default null: all. */
  layersToTransform: number | number[] | null;
  /** Name part before that number, such as `layers`. Default null: any. */
  layersPattern: string | string[] | null;
  /** Modules of which the adapter trains and stores a whole copy. Default null. */
  modulesToSave: string[] | null;
  /** Ranks by regular expression over the end of a layer's name; the first match counts. Default: none. */
  rankPattern: Record<string, number>;
  /** Alphas by the same rule. Default: none. */
  alphaPattern: Record<string, number>;
  /**
   * Initial values. True: A uniform in ±1/√in and B zero; `gaussian`: A normal with standard deviation 1/r and B zero;
   * false: both nonzero. Default true.
   */
  initLoraWeights: boolean | "gaussian";
  /** Base weights are stored [in, out] in the file, as in GPT-2; in memory the kind of layer decides. Default false. */
  fanInFanOut: boolean;
  /** Name of the base model, for people. Default null. */
  baseModelNameOrPath: string | null;
  /** Unknown keys of a file, kept for the next writing. */
  other: Record<string, unknown>;
}

/**
 * Options of LoRA, y = W0 x + s B A x (Hu et al., arXiv 2106.09685); `useDora` splits the weight into length and
 * direction.
 */
export interface LoraConfig extends SharedConfig {
  peftType: "LORA";
  /** Use DoRA (Liu et al., arXiv 2402.09353). Default false. */
  useDora: boolean;
  /** Give B a bias. Default false. */
  loraBias: boolean;
}

/** Gate by which Dual-LoRA's task space opens the skill space. */
export type Gate = "relu" | "sigmoid" | "softmax-blocks" | "none";

/** Options of Dual-LoRA, y = W0 x + s B (gate(T x) ⊙ LN(A x)) (Jiao et al., arXiv 2411.12787). */
export interface DualLoraConfig extends SharedConfig {
  peftType: "DUAL_LORA";
  /**
   * Gate. Default `relu`, as in the paper. `none` has no T; `softmax-blocks` is a softmax over `gateBlocks` blocks of
   * the units.
   */
  gate: Gate;
  /** Normalise the skill space. Default true. */
  useNorm: boolean;
  /** Number of blocks of `softmax-blocks`, a divisor of r. Default 4. */
  gateBlocks: number;
  /** Scaling instead of alpha / r. Default null. */
  scaling: number | null;
}

/**
 * Weighting of a mixture's experts: a softmax over all, a softmax over the best `topK`, or max(0, logit) as in RoDE.
 */
export type Router = "softmax" | "top-k" | "rectified";

/**
 * Options of a mixture of LoRA experts, y = W0 x + s Σ_k g_k(x) B_k A_k x with a linear router; a peer of Dual-LoRA in
 * its paper.
 */
export interface MoeLoraConfig extends SharedConfig {
  peftType: "MOE_LORA";
  /** Number of experts. Default 4. */
  experts: number;
  /** Weighting of the experts. Default `softmax`. */
  router: Router;
  /** Number of experts kept by `top-k`. Default 2. */
  topK: number;
}

/** Complete configuration of an adapter. */
export type AdapterConfig = LoraConfig | DualLoraConfig | MoeLoraConfig;
/** Kind of an adapter. */
export type PeftType = AdapterConfig["peftType"];

/** Options of a caller: the kind (default LORA), the targets, and any other option. */
export type AdapterOptions =
  | (Partial<LoraConfig> & { targetModules: string | string[] })
  | (Partial<DualLoraConfig> & { peftType: "DUAL_LORA" })
  | (Partial<MoeLoraConfig> & { peftType: "MOE_LORA"; targetModules: string | string[] });

interface Rule {
  text: string;
  holds(value: unknown): boolean;
}

/** Key of a configuration: its default and the rule for its value. */
interface Field extends Rule {
  default: unknown;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
const isAmount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");
const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isMap = (value: unknown, holds: (one: unknown) => boolean): boolean =>
  isRecord(value) && Object.values(value).every(holds);

const COUNT: Rule = { text: "a whole number of at least 1", holds: isCount };
const AMOUNT: Rule = { text: "a finite number", holds: isAmount };
const SHARE: Rule = { text: "in [0, 1)", holds: (value) => isAmount(value) && value >= 0 && value < 1 };
const FLAG: Rule = { text: "true or false", holds: (value) => typeof value === "boolean" };
const OBJECT: Rule = { text: "an object", holds: (value) => isMap(value, () => true) };
const COUNTS: Rule = { text: "an object of whole numbers of at least 1", holds: (value) => isMap(value, isCount) };
const AMOUNTS: Rule = { text: "an object of finite numbers", holds: (value) => isMap(value, isAmount) };
const NAMES: Rule = {
  text: "a regular expression or a list of names",
  holds: (value) => (typeof value === "string" && value !== "") || (isTexts(value) && value.length > 0),
};
const INDICES: Rule = {
  text: "a layer's number or a list of them",
  holds: (value) => isIndex(value) || (Array.isArray(value) && value.every(isIndex)),
};
const orNull = ({ text, holds }: Rule): Rule => ({
  text: `${text}, or null`,
  holds: (value) => value === null || holds(value),
});
const oneOf = (...legal: unknown[]): Rule => ({
  text: `one of ${legal.map(String).join(", ")}`,
  holds: (value) => legal.includes(value),
});
const field = (value: unknown, rule: Rule): Field => ({ ...rule, default: value });
const names = orNull({ ...NAMES, holds: (value) => NAMES.holds(value) || (isTexts(value) && value.length === 0) });

type Fields<T> = Record<Exclude<keyof T, "peftType">, Field>;

const SHARED: Fields<SharedConfig> = {
  r: field(8, COUNT),
  loraAlpha: field(8, AMOUNT),
  loraDropout: field(0, SHARE),
  useRslora: field(false, FLAG),
  targetModules: field(undefined, NAMES),
  excludeModules: field(null, names),
  layersToTransform: field(null, orNull(INDICES)),
  layersPattern: field(null, names),
  modulesToSave: field(null, orNull({ text: "a list of names", holds: isTexts })),
  rankPattern: field({}, COUNTS),
  alphaPattern: field({}, AMOUNTS),
  initLoraWeights: field(true, oneOf(true, false, "gaussian")),
  fanInFanOut: field(false, FLAG),
  baseModelNameOrPath: field(null, orNull({ text: "a text", holds: (value) => typeof value === "string" })),
  other: field({}, OBJECT),
};

const LORA: Fields<LoraConfig> = { ...SHARED, useDora: field(false, FLAG), loraBias: field(false, FLAG) };

const DUAL: Fields<DualLoraConfig> = {
  ...SHARED,
  r: field(32, COUNT),
  loraAlpha: field(64, AMOUNT),
  loraDropout: field(0.05, SHARE),
  targetModules: field(["q_proj", "v_proj"], NAMES),
  gate: field("relu", oneOf("relu", "sigmoid", "softmax-blocks", "none")),
  useNorm: field(true, FLAG),
  gateBlocks: field(4, COUNT),
  scaling: field(null, orNull(AMOUNT)),
};

const MOE: Fields<MoeLoraConfig> = {
  ...SHARED,
  experts: field(4, COUNT),
  router: field("softmax", oneOf("softmax", "top-k", "rectified")),
  topK: field(2, COUNT),
};

const FIELDS: Record<PeftType, Record<string, Field>> = { LORA, DUAL_LORA: DUAL, MOE_LORA: MOE };

/** Returns the keys of a kind's configuration in the order of its files. */
export function configKeys(type: PeftType): string[] {
  return Object.keys(FIELDS[type]);
}

/** Tests for a supported kind of adapter. */
export function isPeftType(value: unknown): value is PeftType {
  return typeof value === "string" && Object.hasOwn(FIELDS, value);
}

/**
 * Completes options with the defaults of their kind and checks every value.
 *
 * @throws LoraError naming the option, its rule and the value
 */
export function configOf(fn: string, options: AdapterOptions): AdapterConfig {
  const { peftType = "LORA", ...given } = options as { peftType?: unknown } & Record<string, unknown>;
  if (!isPeftType(peftType)) throw new LoraError(fn, `peftType must be one of ${Object.keys(FIELDS)}`, peftType);
  const fields = FIELDS[peftType];
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(fields, key));
  if (unknown.length)
    throw new LoraError(fn, `options of ${peftType} are ${Object.keys(fields).join(", ")}`, unknown.join(", "));
  const entries = Object.entries(fields).map(([key, { default: fallback, text, holds }]) => {
    const value = given[key] === undefined ? fallback : given[key];
    if (!holds(value)) throw new LoraError(fn, `${key} must be ${text}`, value);
    return [key, value];
  });
  const config = { peftType, ...Object.fromEntries(entries) } as AdapterConfig;
  checkTogether(fn, config);
  return config;
}

/** Returns the options that all kinds share. */
export function sharedOf(config: AdapterConfig): SharedConfig {
  const entries = Object.keys(SHARED).map((key) => [key, config[key as keyof SharedConfig]]);
  return Object.fromEntries(entries) as unknown as SharedConfig;
}

/** Checks rules that bind several options. */
function checkTogether(fn: string, config: AdapterConfig): void {
  switch (config.peftType) {
    case "LORA":
      if (config.useDora && config.loraBias)
        throw new LoraError(fn, "loraBias and useDora exclude each other, as in PEFT", "both");
      return;
    case "DUAL_LORA":
      return ranksOf(config).forEach((r) => checkUnits(fn, config, r));
    case "MOE_LORA":
      if (config.topK > config.experts)
        throw new LoraError(fn, `topK must be at most the ${config.experts} experts`, config.topK);
      return;
    default:
      return config satisfies never;
  }
}

const ranksOf = ({ r, rankPattern }: SharedConfig): number[] => [r, ...Object.values(rankPattern)];

function checkUnits(fn: string, { useNorm, gate, gateBlocks }: DualLoraConfig, r: number): void {
  if (useNorm && r < 2)
    throw new LoraError(fn, "r must be at least 2 with the norm: one normalized value is always 0", r);
  if (gate === "softmax-blocks" && r % gateBlocks !== 0)
    throw new LoraError(fn, `r must be a multiple of the ${gateBlocks} gateBlocks`, r);
}

/**
 * Returns why an adapter of this kind cannot be merged into a weight, or null where it can. Dual-LoRA with gate `none`
 * and without norm is plain LoRA.
 */
export function mergeRefusal(config: AdapterConfig): string | null {
  if (config.peftType === "LORA" || isPlain(config)) return null;
  const cause = config.peftType === "MOE_LORA" ? "its router" : "its gate or norm";
  return `${config.peftType} cannot be merged: ${cause} makes the update depend on the input`;
}

/** Tests whether a Dual-LoRA is plain LoRA. */
export function isPlain(config: AdapterConfig): boolean {
  return config.peftType === "DUAL_LORA" && config.gate === "none" && !config.useNorm;
}
