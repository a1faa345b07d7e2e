import { aScore, aScoreWith } from "./predictors/a-score";
import { aligner } from "./predictors/aligner";
import { baseline, baselineNames } from "./pck/baselines";
import { captionScore } from "./predictors/caption-score";
import { cScore, cScoreByLayer } from "./pck/c-score";
import { definitions } from "./predictors/definitions";
import { logME } from "./predictors/logme";
import { centerTokens, locate, normalizeTokens, similarityRow } from "./pck/match";
import { plan } from "./plan/plan";
import { replayPlan } from "./plan/plan-replay";
import { policy } from "./plan/policy";
import { fit, predict } from "./fit/regression";
import { pckOfPair, pckOfPredictor } from "./pck/pck";
import { linearCka, mutualKnn } from "./predictors/similarity";
import { summarize } from "./pck/summary";
import { parseTable, publishedTable } from "./fit/table";

/** Law of vision representation (arXiv 2408.16357): predictors of an encoder's quality for a multimodal model. */
export const law = {
  aScore,
  aScoreWith,
  aligner,
  captionScore,
  mutualKnn,
  linearCka,
  logME,
  definitions,
  cScore,
  cScoreByLayer,
  fit,
  predict,
  policy,
  plan,
  replayPlan,
  table: parseTable,
  published: publishedTable,
  pckOfPair,
  pckOfPredictor,
  summarize,
  baseline,
  baselineNames,
  locate,
  similarityRow,
  normalizeTokens,
  centerTokens,
};

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
