import { checkArguments } from "../../../rules/arguments";
import { categories, partsOfCategory, type CategoryName } from "../things/categories";
import { withArticle } from "./captions";
import { colorNames } from "../draw/colors";
import { crowd, type CrowdOptions } from "../scenes/crowd";
import { factsOf, lead, type ObjectFacts } from "./facts";
import { Prng } from "../../../numeric/prng";
import { CLEAR_LEAD, isLarger, isUnique, phrasesFor, plain, relations } from "./refer";
import { render, type Rendered } from "../draw/render";
import { drawColor, type Relation, type Scene } from "../scenes/scene";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { WorldError } from "../errors";
import { isWhole } from "../../../rules/rule-error";
import { SCENE_KIND } from "../scenes/kinds";
import { FACT_KIND } from "../scenes/kinds";

/** Types of questions. */
export const questionTypes = ["existence", "count", "color", "relation", "comparison", "category", "part"] as const;

/** Type of a question. */
export type QuestionType = (typeof questionTypes)[number];

const YES_NO = ["yes", "no"] as const;

/** Possible answers of each type of question: a small closed vocabulary. */
export const answers: Readonly<Record<QuestionType, readonly string[]>> = {
  existence: YES_NO,
  count: ["0", "1", "2", "3", "4"],
  color: colorNames,
  relation: YES_NO,
  comparison: YES_NO,
  category: categories.map((spec) => spec.name),
  part: YES_NO,
};

/** Question about an image, with its answer. */
export interface Question {
  readonly type: QuestionType;
  /** Text in lower case, such as `"is the red cat left of the mug?"`. */
  readonly question: string;
  /** Answer, one of {@link answers} of its type. */
  readonly answer: string;
  /** Ids of the objects in question; empty for a question about an absent object. */
  readonly objects: readonly number[];
}

/** Image with questions about it. */
export interface Quiz {
  readonly scene: Scene;
  readonly image: Rendered;
  readonly questions: readonly Question[];
}

/** Options of {@link quiz}. */
export interface QuizOptions extends CrowdOptions {
  /** Most questions of each type, of counts one; fewer where the scene does not allow them. Default 1. */
  readonly perType?: number;
}

/**
 * Draws a crowd and asks about it.
 *
 * The answers are balanced so that a question alone tells little. A yes/no question is asked only where its template
 * allows both answers, and a coin decides; counts 0 to 4, colours and categories are drawn evenly.
 *
 * @throws WorldError for an option out of range
 */
export function quiz(seed: number, options: QuizOptions = {}): Quiz {
  checkOptionNames("data.world.quiz", options, NAMES, WorldError);
  const { perType = 1, ...drawing } = options;
  if (!isWhole(perType) || perType > 10)
    throw new WorldError("data.world.quiz", "perType must be an integer in 1..10", perType);
  const scene = crowd(seed, drawing);
  const image = render(scene);
  return { scene, image, questions: ask(scene, factsOf(scene, image), perType) };
}

const NAMES: OptionNames<QuizOptions> = { perType: true, split: true, occlusion: true, size: true, objects: true };

/** Input of an asker. */
interface Sight {
  readonly scene: Scene;
  readonly objects: readonly ObjectFacts[];
  readonly random: Prng;
}

/** Draws one question, or none where the scene does not allow its template. */
type Asker = (sight: Sight) => Question | undefined;

/**
 * Returns questions about a scene, at most `perType` of each type and none twice; they depend on the scene alone. There
 * is one question about counts, because only the number of the main category is drawn evenly.
 */
export function ask(scene: Scene, objects: readonly ObjectFacts[], perType: number): Question[] {
  checkArguments("data.world.ask", WorldError, { scene, objects }, { scene: SCENE_KIND, objects: [FACT_KIND] });
  const random = new Prng(scene.seed, `${scene.split}/questions ${scene.view}`);
  return questionTypes.flatMap((type) => {
    const asked = new Map<string, Question>();
    for (let i = 0; i < (type === "count" ? 1 : perType); i++) {
      const found = random.pick(ASKERS[type])({ scene, objects, random });
      if (found) asked.set(found.question, found);
    }
    return [...asked.values()];
  });
}

