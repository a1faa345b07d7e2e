import type { View } from "../../display/display";
import { COLORWAY } from "../../protocol/core/figure";
import { ViewError } from "../../protocol/core/error";
import { plotly, type PlotlyObject } from "../plotly";

/** Sweep of the learning rate, as `train.findLearningRate` returns it. */
export interface LearningRateSweepLike {
  readonly learningRates: readonly number[];
  readonly losses: readonly number[];
  readonly smoothed: readonly number[];
  readonly suggestion: number | null;
}

/**
 * Draws loss against learning rate, with the suggested rate marked.
 *
 *     view.learningRates(await train.findLearningRate({ model, data, loss }))
 *
 * @throws ViewError for a sweep without updates, or whose lists differ in length
 */
export function learningRates(sweep: LearningRateSweepLike): View {
  const { learningRates: x, losses, smoothed, suggestion } = Object(sweep) as LearningRateSweepLike;
  const lists: unknown[] = [x, losses, smoothed];
  if (!lists.every(Array.isArray) || !x.length || losses.length !== x.length || smoothed.length !== x.length)
    throw new ViewError("view.learningRates", "sweep must be a result of train.findLearningRate", sweep);
  const line = { type: "scatter", mode: "lines", x };
  const traces: PlotlyObject[] = [
    { ...line, name: "loss", y: losses, opacity: 0.35, line: { color: COLORWAY[0], width: 1 } },
    { ...line, name: "smoothed", y: smoothed, line: { color: COLORWAY[0], width: 2.4 } },
  ];
  const at = suggestion === null ? -1 : x.indexOf(suggestion);
  const marker = { size: 11, symbol: "diamond", color: COLORWAY[1], line: { width: 1, color: "#000" } };
  if (at >= 0) traces.push({ ...line, mode: "markers", name: "suggested", x: [x[at]], y: [smoothed[at]], marker });
  return plotly(traces, {
    title: { text: at < 0 ? "Learning rate: no suggestion" : `Learning rate: ${x[at].toExponential(2)} suggested` },
    xaxis: { title: { text: "learning rate" }, type: "log" },
    yaxis: { title: { text: "loss" } },
    height: 320,
  });
}
