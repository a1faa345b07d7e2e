import { aScore, aScoreWith } from "./a-score";
import { aligner } from "./aligner";
import { baseline, baselineNames } from "./baselines";
import { captionScore } from "./caption-score";
import { cScore, cScoreByLayer } from "./c-score";
import { definitions } from "./definitions";
import { logME } from "./logme";
import { centerTokens, locate, normalizeTokens, similarityRow } from "./match";
import { plan } from "./plan";
import { replayPlan } from "./plan-replay";
import { policy } from "./policy";
import { fit, predict } from "./regression";
import { pckOfPair, pckOfPredictor } from "./pck";
import { linearCka, mutualKnn } from "./similarity";
import { summarize } from "./summary";
import { parseTable, publishedTable } from "./table";

/** Law of vision representation (arXiv 2408.16357): what predicts how good an encoder is for a multimodal model. */
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

export type { AScore, AScoreOptions, TokenSet } from "./a-score";
export type { Aligner } from "./aligner";
export type { Baseline, BoxedPair } from "./baselines";
export type { Point, Placement } from "./canvas";
export type { CaptionModel, CaptionPair, CaptionScore, CaptionScoreOptions } from "./caption-score";
export type { CScore, CScoreOptions, ScoredPair } from "./c-score";
export type { PathPair } from "./match-pairs";
export type { StoredFeatures } from "./stored";
export type { FeatureSource } from "./supply";
export type {
  ExtractionOptions,
  FeatureCache,
  ImageFeatures,
  InputGeometry,
  LayerExtractor,
  LayerFeatures,
} from "./extraction";
export type { FlagName, LookAlikes, PairFlags, PckBreakdown } from "./subsets";
export type { AlignmentScore, DefinitionInfo, ScoreDefinition } from "./definitions";
export { LawError } from "./error";
export type { LogME } from "./logme";
export type { GridFeatures, GridPoint, MatchOptions } from "./match";
export type { KeypointResult, PckOptions, PckPair, PckSide, PointPredictor } from "./pck";
export type { LinearCka, MutualKnn } from "./similarity";
export type { PairOutcome, PckSummary } from "./summary";
export type { SolverOptions } from "./least-squares";
export type { BenchmarkFit, FitOptions, GroupSummary, Prediction, TableFit } from "./regression";
export type { ScoreTable, TableOptions, TableRow } from "./table";
export type { Plan, PlanBenchmark, PlanCandidate, PlanOptions, PlanPhase, PlanSettings } from "./plan";
export type { PlanReplay, PlanReplaySummary, PlanRun } from "./plan-replay";
export type { PolicyCurve, PolicyOptions, PolicyResult, Strategy } from "./policy";
