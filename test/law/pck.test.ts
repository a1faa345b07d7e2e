import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { letterbox } from "../../kernel/law/pck/canvas.ts";
import * as law from "../../kernel/law";
import type { GridFeatures, PckPair } from "../../kernel/law";

/** The worked example: N = 840, n = 8; rows of similarity are given, not features. */
const pair: PckPair = {
  category: "example",
  source: { size: [8, 6], keypoints: { 0: [6, 2], 1: [2, 4.5], 2: [1, 1] } },
  target: { size: [6, 8], keypoints: { 0: [2.4, 6.4], 1: [4, 1], 2: null }, box: [1, 1, 5, 7] },
};
const N_CELLS = 64;

/** Source cell i carries the unit vector e_i; the target token k then holds the wanted similarity with every cell. */
function featuresOf(similarity: Record<number, [row: number, column: number, value: number][]>) {
  const source: GridFeatures = { tokens: new Float32Array(N_CELLS * N_CELLS), grid: [8, 8], channels: N_CELLS };
  const target: GridFeatures = { tokens: new Float32Array(N_CELLS * N_CELLS), grid: [8, 8], channels: N_CELLS };
  for (let i = 0; i < N_CELLS; i++) source.tokens[i * N_CELLS + i] = 1;
  for (const [cell, entries] of Object.entries(similarity)) {
    for (const [row, column, value] of entries) target.tokens[(row * 8 + column) * N_CELLS + Number(cell)] = value;
  }
  return { source, target };
}

const { source, target } = featuresOf({
  30: [[6, 3, 0.8]],
  42: [
    [1, 4, 0.9],
    [1, 5, 0.89],
    [7, 0, 0.895],
  ],
});

describe("PCK, worked example", () => {
  const rows: [string, object, number, number, boolean[][]][] = [
    [
      "argmax",
      { match: "argmax" },
      14.142,
      74.25,
      [
        [true, true, false],
        [false, false, false],
      ],
    ],
    [
      "soft, window 5",
      {},
      14.142,
      53.688,
      [
        [true, true, false],
        [true, false, false],
      ],
    ],
    [
      "soft, no window",
      { window: Infinity },
      14.142,
      305.147,
      [
        [true, true, false],
        [false, false, false],
      ],
    ],
  ];
  for (const [name, options, first, second, correct] of rows) {
    it(name, () => {
      const results = law.pckOfPair(pair, source, target, options);
      assert.deepEqual(
        results.map((result) => result.id),
        ["0", "1"],
      );
      assert.ok(Math.abs(results[0].distance - first) < 1e-3, `kp0 ${results[0].distance}`);
      assert.ok(Math.abs(results[1].distance - second) < 1e-3, `kp1 ${results[1].distance}`);
      assert.deepEqual(
        results.map((result) => result.correct),
        correct,
      );
    });
  }

  it("the soft column of keypoint 1 is 4 + 1 / (1 + e^0.5)", () => {
    const row = law.similarityRow(source.tokens, 42, target.tokens, N_CELLS);
    const { column } = law.locate(row, 8);
    assert.ok(Math.abs(column - 4.377541) < 1e-5);
  });

  it("a soft match with a vanishing temperature is the argmax", () => {
    const row = law.similarityRow(source.tokens, 42, target.tokens, N_CELLS);
    const soft = law.locate(row, 8, { temperature: 1e-6 });
    const hard = law.locate(row, 8, { match: "argmax" });
    assert.ok(Math.hypot(soft.column - hard.column, soft.row - hard.row) < 1e-9);
  });
});

describe("letterbox", () => {
  it("centres the shorter axis, and a square image has no offset", () => {
    assert.deepEqual(letterbox([8, 6], 840), { scaleX: 105, scaleY: 105, offsetX: 0, offsetY: 105 });
    assert.deepEqual(letterbox([6, 8], 840), { scaleX: 105, scaleY: 105, offsetX: 105, offsetY: 0 });
    assert.deepEqual(letterbox([7, 7], 840), { scaleX: 120, scaleY: 120, offsetX: 0, offsetY: 0 });
  });
});

