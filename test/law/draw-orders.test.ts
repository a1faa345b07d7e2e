import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DrawOrders } from "../../kernel/law/plan/draw-orders.ts";
import * as law from "../../kernel/law";
import { uniform } from "../../kernel/law/pck/summary.ts";

const places = (() => {
  const rows = law.publishedTable().rows.filter(({ benchmark }) => benchmark === "mmbench_en");
  const unit = (values: number[]) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return values.map((value) => (value - low) / (high - low));
  };
  const [a, c] = ["a", "c"].map((name) => unit(rows.map(({ predictors }) => predictors[name])));
  return a.map((value, i) => [value, c[i]]);
})();
const quadrant = (i: number) => places[i].map((x) => Math.min(1, Math.floor(x * 2))).join();

describe("the orders of the AC policy, invariants", () => {
  it("hold every encoder once, whatever the seed", () => {
    const orders = new DrawOrders(places);
    const random = uniform(3);
    for (let trial = 0; trial < 200; trial++) {
      for (const order of [orders.byCells(random), orders.random(random)]) {
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          places.map((_, i) => i),
        );
      }
    }
  });

  it("draw at level 1 from every quadrant that holds an encoder, and from each once", () => {
    const filled = new Set(places.map((_, i) => quadrant(i)));
    assert.ok(filled.size >= 3);
    const orders = new DrawOrders(places);
    const random = uniform(9);
    for (let trial = 0; trial < 200; trial++) {
      const first = orders.byCells(random).slice(0, filled.size).map(quadrant);
      assert.deepEqual(new Set(first), filled);
    }
  });

  it("are the same for the same seed, and others for another", () => {
    const draw = (seed: number) => {
      const random = uniform(seed);
      return Array.from({ length: 5 }, () => new DrawOrders(places).byCells(random));
    };
    assert.deepEqual(draw(4), draw(4));
    assert.notDeepEqual(draw(4), draw(5));
  });

  it("visit cells in every order: a level shows no preference", () => {
    const orders = new DrawOrders(places);
    const random = uniform(1);
    const firsts = new Map<string, number>();
    for (let trial = 0; trial < 3000; trial++) {
      const cell = quadrant(orders.byCells(random)[0]);
      firsts.set(cell, (firsts.get(cell) ?? 0) + 1);
    }
    const expected = 3000 / firsts.size;
    for (const [cell, count] of firsts) assert.ok(Math.abs(count - expected) < 120, `${cell}: ${count}`);
  });
});
