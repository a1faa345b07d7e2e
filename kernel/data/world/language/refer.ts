import { checkArguments } from "../../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { WorldError } from "../errors";
import { categories, parts, partsOfCategory, type CategoryName } from "../things/categories";
import { colorNames, type ColorName } from "../draw/colors";
import type { PartName } from "../things/sketch";
import { withArticle } from "./captions";
import { lead, type ObjectFacts } from "./facts";
import type { Relation } from "../scenes/scene";
import { textureNames, type TextureName } from "../draw/texture";
import { FACT_KIND } from "../scenes/kinds";

/** Words that single out one object of several. */
const superlatives = ["leftmost", "rightmost", "topmost", "bottommost", "largest", "smallest"] as const;
type Superlative = (typeof superlatives)[number];

/** Relations in phrases and questions. */
export const relations = ["left of", "right of", "above", "below"] as const satisfies readonly Relation[];

/** Smallest lead of a relation, as a share of the image side. */
export const CLEAR_LEAD = 0.12;
/** Smallest lead of the leftmost object (and so on) before the next one. */
const CLEAR_EXTREME = 0.08;
/** Smallest ratio of scales at which an object counts as larger. */
export const CLEAR_RATIO = 1.3;

/** Parsed phrase: `the [superlative] [color] [texture] (category | object) [with a part] [relation the …]`. */
interface Phrase {
  readonly superlative?: Superlative;
  readonly color?: ColorName;
  readonly texture?: TextureName;
  readonly category?: CategoryName;
  readonly part?: PartName;
  readonly relation?: Relation;
  readonly anchor?: Phrase;
}

const NOUNS: readonly string[] = [...categories.map((spec) => spec.name), "object"];
const alternatives = (words: readonly string[]): string => words.join("|");
const GRAMMAR = new RegExp(
  `^the (?:(${alternatives(superlatives)}) )?(?:(${alternatives(colorNames)}) )?` +
    `(?:(${alternatives(textureNames.slice(1))}) )?(${alternatives(NOUNS)})` +
    `(?: with an? (${alternatives(parts.slice(1))}))?(?: (${alternatives(relations)}) (the .+))?$`,
);

function parse(text: string): Phrase {
  const found = GRAMMAR.exec(text);
  if (!found) {
    const form = "the [superlative] [color] [texture] (category | object) [with a part] [relation the …]";
    throw new WorldError("data.world.resolve", `a phrase must read ${JSON.stringify(form)}`, text);
  }
  const [, superlative, color, texture, noun, part, relation, anchor] = found;
  return {
    superlative: superlative as Superlative | undefined,
    color: color as ColorName | undefined,
    texture: texture as TextureName | undefined,
    category: noun === "object" ? undefined : (noun as CategoryName),
    part: part as PartName | undefined,
    relation: relation as Relation | undefined,
    anchor: anchor === undefined ? undefined : parse(anchor),
  };
}

/**
 * Returns the ids of the objects that a phrase may refer to. A relation holds for every object further to that side,
 * even by one pixel; a superlative refers to nothing unless its object is well ahead of the next one.
 *
 * @param size pixels on a side of the image
 * @throws WorldError for a phrase that does not follow the grammar
 */
export function resolve(phrase: string, objects: readonly ObjectFacts[], size: number): number[] {
  return find(parse(phrase), objects, size).map((object) => object.id);
}

function find(phrase: Phrase, objects: readonly ObjectFacts[], size: number): ObjectFacts[] {
  const { color, texture, category, part, superlative, relation, anchor } = phrase;
  let found = objects.filter(
    (object) =>
      (!color || object.color === color) &&
      (!texture || object.texture === texture) &&
      (!category || object.category === category) &&
      (!part || object.parts.includes(part)),
  );
  if (relation && anchor) {
    const anchors = find(anchor, objects, size);
    found = found.filter((object) => anchors.some((other) => other !== object && lead(relation, object, other) > 0));
  }
  return superlative ? extreme(superlative, found, size) : found;
}

function extreme(word: Superlative, objects: readonly ObjectFacts[], size: number): ObjectFacts[] {
  return objects.filter((object) => objects.every((other) => other === object || exceeds(word, object, other, size)));
}

