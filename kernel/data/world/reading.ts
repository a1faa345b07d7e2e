/** Scenes in words, for a language model that reads before it sees. */
import { factsOf, type ObjectFacts } from "./language/facts";
import { Prng } from "../../prng";
import type { Rendered } from "./draw/render";
import type { Scene } from "./scenes/scene";

/** Steps in which a reading tells positions and sizes. */
const STEPS = 16;

/**
 * What is seen of each object, in an order that says nothing but depends on the scene alone:
 * `"column3 row5 size4 red striped cat with ear eye tail"`, objects apart by `;`. Column and row are the sixteenth of the
 * image in which the centre of the box lies; the size is the object's scale in sixteenths of the image side.
 */
export function reading(scene: Scene, image: Rendered): string {
  const random = new Prng(scene.seed, `${scene.split}/reading`);
  const shuffled = factsOf(scene, image).map((object) => ({ object, key: random.next() }));
  return shuffled
    .sort((a, b) => a.key - b.key)
    .map(({ object }) => describe(object, scene.size))
    .join(" ; ");
}

function describe({ box, scale, color, texture, category, parts }: ObjectFacts, size: number): string {
  const step = (from: number, to: number): number => Math.floor((((from + to) / 2) * STEPS) / size);
  const place = `column${step(box[0], box[2])} row${step(box[1], box[3])} size${Math.round(scale * 2 * STEPS)}`;
  const shown = parts.filter((part) => part !== "body");
  return [place, color, texture, category, ...(shown.length > 0 ? ["with", ...shown] : [])].join(" ");
}
