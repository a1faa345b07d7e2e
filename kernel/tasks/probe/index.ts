/** Probes of frozen features: a linear classifier and nearest neighbors. */
export { evaluate, type ProbeScores } from "./evaluate";
export type { LabeledFeatures, ProbeScore } from "./features";
export { knn, type KnnOptions } from "./knn";
export { linear, type LinearProbeOptions, type LinearProbeScore } from "./linear";
