import type { NamedCurve, RunRecord } from "./record";

/** Curves that belong in one figure. */
export interface Chart {
  /** Names the chart among those of the view. */
  key: string;
  /** A metric's own name, or one of ours. */
  name: string;
  kind: "loss" | "metric" | "rate" | "norm";
}

const isLoss = ({ kind, name }: NamedCurve): boolean => name === "loss" && kind !== "rate" && kind !== "norm";
const isMetric = ({ kind, name }: NamedCurve): boolean =>
  name !== "loss" && (kind === "train" || kind === "validation");

/** The charts of all runs together: the loss, each metric, the rates, the gradient's norm. */
export function chartsOf(runs: readonly RunRecord[]): Chart[] {
  const curves = runs.flatMap((run) => run.curves);
  const metrics = [...new Set(curves.filter(isMetric).map(({ name }) => name))];
  return [
    { key: "loss", name: "loss", kind: "loss" },
    ...metrics.map((name): Chart => ({ key: `metric ${name}`, name, kind: "metric" })),
    { key: "rate", name: "learning rate", kind: "rate" },
    { key: "norm", name: "gradient norm", kind: "norm" },
  ];
}

/** A run's curves in a chart. */
export function curvesIn({ kind, name }: Chart, run: RunRecord): NamedCurve[] {
  switch (kind) {
    case "loss":
      return run.curves.filter(isLoss);
    case "metric":
      return run.curves.filter((one) => isMetric(one) && one.name === name);
    case "rate":
    case "norm":
      return run.curves.filter((one) => one.kind === kind);
    default:
      return kind satisfies never;
  }
}
