import { mean } from "../../numeric";
import type { AlignmentScore } from "./definitions";
import { LawError } from "../error";

/** Any model that can say how likely a caption is, given an image: encoder, projector and language model together. */
export interface CaptionModel<Image = string> {
  readonly name: string;
  /** `log P(y_t | image, y_<t)` (natural logarithm) of each caption token that is to be counted, `[T]`. */
  logProbabilities(image: Image, caption: string): Promise<ArrayLike<number>> | ArrayLike<number>;
}

/** An image with the caption that its author gave it. */
export interface CaptionPair<Image = string> {
  readonly image: Image;
  readonly caption: string;
}

export interface CaptionScore extends AlignmentScore {
  readonly definition: "caption-log-likelihood";
  readonly model: string;
  /** Mean log-probability per token, one number an image. */
  readonly images: number[];
  /** Caption tokens counted, one number an image. */
  readonly tokens: number[];
}

export interface CaptionScoreOptions {
  onProgress?: (progress: { done: number; total: number }) => void;
  signal?: AbortSignal;
}

/**
 * The A score of the paper's revised version: `mean_i (1/T_i) Σ_t log P(y_t | image_i, y_<t)`
 * (Law of Vision Representation, arXiv 2408.16357; law.md section 2.2, second definition). Its perplexity is `exp(-score)`.
 *
 * @throws LawError when there is no pair, or the model returns no tokens or a number that is no log-probability
 */
export async function captionScore<Image>(
  model: CaptionModel<Image>,
  pairs: readonly CaptionPair<Image>[],
  { onProgress, signal }: CaptionScoreOptions = {},
): Promise<CaptionScore> {
  if (pairs.length === 0) throw new LawError("law.captionScore", "at least one image with a caption is needed", 0);
  const images: number[] = [];
  const tokens: number[] = [];
  for (const { image, caption } of pairs) {
    signal?.throwIfAborted();
    const logs = Array.from(await model.logProbabilities(image, caption));
    images.push(meanLog(logs, caption));
    tokens.push(logs.length);
    onProgress?.({ done: images.length, total: pairs.length });
  }
  const score = mean(images);
  return { definition: "caption-log-likelihood", model: model.name, score, images, tokens };
}

function meanLog(logs: number[], caption: string): number {
  if (logs.length === 0) throw new LawError("law.captionScore", "a caption must have at least one token", caption);
  // Rounding of a log-softmax can leave a certain token a little above 0.
  const wrong = logs.find((log) => !(log <= 1e-6) || log === -Infinity);
  if (wrong !== undefined) {
    throw new LawError("law.captionScore", `log-probabilities must be finite and at most 0 ("${caption}")`, wrong);
  }
  return mean(logs);
}