function exceeds(word: Superlative, a: ObjectFacts, b: ObjectFacts, size: number): boolean {
  switch (word) {
    case "largest":
      return isLarger(a, b);
    case "smallest":
      return isLarger(b, a);
    case "leftmost":
      return lead("left of", a, b) > CLEAR_EXTREME * size;
    case "rightmost":
      return lead("right of", a, b) > CLEAR_EXTREME * size;
    case "topmost":
      return lead("above", a, b) > CLEAR_EXTREME * size;
    case "bottommost":
      return lead("below", a, b) > CLEAR_EXTREME * size;
    default:
      return word satisfies never;
  }
}

/** Tests whether `a` is clearly larger, by its scale and by the diagonal of its box. */
export function isLarger(a: ObjectFacts, b: ObjectFacts): boolean {
  return a.scale >= CLEAR_RATIO * b.scale && diagonal(a) > diagonal(b);
}

function diagonal({ box }: ObjectFacts): number {
  return Math.hypot(box[2] - box[0], box[3] - box[1]);
}

/** Options of {@link phrasesFor}. */
export interface PhraseOptions {
  /** Also phrases that name a part: `the object with a tail`. Default `false`. */
  readonly parts?: boolean;
}

const OPTIONS: OptionNames<PhraseOptions> = { parts: true };

/**
 * Returns the phrases that refer to one object and no other, short ones first: by category, color and texture, then by
 * a superlative, then by a relation to an object that has a unique name, then by a part. Empty when there are none.
 *
 * @param size pixels on a side of the image
 * @throws WorldError for an unknown option
 */
export function phrasesFor(
  id: number,
  objects: readonly ObjectFacts[],
  size: number,
  options: PhraseOptions = {},
): string[] {
  checkArguments("data.world.phrasesFor", WorldError, { objects }, { objects: [FACT_KIND] });
  checkOptionNames("data.world.phrasesFor", options, OPTIONS, WorldError);
  const object = objects.find((candidate) => candidate.id === id);
  if (!object) return [];
  const byPart = options.parts ? partial(object, objects) : [];
  const found = [...plain(object), ...extremes(object, objects, size), ...relative(object, objects, size), ...byPart];
  return found.filter((phrase) => isUnique(phrase, id, objects, size));
}

/** Tests whether a phrase refers to this object and no other. */
export function isUnique(phrase: string, id: number, objects: readonly ObjectFacts[], size: number): boolean {
  const found = resolve(phrase, objects, size);
  return found.length === 1 && found[0] === id;
}

/**
 * Returns phrases that may refer to several objects: `the cat`, `the red cat`, `the striped cat`,
 * `the red striped cat`, `the red object`.
 */
export function plain({ category, color, texture }: ObjectFacts): string[] {
  const textured = texture === "plain" ? [] : [`the ${texture} ${category}`, `the ${color} ${texture} ${category}`];
  return [`the ${category}`, `the ${color} ${category}`, ...textured, `the ${color} object`];
}

/** Returns superlatives among several: `the largest cat`, `the leftmost red cat`, `the topmost object`. */
function extremes({ category, color }: ObjectFacts, objects: readonly ObjectFacts[], size: number): string[] {
  const among = [category, `${color} ${category}`, "object"].filter(
    (words) => resolve(`the ${words}`, objects, size).length > 1,
  );
  return superlatives.flatMap((word) => among.map((words) => `the ${word} ${words}`));
}

function relative(object: ObjectFacts, objects: readonly ObjectFacts[], size: number): string[] {
  return objects
    .filter((anchor) => anchor !== object)
    .flatMap((anchor) =>
      plain(anchor)
        .filter((phrase) => isUnique(phrase, anchor.id, objects, size))
        .slice(0, 1)
        .flatMap((phrase) =>
          relations
            .filter((relation) => lead(relation, object, anchor) > CLEAR_LEAD * size)
            .map((relation) => `the ${object.category} ${relation} ${phrase}`),
        ),
    );
}

/** Returns `the object with a tail` and `the red object with a tail`, where no other one could have that part, seen or not. */
function partial(object: ObjectFacts, objects: readonly ObjectFacts[]): string[] {
  const { color } = object;
  const alone = (part: PartName, among: readonly ObjectFacts[]): boolean =>
    among.every((other) => other === object || !partsOfCategory(other.category).includes(part));
  const ofColor = objects.filter((other) => other.color === color);
  return object.parts
    .filter((part) => part !== "body")
    .flatMap((part) => [
      ...(alone(part, objects) ? [`the object with ${withArticle(part)}`] : []),
      ...(alone(part, ofColor) ? [`the ${color} object with ${withArticle(part)}`] : []),
    ]);
}
