import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import type { ScoredPair, StoredFeatures } from "../../kernel/law";
import { Prng } from "../../kernel/numeric/prng";

const [SIDE, CHANNELS, IMAGES] = [6, 16, 9];
const generator = new Prng(5);
const random = (): number => generator.next();
const categories = ["cat", "ant", "bee"];

const maps = new Map(
  categories.flatMap((category) =>
    Array.from({ length: IMAGES }, (_, i): [string, Float32Array] => [
      `${category}-${i}.png`,
      Float32Array.from({ length: SIDE * SIDE * CHANNELS }, () => random() - 0.5),
    ]),
  ),
);

const stored: StoredFeatures = {
  run: { encoder: { name: "random" }, layers: [{ layer: 3 }, { layer: 7 }] },
  images: maps,
  features: (path, layer) => {
    const tokens = (maps.get(path) as Float32Array).map((value) => value * (layer === 3 ? value : 1));
    return Promise.resolve({ layer, grid: [SIDE, SIDE] as const, channels: CHANNELS, tokens: () => tokens });
  },
};

function pairOf(i: number): ScoredPair {
  const category = categories[i % categories.length];
  const point = (): [number, number] => [60 * random(), 60 * random()];
  const side = (image: number) => ({
    path: `${category}-${image}.png`,
    size: [60, 60] as const,
    keypoints: { a: point(), b: point(), c: i % 5 ? point() : null },
  });
  const target = i < 250 ? 0 : Math.floor(IMAGES * random());
  return {
    category,
    source: side(Math.floor(IMAGES * random())),
    target: { ...side(target), box: [0, 0, 60, 60] },
    flags: { mirror: i % 2, occlusion: i % 7 ? 1 : null },
  };
}

// Some targets have more pairs than one product.
const pairs = Array.from({ length: 400 }, (_, i) => pairOf(i));
const options: law.CScoreOptions = { alphas: [0.3, 0.1], lookAlikes: { cat: [["a", "b"]] }, reciprocal: true, seed: 4 };

async function made(perPart: number, more: law.CScorePartOptions = {}): Promise<law.CScorePart[]> {
  const parts: law.CScorePart[] = [];
  for (const positions of law.divideCScore(pairs, perPart)) {
    const part = await law.cScorePart(stored, pairs, positions, { ...options, ...more });
    parts.unshift(JSON.parse(JSON.stringify(part)) as law.CScorePart);
  }
  return parts;
}

describe("a C score in parts", () => {
  it("divides every pair into one part", () => {
    for (const perPart of [1, 50, 1000]) {
      const parts = law.divideCScore(pairs, perPart);
      const all = parts.flat().sort((a, b) => a - b);
      assert.deepEqual(all, [...pairs.keys()]);
      assert.ok(parts.every((part) => part.length < perPart + 64));
    }
    assert.ok(law.divideCScore(pairs, 50).length >= 5);
  });

  it("merges to the score of one run, to the last bit, for parts of any size and order", async () => {
    const whole = await law.cScore(stored, pairs, options);
    assert.ok(whole.confusions !== null && whole.reciprocal !== null);
    assert.ok(whole.perPoint[0] > 0 && whole.perPoint[0] < 100);
    for (const perPart of [1, 30, 200]) assert.deepEqual(law.mergeCScore(pairs, await made(perPart), options), whole);
    const joined = { indices: [3, 7] };
    const both = await law.cScore(stored, pairs, { ...options, ...joined });
    assert.deepEqual(law.mergeCScore(pairs, await made(60, joined), { ...options, ...joined }), both);
  });

  it("merges each layer to its score of one run", async () => {
    const whole = await law.cScoreByLayer(stored, pairs, options);
    const parts = await made(60, { byLayer: true });
    assert.deepEqual(law.mergeCScoreByLayer(pairs, parts, options), whole);
    assert.throws(() => law.mergeCScore(pairs, parts, options), /law\.mergeCScore: parts must be made without byLayer/);
  });

  it("refuses parts that are not all pairs once, of one division", async () => {
    const parts = await made(60);
    const merge = (some: law.CScorePart[], more = options) => law.mergeCScore(pairs, some, more);
    assert.throws(() => merge(parts.slice(1)), /parts must hold every pair, received "none of pair \d+"/);
    assert.throws(() => merge([...parts, parts[0]]), /a pair must be in one part/);
    assert.throws(() => merge(parts, { alphas: [0.1] }), /outcomes must be of these pairs and 1 thresholds/);
    const other = [{ ...parts[0], layers: [3] }, ...parts.slice(1)];
    assert.throws(() => merge(other), /parts must be of one list of layers, 3/);
    const moved = [{ ...parts[0], positions: parts[0].positions.map((at) => at + 400) }, ...parts.slice(1)];
    assert.throws(() => merge(moved), /outcomes must be of these pairs/);
    assert.throws(() => law.divideCScore([], 3), /at least one pair is needed/);
    assert.throws(
      () => law.divideCScore(pairs, 0.5),
      /pairsPerPart must be a whole number of at least 1, received 0\.5/,
    );
    await assert.rejects(
      law.cScorePart(stored, pairs, [400]),
      /positions must be whole numbers of 0\.\.399, received 400/,
    );
  });
});