const ASKERS: Readonly<Record<QuestionType, readonly Asker[]>> = {
  existence: [isThereCategory, isThereColored],
  count: [howMany],
  color: [whatColor],
  relation: [isSomewhere],
  comparison: [isLargerThan, areThereMore, haveSameColor],
  category: [whatIs],
  part: [hasPart],
};

function yesNo(type: QuestionType, yes: boolean, question: string, about: readonly ObjectFacts[]): Question {
  return { type, question, answer: yes ? "yes" : "no", objects: about.map((object) => object.id) };
}

function pickOne<T>(items: readonly T[], random: Prng): T | undefined {
  return items.length === 0 ? undefined : random.pick(items);
}

const ofCategory = (objects: readonly ObjectFacts[], name: CategoryName): ObjectFacts[] =>
  objects.filter((object) => object.category === name);

function isThereCategory({ objects, random }: Sight): Question {
  const yes = random.chance(0.5);
  const name = random.pick(categories.filter((spec) => ofCategory(objects, spec.name).length > 0 === yes)).name;
  return yesNo("existence", yes, `is there ${withArticle(name)}?`, ofCategory(objects, name));
}

/** Asks for the colour of a category that is present either way. */
function isThereColored({ scene, objects, random }: Sight): Question {
  const yes = random.chance(0.5);
  const { category, color: own } = random.pick(objects);
  const alike = ofCategory(objects, category);
  let color = own;
  while (!yes && alike.some((object) => object.color === color)) color = drawColor(category, scene.split, random);
  const meant = alike.filter((object) => object.color === color);
  return yesNo("existence", yes, `is there ${withArticle(`${color} ${category}`)}?`, meant);
}

const IRREGULAR: Readonly<Partial<Record<CategoryName, string>>> = {
  bus: "buses",
  butterfly: "butterflies",
  fish: "fish",
};

/** Returns the category in the plural. */
function plural(name: CategoryName): string {
  return IRREGULAR[name] ?? `${name}s`;
}

/** Asks for a count: zero in a fifth of the cases, else of the crowd's main category, whose number is drawn evenly. */
function howMany({ scene, objects, random }: Sight): Question {
  const absent = categories.filter((spec) => ofCategory(objects, spec.name).length === 0);
  const main = scene.objects[0]?.category as CategoryName;
  const name = random.chance(0.2) ? random.pick(absent).name : main;
  const counted = ofCategory(objects, name);
  return {
    type: "count",
    question: `how many ${plural(name)} are there?`,
    answer: String(counted.length),
    objects: counted.map((object) => object.id),
  };
}

/** Returns objects with their unique phrases that match a pattern. */
function named({ scene, objects }: Sight, pattern: RegExp): { object: ObjectFacts; phrases: string[] }[] {
  return objects
    .map((object) => ({
      object,
      phrases: phrasesFor(object.id, objects, scene.size).filter((phrase) => pattern.test(phrase)),
    }))
    .filter(({ phrases }) => phrases.length > 0);
}

const WITHOUT_COLOR = new RegExp(`^(?!.*\\b(?:${colorNames.join("|")})\\b)(?!.* of )(?!.*(?:above|below))`);
const WITHOUT_CATEGORY = / object$/;

function whatColor(sight: Sight): Question | undefined {
  const found = pickOne(named(sight, WITHOUT_COLOR), sight.random);
  if (!found) return undefined;
  const question = `what colour is ${sight.random.pick(found.phrases)}?`;
  return { type: "color", question, answer: found.object.color, objects: [found.object.id] };
}

function whatIs(sight: Sight): Question | undefined {
  const found = pickOne(named(sight, WITHOUT_CATEGORY), sight.random);
  if (!found) return undefined;
  const question = `what is ${sight.random.pick(found.phrases)}?`;
  return { type: "category", question, answer: found.object.category, objects: [found.object.id] };
}

/** Returns the shortest unique phrase of an object without superlative or relation. */
function shortName({ scene, objects }: Sight, object: ObjectFacts): string | undefined {
  return plain(object).find((phrase) => isUnique(phrase, object.id, objects, scene.size));
}

