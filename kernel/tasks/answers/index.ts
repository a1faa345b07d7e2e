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
export {
  type BenchmarkScores,
  Leaderboard,
  leaderboard,
  type LeaderboardOptions,
  type LeaderboardRow,
  opencompassBenchmarks,
  opencompassMean,
} from "./opencompass";
export { type KitQuestion, readQuestions, writeQuestions } from "./vlmeval/questions";
export {
  type KitPredictions,
  type KitRun,
  type KitScore,
  readPredictions,
  scorePredictions,
  writeRun,
  type WrittenRun,
} from "./vlmeval/run";
export {
  benchmark,
  type BenchmarkItem,
  type BenchmarkName,
  benchmarkNames,
  benchmarkQuestions,
  type BenchmarkScore,
  scoreBenchmark,
  type WorldBenchmarkOptions,
} from "./benchmarks";
