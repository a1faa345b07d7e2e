/** What a value looks like, and how it gets to the front end. */
import { alignment } from "./alignment";
import { correspondence } from "./correspondence";
import { image } from "./image";
import { law } from "./law";
import { pca } from "./pca";
import { plotly } from "./plotly";
import { table } from "./table";
import { training } from "./training";

export {
  clearOutput,
  comms,
  display,
  displayHandle,
  View,
  type Comms,
  type Displayable,
  type DisplayHandle,
} from "../display/display";
export { ViewError } from "../protocol/core/error";
export {
  AlignmentView,
  type AlignmentInput,
  type AlignmentOptions,
  type Normalization,
  type ReferenceTokens,
  type TextTokens,
} from "./alignment";
export { CorrespondenceView, type CorrespondenceOptions } from "./correspondence";
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
export {
  TrainingView,
  type RunMemory,
  type RunPlan,
  type RunState,
  type TrainingObserverLike,
  type TrainingPlanLike,
  type TrainingRunLike,
  type TrainingStepLike,
  type TrainingViewOptions,
} from "./training";
export type { FeatureExtractor, FeatureMapLike, GeometryLike } from "./extract";
export type { KeypointPair, SpairPairLike, SpairViewLike } from "./correspondence/truth-input";
export type { KeypointScore, PairPCK } from "../protocol/correspondence/truth";
export type { ColorMapName } from "../protocol/core/color";
export type { Similarity } from "../protocol/core/scale";
export type { ScaleMode } from "../protocol/core/saved";
export type { Pixels } from "./draw/png";
export type { ImageOptions } from "./image";
export type { PlotlyObject } from "./plotly";
export type { TableViewOptions, TableViewRow, TableViewValue } from "./table";

/** Pictures and tables for notebooks: every function returns a value that shows itself as the result of a cell. */
export const view: {
  readonly correspondence: typeof correspondence;
  readonly pca: typeof pca;
  readonly alignment: typeof alignment;
  readonly law: typeof law;
  readonly training: typeof training;
  readonly table: typeof table;
  readonly plotly: typeof plotly;
  readonly image: typeof image;
} = { correspondence, pca, alignment, law, training, table, plotly, image };
