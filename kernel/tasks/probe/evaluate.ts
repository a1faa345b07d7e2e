import { checkArguments } from "../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { TaskError } from "../error";
import { checkProbe, type LabeledFeatures, type ProbeScore, scoreOf } from "./features";
import { linear, type LinearProbeOptions, type LinearProbeScore } from "./linear";
import { argmax, dot, row, topIndices, unitRows } from "../../numeric";
import { isWhole } from "../../rules/rule-error";

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
  checkArguments(
    "tasks.probe.evaluate",
    TaskError,
    { train, test },
    { train: { features: "list", labels: "list" }, test: { features: "list", labels: "list" } },
  );
  const names: OptionNames<LinearProbeOptions & KnnOptions> = { l2: true, steps: true, k: true, temperature: true };
  checkOptionNames("tasks.probe.evaluate", options, names, TaskError);
  const { l2, steps, k, temperature } = options;
  return { linear: await linear(train, test, { l2, steps }), knn: knn(train, test, { k, temperature }) };
}

/** Options of {@link knn}. */
export interface KnnOptions {
  /** Number of neighbours. Default 20. */
  k?: number;
  /** Divisor of cosines before the exponential that weights a neighbour's vote. Default 0.07. */
  temperature?: number;
}

/**
 * Classifies by the nearest training rows: each of the k most similar by cosine votes for its class with weight exp(cosine /
 * temperature) (arXiv 1805.01978; the protocol of DINO, arXiv 2104.14294).
 *
 * @param train features [N, C] with N labels
 * @param test features [M, C] with M labels
 * @throws TaskError for labels that do not fit the features, or a k that is no whole number
 */
export function knn(train: LabeledFeatures, test: LabeledFeatures, options: KnnOptions = {}): ProbeScore {
  const fn = "tasks.probe.knn";
  checkArguments(
    fn,
    TaskError,
    { train, test },
    { train: { features: "list", labels: "list" }, test: { features: "list", labels: "list" } },
  );
  checkOptionNames(fn, options, { k: true, temperature: true }, TaskError);
  const { k = 20, temperature = 0.07 } = options;
  const { channels, classes } = checkProbe(fn, train, test);
  if (!isWhole(k)) throw new TaskError(fn, "k must be a whole number of at least 1", k);
  if (!(temperature > 0)) throw new TaskError(fn, "temperature must be above 0", temperature);
  const [known, asked] = [train, test].map(({ features }) => unitRows(features, channels));
  const predictions = Int32Array.from({ length: test.labels.length }, (_, i) => {
    const query = row(asked, channels, i);
    const cosines = Float64Array.from({ length: train.labels.length }, (_, j) => dot(known, query, j * channels));
    const votes = new Float64Array(classes);
    for (const j of topIndices(cosines, k)) votes[train.labels[j]] += Math.exp(cosines[j] / temperature);
    return argmax(votes);
  });
  return scoreOf(predictions, test.labels);
}
