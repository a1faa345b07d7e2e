/** Law of vision representation (arXiv 2408.16357): what predicts how good an encoder is for a multimodal model. */
export { aScore } from "./predictors/a-score";
export { aligner } from "./predictors/aligner";
export { baseline, baselineNames } from "./pck/baselines";
export { captionScore } from "./predictors/caption-score";
export { cScore, cScoreByLayer } from "./pck/c-score";
export { definitions } from "./predictors/definitions";
export { logME } from "./predictors/logme";
export { centeredRows as centerTokens, unitRows as normalizeTokens } from "../numeric";
export { locate, similarityRow } from "./pck/match";
export { plan } from "./plan/plan";
export { replayPlan } from "./plan/plan-replay";
export { policy } from "./plan/policy";
export { fit, predict } from "./fit/regression";
export { pckOfPair, pckOfPredictor } from "./pck/pck";
export { linearCka, mutualKnn } from "./predictors/similarity";
export { summarize } from "./pck/summary";
export { parseTable, publishedTable } from "./fit/table";
export type { AScore, AScoreOptions, TokenSet } from "./predictors/a-score";
export type { Aligner } from "./predictors/aligner";
export type { Baseline, BoxedPair } from "./pck/baselines";
export type { Point, Placement } from "./pck/canvas";
export type { CaptionModel, CaptionPair, CaptionScore, CaptionScoreOptions } from "./predictors/caption-score";
export type { CScore, CScoreOptions, ScoredPair } from "./pck/c-score";
export type { PathPair } from "./pck/match-pairs";
export type { StoredFeatures } from "./pck/stored";
export type { FeatureSource } from "./pck/supply";
export type {
  ExtractionOptions,
  FeatureCache,
  ImageFeatures,
  InputGeometry,
  LayerExtractor,
  LayerFeatures,
} from "./pck/extraction";
export type { FlagName, LookAlikes, PairFlags, PckBreakdown } from "./pck/subsets";
export type { AlignmentScore, DefinitionInfo, ScoreDefinition } from "./predictors/definitions";
export { LawError } from "./error";
export type { LogME } from "./predictors/logme";
export type { GridFeatures, GridPoint, MatchOptions } from "./pck/match";
export type { KeypointResult, PckOptions, PckPair, PckSide, PointPredictor } from "./pck/pck";
export type { LinearCka, MutualKnn } from "./predictors/similarity";
export type { PairOutcome, PckSummary } from "./pck/summary";
export type { SolverOptions } from "./fit/least-squares";
export type { BenchmarkFit, FitOptions, GroupSummary, Prediction, TableFit } from "./fit/regression";
export type { ScoreTable, TableOptions, TableRow } from "./fit/table";
export type { Plan, PlanBenchmark, PlanCandidate, PlanOptions, PlanPhase, PlanSettings } from "./plan/plan";
export type { PlanReplay, PlanReplaySummary, PlanRun } from "./plan/plan-replay";
export type { PolicyCurve, PolicyOptions, PolicyResult, Strategy } from "./plan/policy";
