import { checkArguments } from "../rules/arguments";
import type { Box } from "../contracts/geometry";
import type { ReferExpression } from "../data/refer/expression";
import { described, type DisplayBundle, tabulate, thousands } from "../display/describe";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { type GeneralizedResult, GeneralizedScore, type GeneralizedScoreOptions } from "../tasks/boxes/generalized";
import { BoxPrecision, type BoxPrecisionResult } from "../tasks/boxes/precision";
import type { BatchSource } from "../train/batches/batches";
import type { GroundingBatch } from "./batches";
import type { ConfidenceSample } from "./confidence";
import { GroundingError } from "./error";
import type { SimVg } from "./model";
import { predict, type PredictOptions } from "./step";
import { patientBar } from "../display/progress";
import { confidenceText } from "../protocol/core/words";
import { percent } from "./words";

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends PredictOptions {
  /** Thresholds of the scores for expressions without target or with several. Default: those of the paper. */
  generalized?: GeneralizedScoreOptions;
  /** Called after each batch. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two batches: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** Best box of an expression with one target, for `grounding.confidence` and a review. */
export interface GroundingSample extends ConfidenceSample {
  readonly expression: ReferExpression;
  /** Box of the highest score, corners in pixels. */
  readonly box: Box;
  /** Overlap with the truth. */
  readonly iou: number;
}

/** Scores of a model. Notebooks show it as a table of its splits, and its samples as a table of their scores. */
export interface Evaluation {
  /** Prec@0.5 of the expressions with one target, by split; the box is that of the highest score. */
  precision: Record<string, BoxPrecisionResult>;
  /** Scores over all expressions, also those without target or with several. */
  generalized: GeneralizedResult;
  /** Best box of each expression with one target, in the order of the batches. */
  samples: GroundingSample[];
}

const NAMES: OptionNames<EvaluateOptions> = {
  branch: true,
  generalized: true,
  onProgress: true,
  signal: true,
};

/**
 * Scores a model on a source of batches, once each: Prec@0.5 (arXiv 1608.00272, section 5), generalized F1 and N-acc (arXiv 2308.16182,
 * section 4.2).
 *
 * @throws GroundingError for a branch that the model lacks, or a source without a batch
 */
export async function evaluate(
  model: SimVg,
  source: BatchSource<GroundingBatch>,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkArguments(
    "grounding.evaluate",
    GroundingError,
    { model, source },
    { model: "module", source: { batch: "function", length: "size" } },
  );
  checkOptionNames("grounding.evaluate", options, NAMES, GroundingError);
  const { branch, generalized, onProgress = patientBar("Scoring", "batches"), signal } = options;
  const [precision, score] = [new BoxPrecision(), new GeneralizedScore(generalized)];
  const samples: GroundingSample[] = [];
  for (let index = 0; index < source.length; index++) {
    signal?.throwIfAborted();
    const batch = await source.batch(0, index);
    predict(model, batch, { branch }).forEach((found, i) => {
      const expression = batch.expressions[i];
      const { boxes, split } = expression;
      const best = found.reduce((a, b) => (b.score > a.score ? b : a));
      score.add(found, boxes);
      if (boxes.length !== 1) return;
      const { iou, correct } = precision.add(best.box, boxes[0], split);
      samples.push({ ...best, expression, iou, correct });
    });
    onProgress({ done: index + 1, total: source.length });
  }
  const result = { precision: precision.table(), generalized: score.value(), samples: described(samples, sampleTable) };
  return described(result, splitTable);
}

const HEAD = ["", "Prec@0.5", "95 % interval", "mean IoU", "expressions"];

function precisionRow(name: string, { precision, interval, meanIou, count }: BoxPrecisionResult): string[] {
  return [name, percent(precision), interval.map(percent).join(" – "), meanIou.toFixed(3), thousands(count)];
}

function splitTable({ precision, generalized }: Evaluation): DisplayBundle {
  const { f1, noTargetAccuracy, count, withoutTarget } = generalized;
  const rows = Object.entries(precision).map(([split, one]) => precisionRow(split, one));
  const none = withoutTarget
    ? `, N-acc ${percent(noTargetAccuracy)} of ${thousands(withoutTarget)} without target`
    : "";
  const all = `all boxes right and no other (F1 = 1) in ${percent(f1)}`;
  return tabulate(`Grounding of ${thousands(count)} expressions: ${all}${none}`, HEAD, rows);
}

/** Parts of equal size that a table of samples shows, from the highest scores to the lowest. */
const PARTS = 5;

function sampleTable(samples: readonly GroundingSample[]): DisplayBundle {
  const sorted = [...samples].sort((a, b) => b.score - a.score);
  const cut = (part: number): number => Math.round((part * sorted.length) / PARTS);
  const rows = Array.from({ length: PARTS }, (_, i) => sorted.slice(cut(i), cut(i + 1))).flatMap((own) =>
    own.length ? [scoreRow(own)] : [],
  );
  return tabulate(
    `${thousands(samples.length)} expressions with one target, by score`,
    ["score", ...HEAD.slice(1)],
    rows,
  );
}

/** Row of samples in descending order of their scores. */
function scoreRow(samples: readonly GroundingSample[]): string[] {
  const own = new BoxPrecision();
  for (const { box, expression } of samples) own.add(box, expression.boxes[0]);
  const [high, low] = [samples[0], samples[samples.length - 1]].map(({ score }) => confidenceText(score));
  return precisionRow(`${high} – ${low}`, own.value());
}
