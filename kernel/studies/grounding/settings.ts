import type { GroundingHeadConfig } from "../../grounding";
import type { Beit3Config } from "../../models";
import { StudyError } from "../error";
import { groundingMethods, type GroundingMethod } from "./methods";
import { checkArguments } from "../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Settings that determine the figures of a study of grounding. */
export interface GroundingStudySettings {
  /**
   * Encoder: a source of `models.loadBeit3` with a tokenizer, or the configuration of one whose first values are random and whose
   * vocabulary is that of the phrases.
   */
  encoder: string | Omit<Beit3Config, "vocabSize" | "imgSize">;
  /** Head of every method, but for the parts that the method names. */
  head: Omit<GroundingHeadConfig, "inputDim" | "branches">;
  /** Pixels on a side of the pictures. */
  size: number;
  /** Numbers of training and test pictures, each with several phrases. */
  images: { train: number; asked: number };
  /** Split of the test pictures: `val` to choose settings, `test` for figures. */
  split: "val" | "test";
  /** Largest number of objects in a picture; with fewer, each is larger. */
  objects: number;
  /** Phrases that name a part too. */
  parts: boolean;
  /** Number of ids of a phrase, with its frame. */
  length: number;
  /** Phrases in a batch. */
  batchSize: number;
  /** Updates of each method, all stages together. */
  steps: number;
  /** Learning rate of the head. */
  learningRate: number;
  /** Factor on the rate of the encoder. */
  encoderFactor: number;
  /** Number of seeds: 1, 2, …. */
  seeds: number;
  methods: readonly GroundingMethod[];
}

/** Settings of the whole study. */
export const GROUNDING: GroundingStudySettings = {
  encoder: "zoo/phrase-beit3",
  head: { embedDim: 64, numHeads: 4, generatorHidden: 128, decoderHidden: 256 },
  size: 96,
  images: { train: 1000, asked: 200 },
  split: "test",
  objects: 3,
  parts: true,
  length: 20,
  batchSize: 32,
  steps: 300,
  learningRate: 2e-3,
  encoderFactor: 0.25,
  seeds: 3,
  methods: groundingMethods(),
};

/** Settings of a short run in less than two minutes, to test the code; its figures have no meaning. */
export const GROUNDING_SHORT: GroundingStudySettings = {
  ...GROUNDING,
  encoder: { patchSize: 16, embedDim: 32, depth: 1, numHeads: 4, hiddenDim: 192, textPositions: 32 },
  size: 64,
  head: { embedDim: 16, numHeads: 2, generatorHidden: 16, decoderHidden: 16 },
  images: { train: 12, asked: 4 },
  batchSize: 8,
  steps: 5,
  seeds: 2,
};

const NAMES: OptionNames<GroundingStudySettings> = {
  encoder: true,
  head: true,
  size: true,
  images: true,
  split: true,
  objects: true,
  parts: true,
  length: true,
  batchSize: true,
  steps: true,
  learningRate: true,
  encoderFactor: true,
  seeds: true,
  methods: true,
};

/** @throws StudyError naming the invalid setting */
export function checkGroundingSettings(fn: string, settings: GroundingStudySettings): void {
  checkOptionNames(`${fn} settings`, settings, NAMES, StudyError);
  const kinds = {
    images: "object",
    methods: [{ name: "string", stages: [{ name: "string", share: "number" }] }],
  } as const;
  checkArguments(fn, StudyError, { settings }, { settings: kinds });
  const { images, batchSize, steps, seeds, size, length, objects } = settings;
  const { methods, learningRate, encoderFactor, split } = settings;
  const counts = {
    batchSize,
    steps,
    seeds,
    size,
    length,
    objects,
    "images.train": images.train,
    "images.asked": images.asked,
  };
  for (const [name, value] of Object.entries(counts))
    if (!Number.isInteger(value) || value < 1)
      throw new StudyError(fn, `${name} must be a whole number of at least 1`, value);
  for (const [name, value] of Object.entries({ learningRate, encoderFactor }))
    if (!(value > 0)) throw new StudyError(fn, `${name} must be above 0`, value);
  if (split !== "val" && split !== "test") throw new StudyError(fn, "split must be val or test", split);
  const names = methods.map(({ name }) => name);
  if (!names.length || new Set(names).size < names.length)
    throw new StudyError(fn, "methods must be an array of at least one, with different names", names);
  for (const { name, stages } of methods) {
    const labels = stages.map((stage) => stage.name);
    // They become part of names of files: two of one name would share a checkpoint, and the second would not be trained.
    if (new Set(labels).size < labels.length || !labels.every((label) => /^[\w -]+$/.test(label)))
      throw new StudyError(fn, `stages of ${name} must have different names of letters, digits and spaces`, labels);
    const shares = stages.map(({ share }) => share);
    if (!(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9 && shares.every((share) => share > 0)))
      throw new StudyError(fn, `shares of the stages of ${name} must be above 0 and add up to 1`, shares);
  }
}
