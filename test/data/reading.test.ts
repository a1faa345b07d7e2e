import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as world from "../../kernel/data/world";

describe("a scene in words", () => {
  it("tells place, size, looks and parts of every object that shows", () => {
    for (let seed = 0; seed < 20; seed++) {
      const scene = world.crowd(seed);
      const image = world.render(scene);
      const objects = world.factsOf(scene, image);
      const told = world.reading(scene, image).split(" ; ");
      assert.equal(told.length, objects.length);
      for (const { category, color, box, parts } of objects) {
        const column = Math.floor(((box[0] + box[2]) / 2 / scene.size) * 16);
        const row = Math.floor(((box[1] + box[3]) / 2 / scene.size) * 16);
        const mine = told.find((text) => text.startsWith(`column${column} row${row} `))?.split(" ");
        assert.ok(mine, `seed ${seed}: ${category} at ${column}, ${row}`);
        for (const word of [category, color, ...parts.filter((part) => part !== "body")])
          assert.ok(mine.includes(word), `${word} of ${mine.join(" ")}`);
      }
    }
  });

  it("tells the objects in an order that says nothing, and always the same", () => {
    const isInOrder = Array.from({ length: 12 }, (_, seed) => {
      const scene = world.crowd(seed);
      const image = world.render(scene);
      const told = world.reading(scene, image);
      assert.equal(world.reading(scene, image), told);
      const categories = world.factsOf(scene, image).map(({ category }) => category);
      const found = told.split(" ; ").map((text) => categories.find((name) => text.split(" ").includes(name)));
      return found.join() === categories.join();
    });
    assert.ok(isInOrder.includes(false) && isInOrder.includes(true));
  });
});
