import { isWhole } from "../../rules/rule-error";
import { StudyError } from "../error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** One frozen encoder of a representation. */
export interface RepresentationPart {
  /** Source for `encoders.load`. */
  encoder: string;
  /** Block whose tokens are taken; negative ones from the end. */
  index: number;
  /** Pictures lose this factor of their resolution before the encoder sees them. Default 1: none. */
  shrink?: number;
}

/** A representation: the tokens of one frozen encoder, or of several on one grid with their channels side by side. */
export interface Representation {
  name: string;
  parts: readonly RepresentationPart[];
}

/** Settings that determine the figures of the law in miniature. */
export interface LawMiniatureSettings {
  representations: readonly Representation[];
  /** Names of the representations that the A score compares with; they must come first. */
  references: readonly string[];
  /** Numbers of training pictures with a crowd and with a drawn sign. */
  pictures: { crowd: number; sign: number };
  /** Number of scenes of the training split from which the reader learns in words; no representation sees them. */
  told: number;
  /** Questions of each of the eight benchmarks of the world, on pictures of the split `split`. */
  asked: number;
  /** Split of the asked pictures and of the pairs: `val` to choose settings, `test` for figures. */
  split: "val" | "test";
  /** Pictures and pairs of the C score, in SPair-71k's layout. */
  correspondence: { images: number; pairs: number };
  /** Side of the grid to which every representation is averaged for the connector. */
  grid: number;
  /** Side of the square of averaged tokens that form one token of the reader. */
  merge: number;
  /** Size of the reader, the small language model. */
  reader: { features: number; layers: number; heads: number };
  /** Updates: of the reader on scenes in words, of the connector alone, of both together. */
  updates: { words: number; connector: number; together: number };
  /** Learning rates of the same stages. */
  rates: { words: number; connector: number; together: number };
  /** Pictures per batch. */
  batchSize: number;
  /** Questions about each picture of a batch. */
  questions: number;
  /** Number of seeds: 1, 2, …. */
  seeds: number;
}

const zoo = (name: string, index = -2, shrink?: number): RepresentationPart => ({
  encoder: `zoo/${name}`,
  index,
  ...(shrink === undefined ? {} : { shrink }),
});

/**
 * Fourteen representations: eight encoders of the zoo at the block before the last, as in the paper (`parts-pyramid` at the last one of
 * 16 x 16 tokens); one at half the resolution; two at their first block; three pairs with their channels side by side.
 */
export const REPRESENTATIONS: readonly Representation[] = [
  { name: "clip-vit", parts: [zoo("clip-vit")] },
  { name: "clip-vit at half resolution", parts: [zoo("clip-vit", -2, 2)] },
  { name: "parts-hybrid", parts: [zoo("parts-hybrid")] },
  { name: "siglip-hybrid", parts: [zoo("siglip-hybrid")] },
  { name: "dino-hybrid", parts: [zoo("dino-hybrid")] },
  { name: "mae-vit", parts: [zoo("mae-vit")] },
  { name: "masks-hybrid", parts: [zoo("masks-hybrid")] },
  { name: "untrained-hybrid", parts: [zoo("untrained-hybrid")] },
  { name: "parts-pyramid", parts: [zoo("parts-pyramid", 3)] },
  { name: "clip-vit, first block", parts: [zoo("clip-vit", 0)] },
  { name: "parts-hybrid, first block", parts: [zoo("parts-hybrid", 0)] },
  { name: "clip-vit + dino-hybrid", parts: [zoo("clip-vit"), zoo("dino-hybrid")] },
  { name: "clip-vit + parts-hybrid", parts: [zoo("clip-vit"), zoo("parts-hybrid")] },
  { name: "siglip-hybrid + masks-hybrid", parts: [zoo("siglip-hybrid"), zoo("masks-hybrid")] },
];

/** Settings of the study: the reader and features of all encoders in ten minutes, then about half a minute a training on two cores. */
export const LAW_MINIATURE: LawMiniatureSettings = {
  representations: REPRESENTATIONS,
  references: ["clip-vit", "clip-vit at half resolution"],
  pictures: { crowd: 960, sign: 320 },
  told: 10_000,
  asked: 200,
  split: "test",
  correspondence: { images: 56, pairs: 112 },
  grid: 8,
  merge: 2,
  reader: { features: 96, layers: 3, heads: 4 },
  updates: { words: 10_000, connector: 800, together: 400 },
  rates: { words: 2e-3, connector: 3e-3, together: 5e-4 },
  batchSize: 32,
  questions: 8,
  seeds: 3,
};

/** Settings of a run in less than two minutes, to test the code; its figures have no meaning. */
export const LAW_MINIATURE_SHORT: LawMiniatureSettings = {
  ...LAW_MINIATURE,
  representations: [
    ...REPRESENTATIONS.slice(0, 3),
    { name: "clip-vit, first block", parts: [zoo("clip-vit", 0)] },
    { name: "clip-vit, second block", parts: [zoo("clip-vit", 1)] },
    { name: "parts-hybrid, first block", parts: [zoo("parts-hybrid", 0)] },
    { name: "parts-hybrid, second block", parts: [zoo("parts-hybrid", 1)] },
    { name: "clip-vit + parts-hybrid", parts: [zoo("clip-vit"), zoo("parts-hybrid")] },
  ],
  pictures: { crowd: 12, sign: 4 },
  told: 8,
  asked: 12,
  correspondence: { images: 28, pairs: 14 },
  reader: { features: 16, layers: 1, heads: 2 },
  updates: { words: 2, connector: 2, together: 2 },
  batchSize: 4,
  questions: 2,
  seeds: 1,
};

const NAMES: OptionNames<LawMiniatureSettings> = {
  representations: true,
  references: true,
  pictures: true,
  told: true,
  asked: true,
  split: true,
  correspondence: true,
  grid: true,
  merge: true,
  reader: true,
  updates: true,
  rates: true,
  batchSize: true,
  questions: true,
  seeds: true,
};

/** @throws StudyError naming the invalid setting */
export function checkLawMiniature(fn: string, settings: LawMiniatureSettings): void {
  checkOptionNames(`${fn} settings`, settings, NAMES, StudyError);
  const { representations, references, pictures, asked, correspondence, updates, rates } = settings;
  const { grid, merge, batchSize, questions, seeds, split } = settings;
  const counts = {
    ...pictures,
    told: settings.told,
    asked,
    ...correspondence,
    ...updates,
    grid,
    merge,
    batchSize,
    questions,
    seeds,
  };
  for (const [name, value] of Object.entries(counts))
    if (!isWhole(value)) throw new StudyError(fn, `${name} must be a whole number of at least 1`, value);
  for (const [name, value] of Object.entries(rates))
    if (!(value > 0)) throw new StudyError(fn, `rates.${name} must be above 0`, value);
  if (split !== "val" && split !== "test") throw new StudyError(fn, "split must be val or test", split);
  if (grid % merge) throw new StudyError(fn, `grid must be a multiple of merge ${merge}`, grid);
  if (batchSize > Math.min(pictures.crowd + pictures.sign, settings.told))
    throw new StudyError(fn, "there must be as many training pictures and told scenes as a batch has", batchSize);
  const names = representations.map(({ name }) => name);
  if (new Set(names).size < names.length || representations.some(({ parts }) => !parts.length))
    throw new StudyError(fn, "representations must have different names and at least one part", names);
  if (!references.length || references.some((name, i) => names[i] !== name))
    throw new StudyError(fn, "references must be the first representations, in their order", references);
}
