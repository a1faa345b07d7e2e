import { checkArguments } from "../../rules/arguments";
import { describe, described, type DisplayBundle } from "../../display/describe";
import { mean } from "../../numeric";
import type { AlignmentScore } from "./definitions";
import { LawError } from "../error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { patientBar } from "../../display/progress";
import { fixed } from "../words";
import { counted } from "../../protocol/core/words";

/** Model that gives the likelihood of a caption for an image: encoder, projector and language model together. */
export interface CaptionModel<Image = string> {
  readonly name: string;
  /** Returns `log P(y_t | image, y_<t)` (natural logarithm) of each counted caption token, `[T]`. */
  logProbabilities(image: Image, caption: string): Promise<ArrayLike<number>> | ArrayLike<number>;
}

/** Image with its author's caption. */
export interface CaptionPair<Image = string> {
  readonly image: Image;
  readonly caption: string;
}

/** Result of `law.captionScore`. */
export interface CaptionScore extends AlignmentScore {
  readonly definition: "caption-log-likelihood";
  readonly model: string;
  /** Mean log-probability per token, one number per image. */
  readonly images: number[];
  /** Number of counted caption tokens, one per image. */
  readonly tokens: number[];
}

/** Options of `law.captionScore`. */
export interface CaptionScoreOptions {
  /** Called after each image with the number of images done and of all. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two images: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/**
 * Returns the A score of the paper's revised version: `mean_i (1/T_i) Σ_t log P(y_t | image_i, y_<t)` (Law of Vision
 * Representation, arXiv 2408.16357). Its perplexity is `exp(-score)`.
 *
 * @throws LawError when there is no pair, or when the model returns no tokens or an invalid log-probability
 */
export async function captionScore<Image>(
  model: CaptionModel<Image>,
  pairs: readonly CaptionPair<Image>[],
  options: CaptionScoreOptions = {},
): Promise<CaptionScore> {
  checkArguments(
    "law.captionScore",
    LawError,
    { model, pairs },
    { model: { logProbabilities: "function" }, pairs: ["object"] },
  );
  checkOptionNames("law.captionScore", options, NAMES, LawError);
  const { onProgress = patientBar("Scoring", "pairs"), signal } = options;
  if (pairs.length === 0) throw new LawError("law.captionScore", "at least one image with a caption is needed", 0);
  const images: number[] = [];
  const tokens: number[] = [];
  for (const { image, caption } of pairs) {
    signal?.throwIfAborted();
    const logs = Array.from(await model.logProbabilities(image, caption));
    images.push(meanLog(logs, caption));
    tokens.push(logs.length);
    onProgress({ done: images.length, total: pairs.length });
  }
  const score = mean(images);
  const result = { definition: "caption-log-likelihood" as const, model: model.name, score, images, tokens };
  return described<CaptionScore>(result, showCaptionScore);
}

function meanLog(logs: number[], caption: string): number {
  if (logs.length === 0) throw new LawError("law.captionScore", "a caption must have at least one token", caption);
  // Rounding in a log-softmax can leave a certain token slightly above 0.
  const wrong = logs.find((log) => !(log <= 1e-6) || log === -Infinity);
  if (wrong !== undefined) {
    throw new LawError("law.captionScore", `log-probabilities must be finite and at most 0 ("${caption}")`, wrong);
  }
  return mean(logs);
}

const NAMES: OptionNames<CaptionScoreOptions> = { onProgress: true, signal: true };

/** Shows the mean log-probability of a caption's token. */
function showCaptionScore({ score, model, images, tokens }: CaptionScore): DisplayBundle {
  return describe(`A score over ${counted(images.length, "image")}, by captions`, [
    ["mean log-probability of a token", fixed(score, 4)],
    ["language model", model],
    ["tokens", String(tokens.reduce((sum, count) => sum + count, 0))],
  ]);
}