describe("letterbox, invariants", () => {
  it("what lies inside the image lies inside the canvas, and comes back within a pixel", () => {
    for (const [width, height] of [
      [500, 375],
      [375, 500],
      [333, 334],
      [1, 840],
      [1000, 3],
      [840, 840],
    ] as [number, number][]) {
      const lie = letterbox([width, height], 840);
      for (const point of [
        [0, 0],
        [width, height],
        [width / 3, height / 7],
      ] as [number, number][]) {
        const [x, y] = [point[0] * lie.scaleX + lie.offsetX, point[1] * lie.scaleY + lie.offsetY];
        // Offsets are rounded: half a pixel may stick out.
        assert.ok(x >= -0.5 && x <= 840.5 && y >= -0.5 && y <= 840.5, `${width}x${height}: ${x}, ${y}`);
        const back = [(Math.round(x) - lie.offsetX) / lie.scaleX, (Math.round(y) - lie.offsetY) / lie.scaleY];
        back.forEach((value, axis) => assert.ok(Math.abs(value - point[axis]) <= Math.max(1, 0.5 / lie.scaleX)));
      }
    }
  });
});

describe("PCK invariants", () => {
  const tokens = Float32Array.from({ length: N_CELLS * 16 }, (_, i) => Math.sin(i * 12.9898) * 4.37);
  const image: GridFeatures = { tokens: law.normalizeTokens(tokens, 16), grid: [8, 8], channels: 16 };
  const self: PckPair = {
    category: "self",
    source: { size: [64, 64], keypoints: { a: [10, 20], b: [40, 41], c: [63, 0] } },
    target: { size: [64, 64], keypoints: { a: [10, 20], b: [40, 41], c: [63, 0] }, box: [0, 0, 64, 64] },
  };

  it("an image matched with itself is off by at most half the diagonal of a cell", () => {
    const options = { match: "argmax", cellCenter: "exact" } as const;
    for (const { distance } of law.pckOfPair(self, image, image, options)) {
      assert.ok(distance <= (105 * Math.SQRT2) / 2 + 1e-9);
    }
  });

  it("PCK never falls as alpha grows, and <= never counts less than <", () => {
    const alphas = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
    const count = (strict: boolean) => {
      const results = law.pckOfPair(self, image, image, { alphas, strict });
      return alphas.map((_, a) => results.filter((result) => result.correct[a]).length);
    };
    const below = count(true);
    const upTo = count(false);
    below.forEach((value, i) => {
      assert.ok(i === 0 || value >= below[i - 1]);
      assert.ok(upTo[i] >= value);
    });
  });

  it("a window of 0 is the peak's cell, not the released evaluation's absence of a window", () => {
    const row = law.similarityRow(image.tokens, 9, image.tokens, 16);
    const options = { window: 0, maskFill: "-inf" } as const;
    assert.deepEqual(law.locate(row, 8, options), law.locate(row, 8, { match: "argmax" }));
    assert.notDeepEqual(law.locate(row, 8, { ...options, window: Infinity }), law.locate(row, 8, options));
  });

  it("a window that covers the grid equals no window", () => {
    const row = law.similarityRow(image.tokens, 9, image.tokens, 16);
    assert.deepEqual(law.locate(row, 8, { window: 7 }), law.locate(row, 8, { window: Infinity }));
  });

  it("a pair without a common keypoint is skipped and counted, not averaged as nothing", () => {
    const hidden = { ...self, target: { ...self.target, keypoints: { a: null } } };
    const results = [self, hidden].map((one) => ({ category: "self", results: law.pckOfPair(one, image, image) }));
    const { pairs, skipped, perPair } = law.summarize(results, [0.1, 0.05, 0.01]);
    assert.deepEqual([pairs, skipped], [1, 1]);
    assert.ok(perPair.every(Number.isFinite));
  });

  it("refuses a window below 0 and a temperature of 0", () => {
    const row = law.similarityRow(image.tokens, 9, image.tokens, 16);
    assert.throws(() => law.locate(row, 8, { window: -1 }), /law\.locate: window must be at least 0, received -1/);
    assert.throws(() => law.locate(row, 8, { temperature: 0 }), /temperature must be above 0, received 0/);
  });

  it("a zero token has zero similarity, not NaN", () => {
    const normalized = law.normalizeTokens(new Float32Array(32), 16);
    assert.deepEqual([...normalized], new Array(32).fill(0));
  });
});

describe("PCK, bad input", () => {
  it("names the function, the rule and the value when grids differ", () => {
    const other: GridFeatures = { ...target, grid: [4, 16] };
    assert.throws(
      () => law.pckOfPair(pair, source, other),
      /law\.pckOfPair: both maps must be 8x8x64, received "4x16x64"/,
    );
  });

  it("refuses an alpha of zero", () => {
    assert.throws(
      () => law.pckOfPair(pair, source, target, { alphas: [0] }),
      /every alpha must be above 0, received 0/,
    );
  });
});
