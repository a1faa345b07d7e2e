import { categories } from "../things/categories";
import { colorNames } from "../draw/colors";
import { Prng } from "../../../numeric/prng";
import type { Relation, Scene, SceneObject } from "../scenes/scene";

/** Captions of an image. */
export interface Captions {
  /** Full caption, such as `"a large red striped fish above a small blue mug on a green ground"`. */
  readonly full: string;
  /** Caption with the category alone: `"a fish"`. */
  readonly category: string;
  /** Full captions with one wrong word. */
  readonly negatives: HardNegatives;
}

/** Captions that differ from the full one in a single respect. */
export interface HardNegatives {
  /** Caption with another category of the main object. */
  readonly category: string;
  /** Caption with another colour of the main object. */
  readonly color: string;
  /** Caption with the opposite relation; absent for one object. */
  readonly relation?: string;
}

const OPPOSITE: Readonly<Record<Relation, Relation>> = {
  above: "below",
  below: "above",
  "left of": "right of",
  "right of": "left of",
};

/** Returns the captions of a scene. The wrong words depend only on the scene's seed, split and view. */
export function captionsOf(scene: Scene): Captions {
  const random = new Prng(scene.seed, `${scene.split}/captions ${scene.view}`);
  const main = scene.objects[0] as SceneObject;
  const others = scene.objects.map((object) => object.category);
  const category = random.pick(categories.filter((spec) => !others.includes(spec.name))).name;
  const color = random.pick(colorNames.filter((name) => name !== main.color));
  const withMain = (change: Partial<SceneObject>): string =>
    say({ ...scene, objects: [{ ...main, ...change }, ...scene.objects.slice(1)] });
  return {
    full: say(scene),
    category: withArticle(main.category),
    negatives: {
      category: withMain({ category }),
      color: withMain({ color }),
      ...(scene.relation ? { relation: say({ ...scene, relation: OPPOSITE[scene.relation] }) } : {}),
    },
  };
}

function say(scene: Scene): string {
  const [main, ...others] = scene.objects as [SceneObject, ...SceneObject[]];
  const rest = others.map((other) => describe(other, false));
  const last = rest.pop();
  const link = scene.relation ? ` ${scene.relation} ` : [...rest.map((other) => `, ${other}`), " and "].join("");
  return `${describe(main, true)}${last ? link + last : ""} on ${withArticle(scene.backdrop.ground)} ground`;
}

function describe(object: SceneObject, texture: boolean): string {
  const pattern = texture && object.texture.name !== "plain" ? object.texture.name : "";
  return withArticle([object.sizeWord, object.color, pattern, object.category].filter(Boolean).join(" "));
}

/** Puts `a` or `an` before the words. */
export function withArticle(words: string): string {
  return `${/^[aeiou]/.test(words) ? "an" : "a"} ${words}`;
}
