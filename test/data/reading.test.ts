import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { world } from "../../kernel/data/index.ts";
import { reading } from "../../kernel/data/world/reading.ts";
import { Prng } from "../../kernel/prng.ts";

describe("a scene in words", () => {
  it("tells place, size, looks and parts of every object that shows", () => {
    for (let seed = 0; seed < 20; seed++) {
      const scene = world.crowd(seed);
      const objects = world.factsOf(scene, world.render(scene));
      const told = reading(objects, scene.size, new Prng(seed)).split(" ; ");
      assert.equal(told.length, objects.length);
      for (const { category, colour, box, parts } of objects) {
        const column = Math.floor(((box[0] + box[2]) / 2 / scene.size) * 16);
        const row = Math.floor(((box[1] + box[3]) / 2 / scene.size) * 16);
        const mine = told.find((text) => text.startsWith(`column${column} row${row} `))?.split(" ");
        assert.ok(mine, `seed ${seed}: ${category} at ${column}, ${row}`);
        for (const word of [category, colour, ...parts.filter((part) => part !== "body")])
          assert.ok(mine.includes(word), `${word} of ${mine.join(" ")}`);
      }
    }
  });

  it("tells the objects in an order that depends on the generator alone", () => {
    const scene = world.crowd(3);
    const objects = world.factsOf(scene, world.render(scene));
    const orders = [0, 1, 2, 3, 4, 5].map((seed) => reading(objects, scene.size, new Prng(seed)));
    assert.ok(objects.length > 1 && new Set(orders).size > 1);
    assert.equal(reading(objects, scene.size, new Prng(0)), orders[0]);
  });
});
