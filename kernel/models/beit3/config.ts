import { checkOptionNames, given, type OptionNames } from "../../rules/option-names";
import { checker, isWhole } from "../../rules/rule-error";
import { ModelError } from "../error";

/** Configuration of a {@link Beit3}. */
export interface Beit3Config {
  /** Side of the square picture, or `[height, width]`. Default 224. */
  imgSize?: number | readonly [height: number, width: number];
  /** Side of a patch in pixels. Default 16. */
  patchSize?: number;
  /** Width of the tokens. Default 768. */
  embedDim?: number;
  /** Number of layers. Default 12. */
  depth?: number;
  /** Number of attention heads. Default: one for 64 features. */
  numHeads?: number;
  /** Hidden width of the feed-forward layers. Default 4 · `embedDim`. */
  hiddenDim?: number;
  /** Number of entries of the text table. Default 64,010. */
  vocabSize?: number;
  /** Number of entries of the table of text positions, of which the first two are not used. Default 1,024. */
  textPositions?: number;
  /** Share of samples whose last layer is skipped in training; earlier ones proportionally less (arXiv 1603.09382). Default 0. */
  dropPathRate?: number;
  /** Epsilon of every norm. Default 1e-5. */
  normEps?: number;
  /** Initial weights: normal ones cut at two, of deviation 0.02, or zeros where others are loaded at once. Default `normal`. */
  weightInit?: "normal" | "skip";
}

/** Configuration with every default filled in. */
export interface FullBeit3Config extends Required<Omit<Beit3Config, "imgSize">> {
  imgSize: readonly [height: number, width: number];
}

const FN = "models.Beit3";
const rule = checker(FN, ModelError);

const DEFAULTS = {
  patchSize: 16,
  embedDim: 768,
  depth: 12,
  vocabSize: 64_010,
  textPositions: 1024,
  dropPathRate: 0,
  normEps: 1e-5,
  weightInit: "normal",
} as const;

const NAMES: OptionNames<Beit3Config> = {
  imgSize: true,
  patchSize: true,
  embedDim: true,
  depth: true,
  numHeads: true,
  hiddenDim: true,
  vocabSize: true,
  textPositions: true,
  dropPathRate: true,
  normEps: true,
  weightInit: true,
};

/** Number of features of one head where the number of heads is not given. */
const HEAD = 64;

/**
 * Fills in defaults and checks a configuration.
 *
 * @throws ModelError for an unknown key, or values that contradict each other
 */
export function fullBeit3Config(config: Beit3Config): FullBeit3Config {
  checkOptionNames(FN, config, NAMES, ModelError);
  const merged = { ...DEFAULTS, ...given(config) };
  const { imgSize = 224, embedDim, numHeads = Math.max(1, embedDim / HEAD), hiddenDim = 4 * embedDim } = merged;
  const size = typeof imgSize === "number" ? ([imgSize, imgSize] as const) : imgSize;
  rule(Array.isArray(size), "imgSize must be a number or [height, width]", size);
  const full: FullBeit3Config = { ...merged, imgSize: size, numHeads, hiddenDim };
  checkFull(full);
  return full;
}

const WHOLE = ["patchSize", "embedDim", "depth", "numHeads", "hiddenDim", "vocabSize", "textPositions"] as const;

function checkFull(config: FullBeit3Config): void {
  const { imgSize, patchSize, embedDim, numHeads, dropPathRate, textPositions, weightInit } = config;
  for (const key of WHOLE) rule(isWhole(config[key]), `${key} must be a whole number above 0`, config[key]);
  rule(embedDim % numHeads === 0, `embedDim must be a multiple of numHeads (${numHeads})`, embedDim);
  const isLegal = (side: number): boolean => side > 0 && Number.isInteger(side / patchSize);
  rule(imgSize.length === 2 && imgSize.every(isLegal), `imgSize must be multiples of patchSize (${patchSize})`, [
    ...imgSize,
  ]);
  rule(textPositions > OFFSET, `textPositions must be above ${OFFSET}`, textPositions);
  rule(dropPathRate >= 0 && dropPathRate < 1, "dropPathRate must lie in [0, 1)", dropPathRate);
  rule(weightInit === "normal" || weightInit === "skip", "weightInit must be normal or skip", weightInit);
}

/** Entries at the start of both tables of positions that no token uses. */
export const OFFSET = 2;

const PRESETS = {
  beit3_base_patch16_224: {},
  beit3_large_patch16_224: { embedDim: 1024, depth: 24 },
} satisfies Record<string, Beit3Config>;

/** Name of a published encoder. */
export type Beit3Preset = keyof typeof PRESETS;

/**
 * Returns the configuration of a published encoder (BEiT-3, arXiv 2208.10442). Keys of `overrides` win.
 *
 *     models.beit3Config("beit3_base_patch16_224", { patchSize: 32, imgSize: 640 })
 *
 * @throws ModelError for an unknown name or key
 */
export function beit3Config(name: Beit3Preset, overrides: Beit3Config = {}): Beit3Config {
  if (!Object.hasOwn(PRESETS, name))
    throw new ModelError("models.beit3Config", `names are ${Object.keys(PRESETS).join(", ")}`, name);
  checkOptionNames("models.beit3Config", overrides, NAMES, ModelError);
  return { ...PRESETS[name], ...overrides };
}
