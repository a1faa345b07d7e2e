import * as world from "../../data/world";
import type { QuestionType } from "../../data/world/language/questions";
import { StudyError } from "../error";
import { answerMethods, type AnswerMethod } from "./methods";
import { checkArguments } from "../../rules/arguments";
import { isWhole } from "../../rules/rule-error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Settings that determine the figures of a study. */
export interface AnswerSettings {
  /** Source for `encoders.load`. */
  encoder: string;
  /** Source for `models.load`. */
  languageModel: string;
  /** Blocks of the encoder by index; the first one is projected. */
  indices: readonly number[];
  /** Side of the square of encoder tokens that are averaged. */
  pool: number;
  /** Side of the square of averaged tokens that form one token of the language model. */
  merge: number;
  /** Numbers of heads and points of VCE. */
  heads: number;
  points: number;
  /** Numbers of training and test pictures. */
  images: { train: number; asked: number };
  /** Split of the test pictures: `val` to choose settings, `test` for figures. */
  split: "val" | "test";
  /** Types of the learnt and asked questions. */
  types: readonly QuestionType[];
  /** Pictures per batch. */
  batchSize: number;
  /** Questions per picture. */
  questions: number;
  /** Updates of the two stages. */
  steps: readonly [first: number, second: number];
  /** Learning rates: of VCE and projector in both stages, of the adapter in the second. */
  rates: { first: number; second: number; adapter: number };
  /** Number of seeds: 1, 2, …. */
  seeds: number;
  methods: readonly AnswerMethod[];
}

/**
 * Settings of the whole study: about 13 minutes on two cores with TensorFlow, 4 per seed. `zoo/reading-llama` answers
 * its types of questions from words; on other types it does not exceed chance.
 */
export const ANSWERS: AnswerSettings = {
  encoder: "zoo/clip-vit",
  languageModel: "zoo/reading-llama",
  indices: [-1, -2, -3, -4],
  pool: 2,
  merge: 2,
  heads: 4,
  points: 2,
  images: { train: 3072, asked: 384 },
  split: "test",
  types: ["existence", "count", "category", "color"],
  batchSize: 16,
  questions: 4,
  steps: [300, 120],
  rates: { first: 5e-3, second: 5e-4, adapter: 5e-3 },
  seeds: 3,
  methods: answerMethods(),
};

/** Settings of a short run in less than two minutes on WebAssembly, to test the code; its figures have no meaning. */
export const ANSWERS_SHORT: AnswerSettings = {
  ...ANSWERS,
  images: { train: 128, asked: 32 },
  batchSize: 8,
  steps: [12, 6],
  seeds: 2,
};

const NAMES: OptionNames<AnswerSettings> = {
  encoder: true,
  languageModel: true,
  indices: true,
  pool: true,
  merge: true,
  heads: true,
  points: true,
  images: true,
  split: true,
  types: true,
  batchSize: true,
  questions: true,
  steps: true,
  rates: true,
  seeds: true,
  methods: true,
};

/** @throws StudyError naming the invalid setting */
export function checkSettings(fn: string, settings: AnswerSettings): void {
  checkOptionNames(`${fn} settings`, settings, NAMES, StudyError);
  const methodKinds = [{ name: "string" }] as const;
  const kinds = { steps: "array", images: "object", rates: "object", types: "array", methods: methodKinds } as const;
  checkArguments(fn, StudyError, { settings }, { settings: kinds });
  const { batchSize, questions, seeds, steps, images, merge, methods, rates, types } = settings;
  const counts = { batchSize, questions, seeds, merge, "steps[0]": steps[0], "steps[1]": steps[1] };
  for (const [name, value] of Object.entries({ ...counts, "images.train": images.train, "images.asked": images.asked }))
    if (!isWhole(value)) throw new StudyError(fn, `${name} must be a whole number of at least 1`, value);
  for (const [name, value] of Object.entries(rates))
    if (!(value > 0)) throw new StudyError(fn, `rates.${name} must be above 0`, value);
  if (!types.length || types.some((type) => !world.questionTypes.includes(type)))
    throw new StudyError(fn, `types must be some of ${world.questionTypes.join(", ")}`, [...types]);
  if (images.train < batchSize)
    throw new StudyError(fn, `images.train must fill a batch of ${batchSize}`, images.train);
  const names = methods.map(({ name }) => name);
  if (!names.length || new Set(names).size < names.length)
    throw new StudyError(fn, "methods must be an array of at least one, with different names", names);
}
