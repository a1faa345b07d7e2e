import { balance } from "./scenes/balance";
import { categories, parts } from "./things/categories";
import { crowd } from "./scenes/crowd";
import { factsOf } from "./language/facts";
import { write } from "./layouts";
import { denseMaps } from "./scenes/maps";
import { lookAlikes } from "./things/look-alikes";
import { answers, ask, questionTypes, quiz } from "./language/questions";
import { reading } from "./reading";
import { phrasesFor, resolve } from "./language/refer";
import { render } from "./draw/render";
import { scene } from "./scenes/scene";
import { writeSpair } from "./layouts/spair-writer";

/**
 * A synthetic world for vision experiments: posed, coloured and partly hidden objects with exact part maps, keypoints and
 * captions. The same seed gives the same bytes everywhere.
 *
 * ```ts
 * const image = world.render(world.scene(7, { split: "test" }));
 * image.data;            // Uint8Array, 128 * 128 * 3
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

export type { BalanceRow } from "./scenes/balance";
export type { Captions, HardNegatives } from "./language/captions";
export type { CategoryName, CategorySpec, Shape } from "./things/categories";
export { colorNames, heldOutColors, type ColorName, type Rgb } from "./draw/colors";
export type { CrowdOptions } from "./scenes/crowd";
export { WorldError } from "./errors";
export type { ObjectFacts } from "./language/facts";
export { layoutNames, type LayoutName, type WriteOptions, type WriteSpec } from "./layouts";
export type { DenseMaps } from "./scenes/maps";
export type { Pose } from "./things/pose";
export type { Question, QuestionType, Quiz, QuizOptions } from "./language/questions";
export type { Keypoint, Rendered, TemplateMap } from "./draw/render";
export { splits, type Relation, type Scene, type SceneObject, type SceneOptions, type Split } from "./scenes/scene";
export type { PartName } from "./things/sketch";
export type { SpairSpec, WriteSpairOptions } from "./layouts/spair-writer";
export { textureNames, type TextureName } from "./draw/texture";
