import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as world from "../../kernel/data/world";

describe("look-alikes of the world", () => {
  it("are keypoints whose names differ in their place only", () => {
    const named = (category: string) => {
      const { keypoints } = world.categories.find(({ name }) => name === category)!;
      return (world.lookAlikes[category] ?? []).map((ids) => ids.map((id) => keypoints[Number(id)]));
    };
    assert.deepEqual(named("butterfly"), [
      ["left upper wing", "right upper wing", "left lower wing", "right lower wing"],
      ["left antenna", "right antenna"],
      ["left spot", "right spot"],
    ]);
    assert.deepEqual(named("bird"), [["front foot", "back foot"]]);
    assert.deepEqual(named("cat"), [
      ["rear eye", "front eye"],
      ["rear ear", "front ear"],
      ["front paw", "hind paw"],
    ]);
  });
});
