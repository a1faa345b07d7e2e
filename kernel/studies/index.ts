/** Study of projectors, VCE and adapters on one task: questions about the world's pictures. */
export type { AnswerScore } from "../tasks/answers/evaluate";
export { type AnswerMethod, answerMethods } from "./answers/methods";
export { AnswerModel, type LevelWeights, openAnswers, type OpenAnswersOptions } from "./answers/open";
export { loadPictures, type PictureOptions, Pictures, type PictureText } from "../tasks/answers/examples";
export type { AnswerSequence } from "../tasks/answers/sequences";
export { ANSWERS, ANSWERS_SHORT, type AnswerSettings } from "./answers/settings";
export { answerStudy, type AnswerStudyOptions } from "./answers/study";
export type { AnswerRun, AnswerStudy } from "./study-file";
export { type MethodSummary, pairedDifference, seedMean, type SeedMean, summarize } from "./summary";
export type { AnswerPlace } from "./answers/trainer";
