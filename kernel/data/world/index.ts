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
export { balance } from "./scenes/balance";
export { categories, parts } from "./things/categories";
export { crowd } from "./scenes/crowd";
export { factsOf } from "./language/facts";
export { write } from "./layouts";
export { denseMaps } from "./scenes/maps";
export { lookAlikes } from "./things/look-alikes";
export { answers, ask, questionTypes, quiz } from "./language/questions";
export { reading } from "./reading";
export { phrasesFor, resolve } from "./language/refer";
export { render } from "./draw/render";
export { scene } from "./scenes/scene";
export { writeSpair } from "./layouts/spair-writer";
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
export type { Backdrop, Blob } from "./draw/backdrop";
export type { Texture } from "./draw/texture";
