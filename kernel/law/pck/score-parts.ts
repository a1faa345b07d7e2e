/**
 * A C score (Law of Vision Representation, arXiv 2408.16357) in parts: each worker matches some of the pairs, and the outcomes of all
 * are scored as those of one run.
 */
import { checkArguments } from "../../rules/arguments";
import { append } from "../../numeric";
import { checkOptionNames } from "../../rules/option-names";
import { LawError } from "../error";
import {
  C_SCORE_OPTIONS,
  type CScore,
  type CScoreOptions,
  checkScore,
  joinedPlan,
  layerPlan,
  matchAll,
  type ScoredPair,
  scoreOf,
  scoresOf,
} from "./c-score";
import { groupByTarget } from "./match-pairs";
import { alphasOf, PAIR_KIND } from "./pck";
import type { StoredFeatures } from "./stored";
import type { PairOutcome } from "./summary";

/** Options of {@link cScorePart}. */
export interface CScorePartOptions extends CScoreOptions {
  /** Keep the layers apart, as `cScoreByLayer` does. Default false. */
  byLayer?: boolean;
}

/** Outcomes of one part of the pairs. */
export interface CScorePart {
  /** Stored numbers of the layers; several without `byLayer` are joined into one. */
  layers: number[];
  /** Positions of the part's pairs in the list of all. */
  positions: number[];
  /** Results of the keypoints: for each layer, or for the joined ones, the outcomes in the order of the positions. */
  outcomes: PairOutcome[][];
}

const DIVIDE = "law.divideCScore";
const PART = "law.cScorePart";
const MERGE = "law.mergeCScore";
/** Structure of what is merged; outcomes are looked at one by one. */
const MERGED = { pairs: ["object"], parts: [{ layers: "array", positions: "array", outcomes: ["array"] }] } as const;

/**
 * Divides the pairs of a score into parts. Pairs of one target that share a matrix product stay together, so that each part
 * computes the very products of the score in one run.
 *
 * @param pairsPerPart number of pairs after which a part ends; one has up to 63 more
 * @returns positions of the pairs of each part
 * @throws LawError for no pairs, or a number that is not whole
 */
export function divideCScore(pairs: readonly ScoredPair[], pairsPerPart = 1000): number[][] {
  const side = { path: "string" } as const;
  checkArguments(DIVIDE, LawError, { pairs }, { pairs: [{ source: side, target: side }] });
  if (pairs.length === 0) throw new LawError(DIVIDE, "at least one pair is needed", pairs.length);
  if (!(Number.isSafeInteger(pairsPerPart) && pairsPerPart >= 1))
    throw new LawError(DIVIDE, "pairsPerPart must be a whole number of at least 1", pairsPerPart);
  const parts: number[][] = [];
  let open: number[] | null = null;
  for (const group of groupByTarget(pairs)) {
    if (!open) parts.push((open = []));
    append(open, group.pairs);
    if (open.length >= pairsPerPart) open = null;
  }
  // In the order of the list, a part has the same groups as the whole.
  return parts.map((part) => part.sort((a, b) => a - b));
}

/**
 * Matches the pairs of one part. Features come from the disk, because an encoder that runs on other batches of pictures may
 * move their last bits.
 *
 * @param features stored features, such as those of `features.open`
 * @param pairs all pairs of the score
 * @param positions one part of {@link divideCScore}
 * @returns plain data, which JSON keeps exactly
 * @throws LawError as `cScore` does, or for a position without a pair
 */
