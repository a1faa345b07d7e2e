/** Several teachers, one student: paths of adapters, routers, and their distillation. */
export { SakError } from "./error";
export type { FullSakConfig, SakConfig, SakTeacher } from "./config";
export { parameters, type SakParameters } from "./count";
export { Sak, type SakAddOptions, type SakForwardOptions } from "./model";
export { SakAdapter, SakPath, SakRouter, type SakRouterOptions } from "./layers";
export type { SakFeatures, SakRoute } from "./routes";
export { type DistillationOptions, distillationLoss, type GridTokens } from "./loss";
export {
  distill,
  type DistillationBatch,
  distillationStep,
  type DistillOptions,
  type SakTaskLoss,
  type TaskBatch,
  taskStep,
  type TaskStepOptions,
} from "./distill";
export {
  distillationSchedule,
  type DistillationScheduleOptions,
  distillationStage,
  loraStem,
  polynomial,
  type SakStageOptions,
  taskStage,
} from "./stages";
export { batches, type SakBatch, type SakBatchOptions } from "./batches";
export type { CachedTeacher, GivenTeacher, LiveTeacher, TeacherInput, TeacherSource } from "./teachers";
export { TeacherNorm, type TeacherNormKind } from "./norm";
export { loadStem, type LoadStemOptions } from "./load-stem";
export { readTheia, readTheiaNorm, type TheiaSample, type WriteTheiaOptions, writeTheia } from "./theia";
export {
  type BiasData,
  biases,
  Biases,
  type LevelScore,
  type MeasureBiasOptions,
  type TeacherScore,
} from "./biases/biases";
export type { BiasOptions, BiasPictures } from "./biases/pictures";
export { type LevelSimilarity, Similarities, type TeacherLevel } from "./biases/similarity";
export type { BiasTeacher } from "./biases/sources";
export {
  type SelectionGain,
  type SelectionStep,
  type SelectTeachersOptions,
  selectTeachers,
  TeacherSelection,
} from "./biases/select";
export { type SakOnnxOptions, toOnnx } from "./export";
export { load, save, type SakSaveOptions } from "./save";
export { type SakAtlas, type SakAtlasKind, type SakAtlasOptions, type SakAtlasTask, atlasOf } from "./atlas";
export type { SakCard, SakCardTeacher } from "./card";
