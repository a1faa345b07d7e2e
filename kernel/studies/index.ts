/** Methods compared on a task, each from several seeds. */
export { StudyError } from "./error";
export {
  type AnswerLoss,
  type AnswerMethod,
  answerMethods,
  type AnswerStage,
  type AnswerTask,
} from "./answers/methods";
export { AnswerModel, type LevelWeights, openAnswers, type OpenAnswersOptions } from "./answers/open";
export { ANSWERS, ANSWERS_SHORT, type AnswerSettings } from "./answers/settings";
export { answerStudy, type AnswerStudyOptions } from "./answers/study";
export type { AnswerRun, AnswerStudy } from "./answers/results";
export { StudyFile, type StudyFileOptions } from "./study-file";
export { type MethodSummary, pairedDifference, type ScoredStudy, summarize } from "./summary";
export type { AnswerPlace } from "./answers/trainer";
export { type GroundingMethod, groundingMethods, type GroundingStudyStage } from "./grounding/methods";
export { type PhraseKind, phraseKinds, type PhraseLength, phraseLengths } from "./grounding/phrases";
export { GROUNDING, GROUNDING_SHORT, type GroundingStudySettings } from "./grounding/settings";
export {
  type GroundingPlace,
  type GroundingRun,
  type GroundingScore,
  type GroundingStudy,
  groundingStudy,
  type GroundingStudyOptions,
} from "./grounding/study";
export { type GroundingSummary, summarizeGrounding } from "./grounding/summary";
export { LAW_MINIATURE_CSV } from "./law-miniature/measured-table";
export type { Measured } from "./law-miniature/predictors";
export {
  LAW_MINIATURE,
  LAW_MINIATURE_SHORT,
  type LawMiniatureSettings,
  type Representation,
  type RepresentationPart,
} from "./law-miniature/settings";
export { lawMiniature, type LawMiniatureOptions, type LawMiniatureStudy } from "./law-miniature/study";
export {
  lawMiniaturePredictors,
  type LawMiniatureRow,
  lawMiniatureTable,
  summarizeLawMiniature,
} from "./law-miniature/table";
export type { Baselines, ByBenchmark, LawMiniatureRun, StageProgress, Trained } from "./law-miniature/trainer";
