import { checkOptionNames, given, type OptionNames } from "../rules/option-names";
import { checker, isWhole } from "../rules/rule-error";
import { GroundingError } from "./error";

/** Branches of a head: the light one, the one with a decoder, or both. */
export type GroundingBranch = "token" | "decoder" | "both";

/** Configuration of a {@link GroundingHead}. */
export interface GroundingHeadConfig {
  /** Width of the encoder's tokens. Default 768. */
  inputDim?: number;
  /** Width of the head. Default 256. */
  embedDim?: number;
  /** Number of boxes that are predicted: 1 for one target, 10 for any number of targets. Default 1. */
  queries?: number;
  /** Number of attention heads. Default 8. */
  numHeads?: number;
  /** Number of layers of the query generator. Default 2. */
  generatorLayers?: number;
  /** Hidden width of the query generator. Default 512. */
  generatorHidden?: number;
  /** Number of layers of the decoder. Default 3. */
  decoderLayers?: number;
  /** Hidden width of the decoder. Default 2048. */
  decoderHidden?: number;
  /** Number of linear layers of the token branch, with ReLU between them. Default 1. */
  tokenLayers?: number;
  /** Dropout in query generator and decoder. Default 0.1. */
  dropout?: number;
  /** Branches of the head; a head with one branch has no weights of the other. Default `both`. */
  branches?: GroundingBranch;
  /**
   * Sine positions of words as the release has them: frequencies are cut to whole numbers, so that only the first two channels differ
   * between words. Default false.
   */
  legacyTextPosition?: boolean;
  /** Pooling of words as the release has it: the last word, and the one before it where there is padding. Default false. */
  legacyTextPool?: boolean;
}

/** Configuration with every default filled in. */
export type FullGroundingHeadConfig = Required<GroundingHeadConfig>;

const FN = "grounding.GroundingHead";
const rule = checker(FN, GroundingError);
const DEFAULTS: FullGroundingHeadConfig = {
  inputDim: 768,
  embedDim: 256,
  queries: 1,
  numHeads: 8,
  generatorLayers: 2,
  generatorHidden: 512,
  decoderLayers: 3,
  decoderHidden: 2048,
  tokenLayers: 1,
  dropout: 0.1,
  branches: "both",
  legacyTextPosition: false,
  legacyTextPool: false,
};
const NAMES = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, true])) as OptionNames<GroundingHeadConfig>;
const WHOLE = [
  "inputDim",
  "embedDim",
  "queries",
  "numHeads",
  "generatorLayers",
  "generatorHidden",
  "decoderLayers",
  "decoderHidden",
] as const;

/** Branches by name. */
export const BRANCHES: readonly GroundingBranch[] = ["token", "decoder", "both"];

/**
 * Refuses a branch that a head does not have.
 *
 * @param own branches of the head
 * @throws GroundingError
 */
export function checkBranch(fn: string, branch: GroundingBranch, own: GroundingBranch): void {
  const legal = own === "both" ? BRANCHES : [own];
  if (!legal.includes(branch)) throw new GroundingError(fn, `branches are ${legal.join(", ")}`, branch);
}

/** Returns the branch that predicts where none is named: `token`, or the only one. */
export const predictingBranch = (own: GroundingBranch): "token" | "decoder" =>
  own === "decoder" ? "decoder" : "token";

/**
 * Fills in defaults and checks a configuration.
 *
 * @throws GroundingError for an unknown key, or values that contradict each other
 */
export function fullHeadConfig(config: GroundingHeadConfig): FullGroundingHeadConfig {
  checkOptionNames(FN, config, NAMES, GroundingError);
  const full: FullGroundingHeadConfig = { ...DEFAULTS, ...given(config) };
  const { embedDim, numHeads, tokenLayers, dropout, branches } = full;
  for (const key of WHOLE) rule(isWhole(full[key], 1), `${key} must be a whole number above 0`, full[key]);
  rule(isWhole(tokenLayers, 0), "tokenLayers must be a whole number of at least 0", tokenLayers);
  rule(embedDim % numHeads === 0, `embedDim must be a multiple of numHeads (${numHeads})`, embedDim);
  rule(embedDim % 4 === 0, "embedDim must be a multiple of 4, for sine positions", embedDim);
  rule(dropout >= 0 && dropout < 1, "dropout must lie in [0, 1)", dropout);
  rule(BRANCHES.includes(branches), `branches must be ${BRANCHES.join(", ")}`, branches);
  return full;
}
