/** Questions about pictures of the world, for a model that sees. */
export { type AnswerScore, type AnswerScoreOptions, scoreMajority, scoreReading, scoreSeeing } from "./evaluate";
export { loadPictures, type PictureOptions, Pictures, type PictureText } from "./examples";
export { answerLogits as logits, answerLoss as loss, FeatureScale, type Sight } from "./model";
export {
  answerBatches as batches,
  type AnswerBatch,
  type AnswerBatchOptions,
  type AnswerSequence,
  AnswerWriter,
  batchOf,
} from "./sequences";