export async function cScorePart(
  features: StoredFeatures,
  pairs: readonly ScoredPair[],
  positions: readonly number[],
  options: CScorePartOptions = {},
): Promise<CScorePart> {
  checkArguments(
    "law.cScorePart",
    LawError,
    { features, pairs, positions },
    { features: { run: "object", images: "map", features: "function" }, pairs: [PAIR_KIND], positions: "list" },
  );
  checkOptionNames(PART, options, { ...C_SCORE_OPTIONS, byLayer: true }, LawError);
  const { byLayer = false, ...score } = options;
  const wrong = positions.find((at) => !(Number.isInteger(at) && at >= 0 && at < pairs.length));
  if (wrong !== undefined) throw new LawError(PART, `positions must be whole numbers of 0..${pairs.length - 1}`, wrong);
  const own = positions.map((at) => pairs[at]);
  checkScore(PART, own, score);
  const plan = byLayer ? layerPlan(score) : joinedPlan(features, score);
  const { layers, outcomes } = await matchAll(PART, features, own, plan);
  return { layers, positions: [...positions], outcomes };
}

/**
 * Returns the C score of all pairs from the outcomes of all parts, in any order: equal to the last bit to `cScore` on the same
 * features with the same options.
 *
 * @param options those of the parts
 * @throws LawError for parts that are not all pairs once, or are of other thresholds or several layers
 */
export function mergeCScore(
  pairs: readonly ScoredPair[],
  parts: readonly CScorePart[],
  options: CScoreOptions = {},
): CScore {
  checkArguments("law.mergeCScore", LawError, { pairs, parts }, MERGED);
  const { outcomes } = join(pairs, parts, options);
  if (outcomes.length !== 1) throw new LawError(MERGE, "parts must be made without byLayer", outcomes.length);
  return scoreOf(pairs, outcomes[0], options);
}

/**
 * Returns the C score of each layer from the outcomes of all parts that were made with `byLayer`: equal to `cScoreByLayer`.
 *
 * @param options those of the parts
 * @throws LawError as {@link mergeCScore}
 */
export function mergeCScoreByLayer(
  pairs: readonly ScoredPair[],
  parts: readonly CScorePart[],
  options: CScoreOptions = {},
): { layer: number; summary: CScore }[] {
  checkArguments("law.mergeCScoreByLayer", LawError, { pairs, parts }, MERGED);
  const { layers, outcomes } = join(pairs, parts, options);
  if (outcomes.length !== layers.length) throw new LawError(MERGE, "parts must be made with byLayer", outcomes.length);
  return scoresOf(pairs, layers, outcomes, options);
}

/** Puts the outcomes of all parts into the order of the pairs. */
function join(
  pairs: readonly ScoredPair[],
  parts: readonly CScorePart[],
  options: CScoreOptions,
): Pick<CScorePart, "layers" | "outcomes"> {
  checkScore(MERGE, pairs, options);
  const width = alphasOf(options).length;
  const layers = parts[0]?.layers ?? [];
  const outcomes = Array.from({ length: parts[0]?.outcomes.length || 1 }, () => new Array<PairOutcome>(pairs.length));
  for (const part of parts) {
    if (part.layers.join() !== layers.join() || part.outcomes.length !== outcomes.length)
      throw new LawError(MERGE, `parts must be of one list of layers, ${layers.join(", ")}`, part.layers);
    part.positions.forEach((at, i) => {
      if (outcomes[0][at]) throw new LawError(MERGE, "a pair must be in one part", at);
      outcomes.forEach((own, l) => (own[at] = checked(pairs[at], part.outcomes[l][i], width)));
    });
  }
  const missing = Array.from(outcomes[0]).findIndex((outcome) => outcome === undefined);
  if (missing >= 0) throw new LawError(MERGE, "parts must hold every pair", `none of pair ${missing}`);
  return { layers, outcomes };
}

function checked(pair: ScoredPair | undefined, outcome: PairOutcome | undefined, width: number): PairOutcome {
  const isWhole =
    pair !== undefined &&
    outcome?.category === pair.category &&
    Array.isArray(outcome.results) &&
    outcome.results.every((result) => result?.correct?.length === width && Number.isFinite(result.distance));
  if (isWhole) return outcome;
  throw new LawError(MERGE, `outcomes must be of these pairs and ${width} thresholds`, outcome ?? null);
}
