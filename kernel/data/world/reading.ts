/** Scenes in words, for a language model that reads before it sees. */
import { WorldError } from "./errors";
import { checkArguments } from "../../rules/arguments";
import { factsOf, type ObjectFacts } from "./language/facts";
import { Prng } from "../../numeric/prng";
import type { Rendered } from "./draw/render";
import type { Scene } from "./scenes/scene";
import { SCENE_KIND } from "./scenes/kinds";
import { IMAGE_KIND } from "./scenes/kinds";

/** Number of steps for positions and sizes in a reading. */
const STEPS = 16;

/**
 * Describes each object, in a random order that depends on the scene alone:
 * `"column3 row5 size4 red striped cat with ear eye tail"`, with `;` between objects. Column and row are the sixteenth
 * of the image with the centre of the box; the size is the object's scale in sixteenths of the image side.
 */
export function reading(scene: Scene, image: Rendered): string {
  checkArguments("data.world.reading", WorldError, { scene, image }, { scene: SCENE_KIND, image: IMAGE_KIND });
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
