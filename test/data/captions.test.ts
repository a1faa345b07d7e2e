import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import { colorNames, type Captions, type Scene } from "../../kernel/data/world";

const scenes = Array.from({ length: 200 }, (_, seed) => world.scene(seed, { split: "val" }));
const captions = (scene: Scene): Captions => world.render(scene).captions;
const categories: readonly string[] = world.categories.map((spec) => spec.name);
const colors: readonly string[] = colorNames;

/** Articles follow the next word, so "a red cat" and "an orange cat" differ in the colour only. */
const words = (caption: string): string[] => caption.replace(/\ban\b/g, "a").split(" ");

function changes(before: string, after: string): [string, string][] {
  const [a, b] = [words(before), words(after)];
  assert.equal(a.length, b.length, `${before} / ${after}`);
  return a.flatMap((word, i): [string, string][] => (word === b[i] ? [] : [[word, b[i] ?? ""]]));
}

describe("captions of the world", () => {
  it("say the category, the colour and the ground", () => {
    for (const scene of scenes.slice(0, 60)) {
      const { full, category } = captions(scene);
      const main = scene.objects[0];
      assert.ok(main);
      assert.match(
        full,
        new RegExp(`^an? .*\\b${main.color}\\b.*\\b${main.category}\\b.* on an? ${scene.backdrop.ground} ground$`),
      );
      assert.match(category, new RegExp(`^an? ${main.category}$`));
      assert.doesNotMatch(full, /\ba [aeiou]|\ban [^aeiou]/);
    }
  });

  it("say where the first of two objects is, as the centres in the image have it", () => {
    for (const scene of scenes.filter((drawn) => drawn.objects.length === 2)) {
      const [a, b] = scene.objects.map((object) => object.pose);
      assert.ok(a && b);
      const holds = { above: a.y < b.y, below: a.y > b.y, "left of": a.x < b.x, "right of": a.x > b.x };
      assert.ok(scene.relation && holds[scene.relation]);
    }
  });

  it("have hard negatives that differ in the category only, the colour only, or the relation only", () => {
    for (const scene of scenes) {
      const { full, negatives } = captions(scene);
      const [[oldCategory, newCategory] = ["", ""], ...more] = changes(full, negatives.category);
      assert.ok(categories.includes(oldCategory) && categories.includes(newCategory) && more.length === 0);
      const [[oldColor, newColor] = ["", ""], ...others] = changes(full, negatives.color);
      assert.ok(colors.includes(oldColor) && colors.includes(newColor) && others.length === 0);
      assert.equal(negatives.relation !== undefined, scene.objects.length === 2);
      if (negatives.relation) {
        const [pair, ...rest] = changes(full, negatives.relation);
        assert.ok(["above below", "below above", "left right", "right left"].includes((pair ?? []).join(" ")));
        assert.equal(rest.length, 0);
      }
    }
  });
});
