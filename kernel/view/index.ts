/** Pictures and tables for notebooks: every function returns a value that shows itself as the result of a cell. */
export { alignment } from "./alignment";
export { atlas } from "./atlas";
export { attention } from "./attention";
export { correspondence } from "./correspondence";
export { gallery } from "./gallery";
export { grounding } from "./grounding";
export { image, images } from "./image";
export { law } from "./law";
export { pca } from "./pca";
export { plotly } from "./plotly";
export { refinement } from "./refinement";
export { review } from "./review";
export { save } from "./save";
export { table } from "./table";
export { training } from "./training";
export { learningRates, type LearningRateSweepLike } from "./training/rates";
export type { Described } from "../display/describe";
export { View, type Comms, type Displayable, type DisplayHandle } from "../display/display";
export type {
  Comm,
  CommMessage,
  CommOpenOptions,
  DisplayOptions,
  JSONObject,
  JSONValue,
  MimeBundle,
} from "../display/host";
export { ViewError } from "../protocol/core/error";
export {
  AlignmentView,
  type AlignmentInput,
  type AlignmentOptions,
  type Normalization,
  type ReferenceTokens,
  type TextTokens,
} from "./alignment";
export { type AtlasOptions, type AtlasSourceLike, type AtlasTaskLike, AtlasView } from "./atlas";
export {
  AttentionView,
  type AttentionEncoder,
  type AttentionMapLike,
  type AttentionOptions,
  type AttentionQuery,
  type AttentionScale,
  type HeadNumbers,
} from "./attention";
export { CorrespondenceView, type CorrespondenceOptions } from "./correspondence";
export {
  GalleryView,
  type FeatureFolderLike,
  type FeatureLineLike,
  type GalleryOptions,
  type GalleryProgress,
  type PictureRoot,
} from "./gallery";
export {
  type GroundedBoxLike,
  type GroundingBranchName,
  type GroundingExplorerLike,
  type GroundingPhraseLike,
  type GroundingReplayLike,
  GroundingView,
  type GroundingViewOptions,
} from "./grounding";
export { PcaView, type PcaOptions } from "./pca";
export {
  LawView,
  type LawBenchmarkFitLike,
  type LawFitLike,
  type LawGroupLike,
  type LawRefit,
  type LawRefitOptions,
  type LawTableLike,
  type LawTableRowLike,
  type LawViewOptions,
} from "./law";
export { type RefinementOptions, type RefinementSnapshotLike, type RefinementSourceLike } from "./refinement";
export { type ReviewConfidenceLike, type ReviewOptions, type ReviewPredictionLike, ReviewView } from "./review";
export {
  TrainingView,
  type RunMemory,
  type RunPlan,
  type RunState,
  type StoredRunLike,
  type TrainingNumbersLike,
  type TrainingObserverLike,
  type TrainingPlanLike,
  type TrainingRunLike,
  type TrainingStepLike,
  type TrainingViewOptions,
} from "./training";
export type { ExtractorOptions, FeatureExtractor } from "./extract";
export type { KeypointPair, SpairPairLike, SpairViewLike } from "./correspondence/truth-input";
export type { KeypointScore, PairPCK } from "../protocol/correspondence/truth";
export type { ColorMapName } from "../protocol/core/color";
export type { Similarity } from "../protocol/core/scale";
export type { ScaleMode } from "../protocol/core/saved";
export type { Pixels } from "./draw/png";
export type { ImageOptions, ImagesOptions, PictureFile } from "./image";
export type { BoxMark, Marks, PointMark } from "./image/marks";
export type { PlotlyObject } from "./plotly";
export type { TableViewOptions, TableViewRow, TableViewValue } from "./table";
