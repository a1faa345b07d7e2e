/** Content of an adapter's file, derived from names and shapes alone. */
import { type AdapterConfig, type AdapterOptions, configOf, type PeftType } from "../config";
import { LoraError } from "../error";
import { keyOf, parseKey } from "./keys";
import { checkReport, compareKeys } from "./report";
import { tensorShapes } from "../shapes";
import type { LayerScale } from "../targets";
import { scalingOf, scalesOf } from "../targets";

type Shapes = ReadonlyMap<string, { shape: readonly number[] }>;

/** One adapted layer of a file. */
export interface FileLayer extends LayerScale {
  inFeatures: number;
  outFeatures: number;
  kind: "linear" | "embedding";
  /** Sizes of a convolution's kernel; none of other layers. */
  kernel: number[];
}

/** Layers of a file, and the modules stored whole. */
export interface FileContent {
  layers: Map<string, FileLayer>;
  saved: string[];
}

/**
 * Splits a file by layers and checks every shape.
 *
 * @throws LoraError naming missing, unexpected and misshaped tensors
 */
export function describeFile(fn: string, config: AdapterConfig, tensors: Shapes): FileContent {
  const names = new Map<string, Set<string>>();
  const whole = new Set<string>();
  for (const key of tensors.keys()) {
    const { module, tensor } = parseKey(fn, key);
    if (tensor === null) whole.add(module);
    else names.set(module, (names.get(module) ?? new Set()).add(tensor));
  }
  if (!names.size) throw new LoraError(fn, "the file must hold the tensors of an adapter", [...tensors.keys()]);
  const scales = scalesOf(fn, config, [...names.keys()]);
  const layers = new Map(
    [...names].map(([module, parts]) => [module, layerOf(fn, config, module, parts, tensors, scales.get(module)!)]),
  );
  const expected = [...layers].flatMap(([module, layer]) =>
    [...shapesOf(config, layer)].map(([name, shape]) => [keyOf(module, name), { shape }] as const),
  );
  const copies = [...whole].map((path) =>
    keyOf(path.slice(0, path.lastIndexOf(".")), path.slice(path.lastIndexOf(".") + 1)),
  );
  checkReport(fn, compareKeys(new Map(expected), tensors, copies));
  return { layers, saved: [...whole] };
}

function layerOf(
  fn: string,
  config: AdapterConfig,
  module: string,
  parts: ReadonlySet<string>,
  tensors: Shapes,
  scale: LayerScale,
): FileLayer {
  const kind = parts.has("lora_embedding_A") || parts.has("lora_embedding_B") ? "embedding" : "linear";
  const [a, b] = kind === "embedding" ? ["lora_embedding_A", "lora_embedding_B"] : ["lora_A.weight", "lora_B.weight"];
  const mayConvolve = kind === "linear" && config.peftType === "LORA";
  const shape = (name: string): readonly number[] => {
    const found = tensors.get(keyOf(module, name))?.shape;
    if (found?.length === 2 || (mayConvolve && found && found.length > 2 && found.length <= 5)) return found;
    throw new LoraError(fn, `the file must hold ${keyOf(module, name)} with two dimensions`, found ?? "none");
  };
  const [rows, inFeatures, ...kernel] = shape(a);
  const [outFeatures] = shape(b);
  const r = config.peftType === "MOE_LORA" ? rows / config.experts : rows;
  if (r !== scale.r) throw new LoraError(fn, `${module} must have the rank of the configuration, ${scale.r}`, r);
  return { ...scale, inFeatures, outFeatures, kind, kernel };
}

function shapesOf(config: AdapterConfig, layer: FileLayer): Map<string, number[]> {
  const { kind, r, inFeatures, outFeatures, kernel } = layer;
  if (kind === "linear") {
    const flat = tensorShapes(config, r, { inFeatures, outFeatures });
    return kernel.length ? convolutionShapes(flat, kernel) : flat;
  }
  const shapes = new Map([
    ["lora_embedding_A", [r, inFeatures]],
    ["lora_embedding_B", [outFeatures, r]],
  ]);
  if (config.peftType === "LORA" && config.useDora) shapes.set("lora_magnitude_vector", [outFeatures]);
  return shapes;
}

/** A has the kernel of its layer, B and DoRA's lengths have one of single pixels; the lengths lie along the channels. */
function convolutionShapes(flat: ReadonlyMap<string, number[]>, kernel: readonly number[]): Map<string, number[]> {
  const ones = kernel.map(() => 1);
  return new Map(
    [...flat].map(([name, shape]) => {
      if (name === "lora_A.weight") return [name, [...shape, ...kernel]];
      if (name === "lora_B.weight") return [name, [...shape, ...ones]];
      return [name, name === "lora_magnitude_vector" ? [1, ...shape, ...ones] : shape];
    }),
  );
}

/** Guesses a configuration from the tensors alone, with an alpha that scales by 1. */
export function guessConfig(fn: string, tensors: Shapes): AdapterConfig {
  const parts = [...tensors].map(([key, { shape }]) => ({ ...parseKey(fn, key), shape }));
  const has = (name: string) => parts.find(({ tensor }) => tensor === name);
  const layers = [...new Set(parts.flatMap(({ module, tensor }) => (tensor ? [module] : [])))];
  const experts = has("lora_router.weight")?.shape[0] ?? 1;
  const rank = ({ shape }: (typeof parts)[number]): number => (shape[0] ?? 0) / experts;
  const ranks = parts
    .filter(({ tensor }) => tensor === "lora_A.weight" || tensor === "lora_embedding_A")
    .map((part) => [part.module, rank(part)] as const);
  if (!ranks.length) throw new LoraError(fn, "the file must hold the tensors of an adapter", [...tensors.keys()]);
  const r = ranks[0][1];
  const rankPattern = Object.fromEntries(ranks.filter(([, own]) => own !== r));
  const shared = { r, loraAlpha: r, loraDropout: 0, rankPattern, targetModules: layers };
  return configOf(fn, { ...shared, ...kindOf(has, experts) } as AdapterOptions);
}

type Finder = (name: string) => { shape: readonly number[] } | undefined;

function kindOf(has: Finder, experts: number): Record<string, unknown> & { peftType: PeftType } {
  if (has("lora_router.weight")) return { peftType: "MOE_LORA", experts, topK: Math.min(2, experts) };
  const norm = has("lora_norm.weight") !== undefined;
  if (norm || has("lora_T.weight"))
    return { peftType: "DUAL_LORA", gate: has("lora_T.weight") ? "relu" : "none", useNorm: norm };
  return { peftType: "LORA", loraBias: !!has("lora_B.bias"), useDora: !!has("lora_magnitude_vector") };
}

/** Returns the configuration's scaling before any pattern. */
export function ownScaling(config: AdapterConfig): number {
  return scalingOf(config, config.r, config.loraAlpha);
}
