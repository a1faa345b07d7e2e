import { checkArguments } from "../../rules/arguments";
import { patientBar } from "../../display/progress";
import { described, type DisplayBundle, tabulate } from "../../display/describe";
import { LawError } from "../error";
import type { ExtractionOptions, ExtractionPlan, LayerExtractor } from "./extraction";
import { groupByTarget, matchPairs, usesOf, type Matched, type PathPair } from "./match-pairs";
import { alphasOf, checkAlphas, PCK_OPTIONS, type PckOptions, PAIR_KIND } from "./pck";
import { storedExtractor, type StoredFeatures } from "./stored";
import {
  byFlag,
  confusions,
  geometryAware,
  reciprocalRate,
  type FlagName,
  type LookAlikes,
  type PairFlags,
  type PckBreakdown,
} from "./subsets";
import { type PairOutcome, type PckSummary, showPck, summarize } from "./summary";
import { supplyFromEncoder, supplyFromSource, type FeatureSource } from "./supply";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { checkSeed } from "../../numeric/prng";
import { fixed } from "../words";
import { counted } from "../../protocol/core/words";

/** Pair with the paths of its images, and with flags where the data set has them. */
export interface ScoredPair extends PathPair {
  readonly flags?: PairFlags;
}

/** Options of `law.cScore`. */
export interface CScoreOptions extends PckOptions, ExtractionOptions {
  /**
   * Blocks whose tokens are used; each block is normalised, then all are concatenated. Default `[-2]`, as in the Law
   * paper; for stored features, the last stored layer.
   */
  indices?: number[];
  /** Groups of look-alike keypoints; their score is `geometryAware`. Default: none. */
  lookAlikes?: LookAlikes;
  /** Match back from target to source too, for `reciprocal`. Default false. */
  reciprocal?: boolean;
  /** Seed of the bootstrap interval. Default 1. */
  seed?: number;
}

/** PCK over all pairs and over parts of them. */
export interface CScore extends PckSummary {
  /** PCK by flag and value; empty where pairs carry no flags. */
  flags: Partial<Record<FlagName, Record<string, PckBreakdown>>>;
  /** PCK of look-alike keypoints; `null` without the option `lookAlikes`. */
  geometryAware: PckSummary | null;
  /**
   * Percentage of the keypoints with a look-alike that both images show whose prediction lies nearer to a look-alike than to its own
   * place: a definition of this library, beside PCK as arXiv 2508.00746 asks for; `null` without the option `lookAlikes`, or where no pair shows two.
   */
  confusions: number | null;
  /**
   * Percentage of keypoints whose best target cell has their source cell as its best one: mutual nearest neighbors, before the soft
   * matcher refines them; `null` without the option `reciprocal`.
   */
  reciprocal: number | null;
}

/**
 * C score of an encoder: PCK of nearest-feature matches over pairs in SPair-71k's layout, in percent
 * (Law of Vision Representation, arXiv 2408.16357). Every image goes through the encoder once, and its
 * features are let go after the last pair that needs them; pairs are visited by category, so about one category is held.
 *
 * For a long run, extract to disk first: `features.extract` may be killed and called again, and the folder that
 * `features.open` opens serves here in place of the encoder.
 *
 * @param encoder an encoder, features on disk, or a function from a path to features in memory, called for each target of up to
 *   64 pairs and for each source of a pair
 * @throws LawError when `pairs` is empty, a layer's grid is not square, images lie otherwise than `geometry` says, or stored features
 *   lack a layer or an image.
 */
export async function cScore(
  encoder: LayerExtractor | StoredFeatures | FeatureSource,
  pairs: readonly ScoredPair[],
  options: CScoreOptions = {},
): Promise<CScore> {
  const where = "law.cScore";
  checkArguments(where, LawError, { pairs }, { pairs: [PAIR_KIND] });
  checkSource(where, encoder);
  checkScore(where, pairs, options);
  const { outcomes } = await matchAll(where, encoder, pairs, joinedPlan(encoder, options));
  return scoreOf(pairs, outcomes[0], options);
}

type AnySource = LayerExtractor | StoredFeatures | FeatureSource;
type ScorePlan = ExtractionPlan & PckOptions & Pick<CScoreOptions, "reciprocal">;

/** @internal Plan of a score of all its layers together. */
export const joinedPlan = (encoder: AnySource, options: CScoreOptions): ScorePlan => {
  const layers = options.indices ?? (isStored(encoder) ? lastStored(encoder) : [-2]);
  return { ...options, layers, join: true };
};

/** @internal Plan of a score of each layer by itself. */
export const layerPlan = (options: CScoreOptions): ScorePlan => ({
  ...options,
  layers: options.indices ?? null,
  join: false,
});

function isStored(encoder: AnySource): encoder is StoredFeatures {
  return typeof encoder !== "function" && !("forwardIntermediates" in encoder);
}

