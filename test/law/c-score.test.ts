import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import type { LayerExtractor, ScoredPair } from "../../kernel/law";

const SIDE = 4;

/** Each cell of every image carries its own unit vector, so the same position always matches itself. */
function positional(seen: string[][] = []): LayerExtractor {
  const tokens = new Float32Array(SIDE ** 4);
  for (let i = 0; i < SIDE * SIDE; i++) tokens[i * SIDE * SIDE + i] = 1;
  return {
    name: "positional",
    forwardIntermediates(images, { indices }) {
      seen.push(images);
      const shape = { grid: [SIDE, SIDE] as const, channels: SIDE * SIDE, tokens: () => tokens };
      return Promise.resolve({ intermediates: (indices ?? [0, 1, 2]).map((layer) => ({ ...shape, layer })) });
    },
  };
}

function pairOf(category: string, target: [number, number] | null): ScoredPair {
  const box: [number, number, number, number] = [0, 0, 40, 40];
  return {
    category,
    source: { path: `${category}-a.png`, size: [40, 40], keypoints: { 0: [5, 5] } },
    target: { path: `${category}-b.png`, size: [40, 40], keypoints: { 0: target }, box },
  };
}

describe("law.cScore", () => {
  const right = pairOf("cat", [5, 5]);
  const wrong = pairOf("dog", [35, 35]);
  const hidden = pairOf("cow", null);

  it("averages over pairs, points and categories, and skips pairs with nothing to score", async () => {
    const score = await law.cScore(positional(), [right, right, wrong, hidden], { alphas: [0.1] });
    assert.ok(Math.abs(score.perPair[0] - 200 / 3) < 1e-9);
    assert.ok(Math.abs(score.perPoint[0] - 200 / 3) < 1e-9);
    assert.equal(score.perCategory[0], 50);
    assert.deepEqual(score.categories, { cat: [100], dog: [0] });
    assert.deepEqual([score.pairs, score.keypoints, score.skipped], [3, 3, 1]);
    assert.ok(score.interval[0][0] <= score.perPair[0] && score.perPair[0] <= score.interval[0][1]);
  });

  it("sends every image through the encoder once, in batches, with progress", async () => {
    const seen: string[][] = [];
    const progress: number[] = [];
    await law.cScore(positional(seen), [right, right, wrong], {
      batchSize: 3,
      onProgress: ({ done }) => progress.push(done),
    });
    assert.deepEqual(
      seen.map((batch) => batch.length),
      [3, 1],
    );
    assert.deepEqual(progress, [3, 4]);
  });

  it("gives the same numbers for the same seed, and for layers joined that say the same", async () => {
    const one = await law.cScore(positional(), [right, wrong]);
    const two = await law.cScore(positional(), [right, wrong], { indices: [-2, -1] });
    assert.deepEqual(two, one);
  });

  it("scores every layer in one pass over the images", async () => {
    const seen: string[][] = [];
    const all = await law.cScoreByLayer(positional(seen), [right, wrong]);
    assert.deepEqual(
      all.map(({ layer }) => layer),
      [0, 1, 2],
    );
    assert.deepEqual(all[1].summary, await law.cScore(positional(), [right, wrong]));
    assert.equal(seen.flat().length, 4);
  });

  it("stops when it is told to", async () => {
    await assert.rejects(law.cScore(positional(), [right], { signal: AbortSignal.abort() }), { name: "AbortError" });
  });

  it("refuses an empty list", async () => {
    await assert.rejects(law.cScore(positional(), []), /law\.cScore: at least one pair is needed, received 0/);
  });
});

describe("law.baseline", () => {
  const pair = {
    category: "cat",
    source: {
      size: [100, 100] as [number, number],
      keypoints: { 0: [10, 10] as [number, number] },
      box: box(0, 0, 20, 20),
    },
    target: {
      size: [100, 100] as [number, number],
      keypoints: { 0: [70, 70] as [number, number] },
      box: box(60, 60, 80, 80),
    },
  };
  it("the oracle box maps the centre of one box to the centre of the other", () => {
    assert.equal(law.baseline("oracle-box", [pair]).perPair[0], 100);
    assert.equal(law.baseline("same-position", [pair]).perPair[0], 0);
    for (const name of ["pixels", "constructor", 5] as never[])
      assert.throws(
        () => law.baseline(name, [pair]),
        /law\.baseline: the baseline must be random-in-image, .*received/,
      );
    assert.throws(
      () => law.baseline("oracle-box", { pairs: [pair] } as never),
      /pairs must be an array, received an obj/,
    );
  });

  it("the oracle box maps both directions by their own scales, in pictures of any shape", () => {
    const lying = {
      category: "cat",
      source: {
        size: [200, 100] as [number, number],
        keypoints: { 0: [30, 20] as [number, number] },
        box: box(20, 10, 60, 90),
      },
      target: {
        size: [100, 200] as [number, number],
        // A quarter of the box to the right, an eighth down.
        keypoints: { 0: [45, 65] as [number, number] },
        box: box(40, 50, 60, 170),
      },
    };
    assert.equal(law.baseline("oracle-box", [lying], { alphas: [0.01] }).perPair[0], 100);
    const off = { ...lying, target: { ...lying.target, keypoints: { 0: [45, 68] as [number, number] } } };
    assert.equal(law.baseline("oracle-box", [off], { alphas: [0.01] }).perPair[0], 0);
    assert.equal(law.baseline("oracle-box", [off], { alphas: [0.03] }).perPair[0], 100);
  });

  it("a random point in the box stays in it, in height as in width", () => {
    const flat = { ...pair, target: { ...pair.target, box: box(60, 68, 80, 72) } };
    const { perPair } = law.baseline("random-in-box", new Array(500).fill(flat), { alphas: [0.52] });
    assert.equal(perPair[0], 100);
  });

  it("a random point in the box is right about pi * alpha^2 of the time", () => {
    const many = new Array(4000).fill(pair);
    // Options of the C score serve the baselines beside it.
    const { perPair } = law.baseline("random-in-box", many, { alphas: [0.1], center: true, indices: [-1] });
    assert.ok(Math.abs(perPair[0] - 100 * Math.PI * 0.01) < 0.9, String(perPair[0]));
  });
});

function box(x1: number, y1: number, x2: number, y2: number): [number, number, number, number] {
  return [x1, y1, x2, y2];
}
