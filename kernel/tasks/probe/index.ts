/** Probes of frozen features: a linear classifier and nearest neighbors. */
export { evaluate, knn, type KnnOptions, type ProbeScores } from "./evaluate";
export type { LabeledFeatures, ProbeScore } from "./features";
export { linear, type LinearProbeOptions, type LinearProbeScore } from "./linear";