/** Refuses a value that gives no features. */
function checkSource(where: string, encoder: AnySource): void {
  if (typeof encoder === "function") return;
  checkArguments(where, LawError, { encoder }, { encoder: "object" });
  if (isStored(encoder))
    checkArguments(where, LawError, { encoder }, { encoder: { run: { layers: "array" }, features: "function" } });
}

const lastStored = ({ run }: StoredFeatures): number[] => run.layers.slice(-1).map(({ layer }) => layer);

/**
 * Returns the C score of each layer in `layers` (default: all layers, or all stored ones) in depth order, from one pass
 * over the images. The tokens of all layers are in memory at once.
 *
 * @throws LawError as `cScore` does
 */
export async function cScoreByLayer(
  encoder: LayerExtractor | StoredFeatures,
  pairs: readonly ScoredPair[],
  options: CScoreOptions = {},
): Promise<{ layer: number; summary: CScore }[]> {
  const where = "law.cScoreByLayer";
  checkArguments(where, LawError, { pairs }, { pairs: [PAIR_KIND] });
  checkSource(where, encoder);
  checkScore(where, pairs, options);
  const { layers, outcomes } = await matchAll(where, encoder, pairs, layerPlan(options));
  return scoresOf(pairs, layers, outcomes, options);
}

/** Names of the options of `law.cScore`. */
export const C_SCORE_OPTIONS: OptionNames<CScoreOptions> = {
  ...PCK_OPTIONS,
  indices: true,
  lookAlikes: true,
  reciprocal: true,
  seed: true,
  center: true,
  batchSize: true,
  cache: true,
  onProgress: true,
  signal: true,
};

/** @internal Checks pairs and options. */
export function checkScore(where: string, pairs: readonly ScoredPair[], options: CScoreOptions): void {
  checkOptionNames(where, options, C_SCORE_OPTIONS, LawError);
  if (pairs.length === 0) throw new LawError(where, "at least one pair is needed", pairs.length);
  checkSeed(where, options.seed ?? 1, LawError);
  checkAlphas(where, options);
}

/** @internal Scores the outcomes of all pairs at each layer. */
export function scoresOf(
  pairs: readonly ScoredPair[],
  layers: readonly number[],
  outcomes: readonly PairOutcome[][],
  options: CScoreOptions,
): { layer: number; summary: CScore }[] {
  const scores = layers.map((layer, i) => ({ layer, summary: scoreOf(pairs, outcomes[i], options) }));
  return described(scores, showLayers);
}

/** @internal Scores the outcomes of all pairs. */
export function scoreOf(pairs: readonly ScoredPair[], outcomes: PairOutcome[], options: CScoreOptions): CScore {
  const alphas = alphasOf(options);
  const { seed, lookAlikes } = options;
  const score = {
    ...summarize(outcomes, alphas, seed),
    flags: byFlag(pairs, outcomes, alphas, seed),
    geometryAware: lookAlikes ? geometryAware(pairs, outcomes, lookAlikes, alphas, seed) : null,
    confusions: lookAlikes ? confusions(outcomes, lookAlikes) : null,
    reciprocal: reciprocalRate(outcomes),
  };
  return described<CScore>(score, showCScore);
}

/** @internal Matches the keypoints of all pairs. */
export async function matchAll(
  where: string,
  encoder: AnySource,
  pairs: readonly ScoredPair[],
  plan: ScorePlan,
): Promise<Matched> {
  const groups = groupByTarget(pairs);
  const { signal } = plan;
  if (typeof encoder === "function") {
    const { onProgress = patientBar("Matching", "pairs") } = plan;
    const onPairs = (done: number) => onProgress({ done, total: pairs.length });
    return matchPairs(pairs, groups, supplyFromSource(encoder, plan), { ...plan, where, signal, onPairs });
  }
  const extractor = isStored(encoder) ? storedExtractor(encoder, where) : encoder;
  const uses = groups.flatMap((group) => usesOf(group, pairs));
  return matchPairs(pairs, groups, supplyFromEncoder(extractor, uses, plan), { ...plan, where });
}

/** Shows the score over all pairs; parts by flag or category are in the result. */
const showCScore = (score: CScore): DisplayBundle => showPck("C score", score);

/** Shows one line a layer, at the first threshold. */
function showLayers(layers: readonly { layer: number; summary: CScore }[]): DisplayBundle {
  const rows = layers.map(({ layer, summary: { perPair, interval } }) => [
    String(layer),
    fixed(perPair[0], 1),
    `${fixed(interval[0][0], 1)} to ${fixed(interval[0][1], 1)}`,
  ]);
  const title = `C score by layer over ${counted(layers[0]?.summary.pairs ?? 0, "pair")}`;
  return tabulate(title, ["layer", `PCK@${layers[0]?.summary.alphas[0]} per pair, %`, "95 % interval"], rows);
}
