/** Gradual refinement of a vision transformer beside a language model (SAILViT, arXiv 2507.01643): network, stages, measures. */
export { RefineError } from "./error";
export type { RefineConfig, RefineEncoder } from "./config";
export { VisionHierarchy } from "./layers";
export { type RefineInput, RefineModel } from "./model";
export { type RefineBatch, refineBatch, type RefineExample, refineLoss } from "./loss";
export { type PictureTiles, tileGrid, type TileOptions, tilePicture } from "./tiles";
