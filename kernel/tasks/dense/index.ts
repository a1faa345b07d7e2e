/** Dense tasks: semantic segmentation, parts, saliency, surface normals, boundaries and depth. */
export { type DenseFacts, FACTS as facts, TASKS as tasks } from "./facts";
export { deltaM, type TaskScores } from "./metrics/delta";
export { DepthError, type DepthErrorResult } from "./metrics/depth-error";
export { MaxF, type MaxFOptions, type MaxFResult } from "./metrics/max-f";
export { MeanIou, type MeanIouOptions, type MeanIouResult } from "./metrics/mean-iou";
export { NormalError, type NormalErrorResult } from "./metrics/normal-error";
export type { ValueOptions } from "../../data/dense/values";
export { type BoundaryPoint } from "./boundary/curve";
export { type Correspondence, correspond } from "./boundary/correspond";
export { type SuppressOptions, suppress } from "./boundary/nms";
export { type BoundaryMap, type BoundaryOptions, type BoundaryResult, BoundaryScore } from "./boundary/score";
export { augment, type AugmentedSample, type AugmentOptions } from "./augment";
export { batch, type DenseBatch } from "./batch";
export { BatchNorm, type BatchNormOptions } from "./batch-norm";
export { DenseHead, type DenseHeadOptions } from "./head";
export {
  balancedLoss,
  boundaryLoss,
  type ByTask,
  classLoss,
  denseLoss as loss,
  depthLoss,
  normalsLoss,
} from "./losses";
export { type Cells, cellsOf } from "./probe/cells";
export { DenseProbeScore } from "./probe/meter";
export { type CellLabels, DenseProbe, type DenseProbeOptions, FittedDenseProbe } from "./probe/probe";
export { resizeBilinear } from "./resize";
export { score, type ScoreOptions, type ScoreResult } from "./score";
export { thin } from "./boundary/thin";
