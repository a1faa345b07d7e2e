import type { AdapterConfig, SharedConfig } from "./config";
import { LoraError } from "./error";
import { matchesEnd, matchesPart, matchesWhole, numbersBehind } from "./patterns";

/** Modules of a model that an adapter's configuration selects. */
export interface Targets {
  /** Adapted layers in the model's order. */
  adapted: string[];
  /** Modules copied by the adapter. */
  saved: string[];
  /** Entries of `targetModules` and `modulesToSave` without a match. */
  unused: string[];
}

/** Rank, alpha and scaling of one layer. */
export interface LayerScale {
  r: number;
  alpha: number;
  scaling: number;
}

/** Target that selects every layer with a weight matrix except embeddings. */
export const ALL_LINEAR = "all-linear";

/**
 * Resolves a configuration's target modules against a model, by PEFT's rules: an entry of a list is a name or its end
 * after a dot, a text is a regular expression over the whole name; `excludeModules` and `modulesToSave` take
 * precedence.
 *
 * @param modules every module's name, with true for a linear layer
 * @throws LoraError when nothing matches
 */
export function matchTargets(fn: string, config: AdapterConfig, modules: ReadonlyMap<string, boolean>): Targets {
  const names = [...modules.keys()].filter((name) => name !== "");
  const saved = config.modulesToSave ?? [];
  const excluded = selected(fn, config.excludeModules ?? [], names);
  const inside = matchingAny(saved, (entry) => matchesPart(fn, entry, names), names);
  const wanted =
    config.targetModules === ALL_LINEAR
      ? new Set(names.filter((name) => modules.get(name)))
      : selected(fn, config.targetModules, names);
  const listed = inLayers(fn, config, [...wanted]);
  const adapted = listed.filter((name) => !excluded.has(name) && !inside.has(name));
  if (!adapted.length)
    throw new LoraError(fn, `targetModules must match a layer; layers are ${names.join(", ")}`, config.targetModules);
  const kept = names.filter((name) => saved.some((entry) => isEnd(entry, name)));
  const entries = [...(Array.isArray(config.targetModules) ? config.targetModules : []), ...saved];
  const unused = entries.filter((entry) => !names.some((name) => isEnd(entry, name)));
  return { adapted, saved: kept, unused };
}

const isEnd = (entry: string, name: string): boolean => name === entry || name.endsWith(`.${entry}`);

function selected(fn: string, rule: string | string[], names: string[]): Set<string> {
  if (Array.isArray(rule)) return new Set(names.filter((name) => rule.some((entry) => isEnd(entry, name))));
  const whole = matchesWhole(fn, rule, names);
  return new Set(names.filter((_, i) => whole[i]));
}

function matchingAny(
  rules: readonly string[],
  matches: (rule: string) => boolean[],
  names: readonly string[],
): Set<string> {
  const found = rules.map(matches);
  return new Set(names.filter((_, i) => found.some((one) => one[i])));
}

/**
 * Patterns of a layer's number. PEFT requires two parts before it; a model whose list of layers is at its root has one.
 */
const FIRST_NUMBER = [".*?\\.[^.]*", "[^.]*"];

/** Applies `layersToTransform`, for lists of targets only, as in PEFT. */
function inLayers(fn: string, config: SharedConfig, names: string[]): string[] {
  const { layersToTransform, layersPattern, targetModules } = config;
  const wanted = layersToTransform === null ? [] : [layersToTransform].flat();
  if (!wanted.length || (typeof targetModules === "string" && targetModules !== ALL_LINEAR)) return names;
  const given = layersPattern === null ? [] : [layersPattern].flat();
  const found = (given.length ? given : FIRST_NUMBER).map((pattern) => numbersBehind(fn, pattern, names));
  const numberOf = (i: number): string => found.find((one) => one[i] !== null)?.[i] || "none";
  return names.filter((_, i) => wanted.includes(Number(numberOf(i))));
}

/** Returns rank, alpha and scaling of each layer: patterns first, then the configuration. */
export function scalesOf(fn: string, config: AdapterConfig, names: readonly string[]): Map<string, LayerScale> {
  const ranks = firstMatches(fn, config.rankPattern, names);
  const alphas = firstMatches(fn, config.alphaPattern, names);
  return new Map(
    names.map((name, i) => {
      const r = ranks[i] ?? config.r;
      const alpha = alphas[i] ?? config.loraAlpha;
      return [name, { r, alpha, scaling: scalingOf(config, r, alpha) }];
    }),
  );
}

/** Returns the scaling: alpha / r, alpha / √r, or the number that a Dual-LoRA gives. */
export function scalingOf(config: AdapterConfig, r: number, alpha: number): number {
  if (config.peftType === "DUAL_LORA" && config.scaling !== null) return config.scaling;
  return config.useRslora ? alpha / Math.sqrt(r) : alpha / r;
}

function firstMatches(fn: string, patterns: Record<string, number>, names: readonly string[]): (number | undefined)[] {
  const found = Object.entries(patterns).map(([pattern, value]) => [matchesEnd(fn, pattern, names), value] as const);
  return names.map((_, i) => found.find(([matches]) => matches[i])?.[1]);
}
