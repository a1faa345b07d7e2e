import { balance } from "./balance";
import { categories, parts } from "./categories";
import { crowd } from "./crowd";
import { factsOf } from "./facts";
import { write } from "./layouts";
import { denseMaps } from "./maps";
import { lookAlikes } from "./look-alikes";
import { answers, ask, questionTypes, quiz } from "./questions";
import { reading } from "./reading";
import { phrasesFor, resolve } from "./refer";
import { render } from "./render";
import { scene } from "./scene";
import { writeSpair } from "./spair-writer";

/**
 * A synthetic world for vision experiments: posed, coloured and partly hidden objects with exact part maps, keypoints and
 * captions. The same seed gives the same bytes everywhere.
 *
 * ```ts
 * const image = world.render(world.scene(7, { split: "test" }));
 * image.rgb;             // Uint8Array, 128 * 128 * 3
 * image.captions.full;   // "a large red striped fish above a small blue mug on a green ground"
 * ```
 */
export const world = {
  categories,
  parts,
  scene,
  lookAlikes,
  crowd,
  render,
  factsOf,
  phrasesFor,
  resolve,
  questionTypes,
  answers,
  ask,
  quiz,
  reading,
  denseMaps,
  balance,
  writeSpair,
  write,
} as const;

export type { BalanceRow } from "./balance";
export type { Captions, HardNegatives } from "./captions";
export type { CategoryName, CategorySpec, Shape } from "./categories";
export { colourNames, heldOutColours, type ColourName, type Rgb } from "./colours";
export type { CrowdOptions } from "./crowd";
export { WorldError } from "./errors";
export type { ObjectFacts } from "./facts";
export { layoutNames, type LayoutName, type WriteOptions, type WriteSpec } from "./layouts";
export type { DenseMaps } from "./maps";
export type { Pose } from "./pose";
export type { Question, QuestionType, Quiz, QuizOptions } from "./questions";
export type { Box, Keypoint, Rendered, TemplateMap } from "./render";
export { splits, type Relation, type Scene, type SceneObject, type SceneOptions, type Split } from "./scene";
export type { PartName } from "./sketch";
export type { SpairSpec, WriteSpairOptions } from "./spair-writer";
export { textureNames, type TextureName } from "./texture";
