import { checkOptionNames, type OptionNames } from "../../option-names";
import { TaskError } from "../error";
import type { LabeledFeatures, ProbeScore } from "./features";
import { knn, type KnnOptions } from "./knn";
import { linear, type LinearProbeOptions, type LinearProbeScore } from "./linear";

/** Scores of frozen features. */
export interface ProbeScores {
  linear: LinearProbeScore;
  knn: ProbeScore;
}

/**
 * Evaluates frozen features by a linear probe and by nearest neighbours in one call.
 *
 *     const scores = await tasks.probe.evaluate({ features: a, labels }, { features: b, labels: testLabels });
 *     scores.linear.accuracy;
 *
 * @param train features [N, C] with N labels
 * @param test features [M, C] with M labels
 * @throws TaskError for labels that do not fit the features
 */
export async function evaluate(
  train: LabeledFeatures,
  test: LabeledFeatures,
  options: LinearProbeOptions & KnnOptions = {},
): Promise<ProbeScores> {
  const names: OptionNames<LinearProbeOptions & KnnOptions> = { l2: true, steps: true, k: true, temperature: true };
  checkOptionNames("tasks.probe.evaluate", options, names, TaskError);
  const { l2, steps, k, temperature } = options;
  return { linear: await linear(train, test, { l2, steps }), knn: knn(train, test, { k, temperature }) };
}
