/** A task to compare projectors, VCE and adapters on: questions about the world's pictures. */
export type { AnswerScore } from "./evaluate";
export { type AnswerMethod, answerMethods } from "./methods";
export { AnswerModel, type LevelWeights, openAnswers, type OpenAnswersOptions } from "./open";
export { loadPictures, type PictureOptions, Pictures, type PictureText } from "./pictures";
export type { AnswerSequence } from "./sequences";
export { ANSWERS, ANSWERS_SHORT, type AnswerSettings } from "./settings";
export { answerStudy, type AnswerStudyOptions } from "./study";
export type { AnswerRun, AnswerStudy } from "./study-file";
export { type MethodSummary, pairedDifference, seedMean, type SeedMean, summarise } from "./summary";
export type { AnswerPlace } from "./trainer";
