import { type DensePair, findPairs } from "../../data/dense/pairs";
import { readMap } from "../../data/dense/map";
import { DenseError } from "../../data/dense/error";
import { type DenseValues, labelOf, predictionOf, type ValueOptions } from "../../data/dense/values";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { TaskError } from "../error";
import { type BoundaryOptions, BoundaryScore } from "./boundary/score";
import { checkTask, type DenseTask, FACTS, IGNORE } from "./facts";
import { DepthError } from "./metrics/depth-error";
import { MaxF } from "./metrics/max-f";
import { MeanIou, type MeanIouOptions } from "./metrics/mean-iou";
import { NormalError } from "./metrics/normal-error";
import { isWhole } from "../../rules/rule-error";
import { patientBar } from "../../display/progress";

/** Options of {@link score}. */
export interface ScoreOptions extends ValueOptions {
  /** Task whose metric is computed. */
  task: DenseTask;
  /** Folder of the predicted maps. */
  predictions: string;
  /** Folder of the labels, files of the same names; for boundaries also folders of the annotators' maps. */
  labels: string;
  /** Pictures to score. Default: all with a label. */
  names?: readonly string[];
  /** Settings of the boundary score. Default: those of {@link BoundaryScore}. */
  boundary?: BoundaryOptions;
  /** Treatment of a class that does not occur. Default `zero`. */
  absent?: MeanIouOptions["absent"];
  /** Called after each picture. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Stops after the current picture. Default: none. */
  signal?: AbortSignal;
}

/** Score of a folder of predictions. */
export interface ScoreResult {
  readonly task: DenseTask;
  readonly metric: "mIoU" | "maxF" | "mErr" | "odsF" | "rmse";
  /** Value of the metric: shares 0..1, degrees or metres. */
  readonly score: number;
  readonly lowerIsBetter: boolean;
  readonly pictures: number;
  /** Everything that the metric counts; see the classes of the metrics. */
  readonly details: Readonly<Record<string, unknown>>;
}

const FN = "tasks.dense.score";
const NAMES: OptionNames<ScoreOptions> = {
  task: true,
  predictions: true,
  labels: true,
  names: true,
  boundary: true,
  absent: true,
  onProgress: true,
  signal: true,
  classes: true,
  firstClass: true,
  depthScale: true,
};

/** A metric that takes picture by picture. */
interface Meter {
  add(prediction: DenseValues, labels: readonly DenseValues[]): void;
  value(): Readonly<Record<string, unknown>>;
}

/**
 * Scores a folder of predictions against a folder of labels, picture by picture, with counts pooled over the set. Maps are PNG files or
 * arrays of NumPy. Classes are whole numbers; saliency and boundaries are grey levels, the largest being 1; normals are
 * [H, W, 3], in PNG files round(127.5 (c + 1)); depths are numbers times `depthScale`.
 *
 * @throws TaskError for an unusable option; DenseError for a file that is missing, damaged, or holds values that the task does not have
 */
export async function score(options: ScoreOptions): Promise<ScoreResult> {
  checkOptionNames(FN, options, NAMES, TaskError);
  const task = checkTask(FN, options.task);
  const meter = meterOf(task, checked(task, options));
  const pairs = findPairs(FN, options.predictions, options.labels, options.names);
  const { onProgress = patientBar("Scoring", "pictures") } = options;
  for (const [i, pair] of pairs.entries()) {
    options.signal?.throwIfAborted();
    await addPair(meter, task, pair, options);
    onProgress({ done: i + 1, total: pairs.length });
  }
  const details = meter.value();
  const { metric, lowerIsBetter } = FACTS[task];
  if (Number.isNaN(details[metric]))
    throw new DenseError(FN, options.labels, `the labels of ${task} must have a pixel that counts`, "none");
  return { task, metric, score: details[metric] as number, lowerIsBetter, pictures: pairs.length, details };
}

function checked(task: DenseTask, options: ScoreOptions): ScoreOptions {
  const { classes, firstClass = 0, depthScale = 1 } = options;
  if ((task === "semseg" || task === "parts") && classes === undefined)
    throw new TaskError(FN, `classes must be given for ${task}`, classes);
  if (!isWhole(firstClass, 0) || firstClass > 255)
    throw new TaskError(FN, "firstClass must be a whole number of 0..255", firstClass);
  if (!(depthScale > 0 && depthScale < Infinity)) throw new TaskError(FN, "depthScale must be above 0", depthScale);
  return options;
}

function meterOf(task: DenseTask, { classes = 0, absent, boundary }: ScoreOptions): Meter {
  if (task === "boundary") return new BoundaryScore(boundary) as unknown as Meter;
  const single = singleMeter(task, classes, absent);
  return {
    add: (prediction, [label]) => single.add(prediction.data, label.data),
    value: () => single.value() as unknown as Readonly<Record<string, unknown>>,
  };
}

function singleMeter(
  task: Exclude<DenseTask, "boundary">,
  classes: number,
  absent: MeanIouOptions["absent"],
): MeanIou | MaxF | NormalError | DepthError {
  if (task === "saliency") return new MaxF();
  if (task === "normals") return new NormalError();
  if (task === "depth") return new DepthError();
  return new MeanIou({ classes, absent });
}

async function addPair(meter: Meter, task: DenseTask, pair: DensePair, options: ScoreOptions): Promise<void> {
  const prediction = predictionOf(FN, task, await readMap(FN, pair.prediction), options);
  if (pair.labels.length > 1 && task !== "boundary")
    throw new DenseError(
      FN,
      pair.name,
      `only boundaries have several labels a picture, ${task} one`,
      pair.labels.length,
    );
  const labels: DenseValues[] = [];
  for (const file of pair.labels) {
    const label = labelOf(FN, task, await readMap(FN, file), options);
    if (label.width !== prediction.width || label.height !== prediction.height)
      throw new DenseError(
        FN,
        pair.prediction,
        `the prediction must be of the label's size, ${label.width} x ${label.height}`,
        [prediction.width, prediction.height],
      );
    if (task === "boundary" && label.data.includes(IGNORE))
      throw new DenseError(FN, file, "boundaries are scored on whole pictures, without ignored pixels", IGNORE);
    labels.push(label);
  }
  meter.add(prediction, labels);
}