/** Returns ordered pairs of different objects that both have a short name. */
function namedPairs(sight: Sight): { a: ObjectFacts; b: ObjectFacts; nameA: string; nameB: string }[] {
  const all = sight.objects.flatMap((object) => {
    const name = shortName(sight, object);
    return name === undefined ? [] : [{ object, name }];
  });
  return all.flatMap((a) =>
    all.filter((b) => b !== a).map((b) => ({ a: a.object, b: b.object, nameA: a.name, nameB: b.name })),
  );
}

const OPPOSITE: Readonly<Record<Relation, Relation>> = {
  above: "below",
  below: "above",
  "left of": "right of",
  "right of": "left of",
};

function isSomewhere(sight: Sight): Question | undefined {
  const clear = namedPairs(sight).flatMap((pair) =>
    relations
      .filter((relation) => lead(relation, pair.a, pair.b) > CLEAR_LEAD * sight.scene.size)
      .map((relation) => ({ ...pair, relation })),
  );
  const found = pickOne(clear, sight.random);
  if (!found) return undefined;
  const yes = sight.random.chance(0.5);
  const relation = yes ? found.relation : OPPOSITE[found.relation];
  return yesNo("relation", yes, `is ${found.nameA} ${relation} ${found.nameB}?`, [found.a, found.b]);
}

function isLargerThan(sight: Sight): Question | undefined {
  const clear = namedPairs(sight).filter(({ a, b }) => isLarger(a, b));
  const found = pickOne(clear, sight.random);
  if (!found) return undefined;
  const yes = sight.random.chance(0.5);
  const [first, second] = yes ? [found.nameA, found.nameB] : [found.nameB, found.nameA];
  return yesNo("comparison", yes, `is ${first} larger than ${second}?`, [found.a, found.b]);
}

function areThereMore({ objects, random }: Sight): Question | undefined {
  const names = [...new Set(objects.map((object) => object.category))];
  const count = (name: CategoryName): number => ofCategory(objects, name).length;
  const pairs = names.flatMap((a) => names.filter((b) => count(a) > count(b)).map((b) => [a, b] as const));
  const found = pickOne(pairs, random);
  if (!found) return undefined;
  const yes = random.chance(0.5);
  const [first, second] = yes ? found : [found[1], found[0]];
  const about = objects.filter((object) => found.includes(object.category));
  return yesNo("comparison", yes, `are there more ${plural(first)} than ${plural(second)}?`, about);
}

/** Asks whether two colours are equal, where both answers occur among the pairs; the names do not mention colours. */
function haveSameColor(sight: Sight): Question | undefined {
  const names = new Map(
    sight.objects.flatMap((object) => {
      const phrase = `the ${object.category}`;
      return isUnique(phrase, object.id, sight.objects, sight.scene.size) ? [[object, phrase] as const] : [];
    }),
  );
  const pairs = [...names.keys()].flatMap((a) => [...names.keys()].filter((b) => b !== a).map((b) => [a, b] as const));
  const same = pairs.filter(([a, b]) => a.color === b.color);
  const other = pairs.filter(([a, b]) => a.color !== b.color);
  if (same.length === 0 || other.length === 0) return undefined;
  const yes = sight.random.chance(0.5);
  const [a, b] = sight.random.pick(yes ? same : other);
  return yesNo("comparison", yes, `do ${names.get(a)} and ${names.get(b)} have the same colour?`, [a, b]);
}

/** Asks about a part, where one object shows it and another one's category lacks it; a coin decides between them. */
function hasPart(sight: Sight): Question | undefined {
  const all = named(sight, WITHOUT_CATEGORY);
  const pairs = all.flatMap((a) =>
    all.flatMap((b) =>
      a.object.parts
        .filter((part) => part !== "body" && !partsOfCategory(b.object.category).includes(part))
        .map((part) => ({ a, b, part })),
    ),
  );
  const found = pickOne(pairs, sight.random);
  if (!found) return undefined;
  const yes = sight.random.chance(0.5);
  const { object, phrases } = yes ? found.a : found.b;
  const question = `does ${sight.random.pick(phrases)} have ${withArticle(found.part)}?`;
  return yesNo("part", yes, question, [object]);
}
