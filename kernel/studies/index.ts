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
export type { AnswerRun, AnswerStudy } from "./study-file";
export { type MethodSummary, pairedDifference, summarize } from "./summary";
export type { AnswerPlace } from "./answers/trainer";
