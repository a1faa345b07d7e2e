import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { figuresOf, rowsOf } from "./compare.mjs";

const tables = (ms: string, rate: string): object => ({
  kernels: {
    rows: [
      { measure: "first cell, ms", Fovea: ms, tslab: "1,735", "Fovea is": "0.63 of tslab" },
      { measure: "comm messages, 1/s", Fovea: rate, tslab: "no", "Fovea is": "2.40 of ipykernel" },
    ],
  },
});

describe("the comparison of two commits", () => {
  it("finds each number by entry, words of its row, and column", () => {
    const figures = figuresOf(tables("1,085", "22,952"));
    assert.equal(figures.get("kernels · first cell, ms · Fovea"), 1085);
    assert.equal(figures.get("kernels · first cell, ms · Fovea is"), 0.63);
    assert.equal(figures.get("kernels · comm messages, 1/s · no · Fovea"), 22952);
    assert.equal(figures.size, 5);
  });

  it("takes names that begin with a digit for words", () => {
    const rows = [{ measure: "16 MB there and back, ms", Fovea: "101" }];
    assert.deepEqual([...figuresOf({ kernels: { rows } })], [["kernels · 16 MB there and back, ms · Fovea", 101]]);
  });

  it("finds the same figure where the peer's number differs", () => {
    const names = (peer: string): string[] => [
      ...figuresOf({
        extraction: { rows: [{ measure: "ViT-B/16, 224 px", Fovea: "41.2 images/s", peer, ratio: "1.2" }] },
      }).keys(),
    ];
    const torch = ["extraction · ViT-B/16, 224 px · Python torch, fp32 · Fovea"];
    assert.deepEqual(names("Python torch, fp32, 32.4").slice(0, 1), torch);
    assert.deepEqual(names("Python torch, fp32, 33.1"), names("Python torch, fp32, 32.4"));
    assert.deepEqual(names("all blocks 55 ms/image"), names("all blocks 1,055 ms/image"));
    assert.notDeepEqual(names("Python torch, fp32, 32.4"), names("Python onnxruntime, fp32, 32.4"));
  });

  it("has the median ratio of the rounds and their spread", () => {
    const rounds = [
      ["100", "50"],
      ["100", "120"],
      ["200", "180"],
    ].map(([before, now]) => ({ before: figuresOf(tables(before, "1")), now: figuresOf(tables(now, "1")) }));
    const first = rowsOf(rounds).find(({ figure }) => figure === "kernels · first cell, ms · Fovea");
    assert.deepEqual(first, {
      figure: "kernels · first cell, ms · Fovea",
      before: 100,
      now: 120,
      ratio: "0.90",
      "least and most": "0.50 to 1.20",
    });
  });

  it("leaves out what only one of the commits measures", () => {
    const before = figuresOf({ kernels: { rows: [{ measure: "old, ms", Fovea: "1" }] } });
    assert.deepEqual(rowsOf([{ before, now: figuresOf(tables("1", "2")) }]), []);
  });
});
