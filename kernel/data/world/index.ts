/**
 * A synthetic world for vision experiments: posed, coloured and partly hidden objects with exact part maps, keypoints and
 * captions. The same seed gives the same bytes everywhere.
 *
 * ```ts
 * const image = data.world.render(data.world.scene(7, { split: "test" }));
 * image.data;            // Uint8Array, 128 * 128 * 3
 * image.captions.full;   // "a large red striped fish above a small blue mug on a green ground"
 * ```
 */
export { balance, type BalanceRow } from "./scenes/balance";
export { categories, type CategoryName, type CategorySpec, lookAlikes, parts, type Shape } from "./things/categories";
export { crowd, type CrowdOptions } from "./scenes/crowd";
export { factsOf, type ObjectFacts } from "./language/facts";
export { type LayoutName, layoutNames, write, type WriteOptions, type WriteSpec } from "./layouts";
export { denseMaps, type DenseMaps } from "./scenes/maps";
export {
  answers,
  ask,
  type Question,
  type QuestionType,
  questionTypes,
  quiz,
  type Quiz,
  type QuizOptions,
} from "./language/questions";
export { reading } from "./reading";
export { phrasesFor, resolve, type PhraseOptions } from "./language/refer";
export { type Keypoint, render, type Rendered, type TemplateMap } from "./draw/render";
export {
  type Relation,
  scene,
  type Scene,
  type SceneObject,
  type SceneOptions,
  type Split,
  splits,
} from "./scenes/scene";
export { type SpairSpec, writeSpair, type WriteSpairOptions } from "./layouts/spair-writer";
export type { Captions, HardNegatives } from "./language/captions";
export { colorNames, heldOutColors, type ColorName, type Rgb } from "./draw/colors";
export { WorldError } from "./errors";
export type { Pose } from "./things/pose";
export type { PartName } from "./things/sketch";
export { type Texture, type TextureName, textureNames } from "./draw/texture";
export type { Backdrop, Blob } from "./draw/backdrop";
