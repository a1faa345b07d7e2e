import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as world from "../../kernel/data/world";

/** Mean over blocks of `factor * factor` pixels. */
function shrink(rgb: Uint8Array, side: number, factor: number): Float64Array {
  const small = side / factor;
  const out = new Float64Array(small * small * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = (Math.floor(y / factor) * small + Math.floor(x / factor)) * 3;
      for (let c = 0; c < 3; c++) out[at + c] += rgb[(y * side + x) * 3 + c] / factor ** 2;
    }
  }
  return out;
}

describe("the size of an image", () => {
  it("changes the sharpness and nothing else: a large image shrunk is the small one, contours too", () => {
    for (const seed of [1, 2, 3]) {
      const small = world.render(world.scene(seed, { size: 128 })).data;
      const large = shrink(world.render(world.scene(seed, { size: 384 })).data, 384, 3);
      const difference = small.reduce((sum, value, i) => sum + Math.abs(value - large[i]), 0) / small.length;
      assert.ok(difference < 1, `seed ${seed}: mean difference ${difference} grey levels`);
    }
  });
});
