import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  base64Encode,
  encodeFloat16,
  readRefinement,
  REFINEMENT_MIME,
  type RefinementPayload,
  RefinementValues,
  tokenCount,
  tokenPlace,
} from "../../kernel/protocol/index";
import { refinement } from "../../kernel/view/index";
import { makeRefinement, STAGES, WORDS } from "./refinement-source";

async function made(source = makeRefinement(), options = {}): Promise<[RefinementPayload, Record<string, unknown>]> {
  const bundle = (await refinement(source, options)).bundle as Record<string, unknown>;
  return [readRefinement(JSON.parse(JSON.stringify(bundle[REFINEMENT_MIME]))), bundle];
}

/** Base64 of so many half floats: `even` at even positions, `odd` at odd ones. */
const halves = (count: number, even: number, odd = even): string =>
  base64Encode(encodeFloat16(Float32Array.from({ length: count }, (_, i) => (i % 2 ? odd : even))));

describe("view.refinement", () => {
  it("saves a view, a picture and a text of at most 300 KB", async () => {
    const [payload, bundle] = await made(makeRefinement(), { title: "Test", stage: "fine alignment" });
    assert.ok(JSON.stringify(bundle).length <= 300 * 1024, `${JSON.stringify(bundle).length}`);
    assert.ok(bundle["image/png"]);
    const text = String(bundle["text/plain"]);
    assert.match(
      text,
      /^Test: refinement over start → coarse alignment → fine alignment → world knowledge; 5 pictures/,
    );
    assert.match(text, /token to nearest word: 4 ± 0\.3 → 2 ± 0\.3 → 1\.333 ± 0\.3 → 1 ± 0\.3/);
    assert.match(text, /Wasserstein-1: 6 → 3 → 2 → 1\.5/);
    assert.deepEqual(payload.stages, STAGES);
    assert.equal(payload.current, 2);
    assert.deepEqual(payload.layers[1].quantiles.slice(0, 5), [-4, -2, 0, 2, 4]);
    assert.deepEqual(payload.measures[2].halves, [null, null, null, null]);
  });

  it("places tokens and words of all stages on the same axes, which keep distances as well as two can", async () => {
    const source = makeRefinement();
    const [payload] = await made(source);
    const values = new RefinementValues(payload);
    assert.equal(values.tokens, 5 * 24);
    // Words are the same in every stage, and so must be their places.
    for (const [w] of WORDS.entries())
      for (const stage of [1, 2, 3]) assert.deepEqual(values.word(stage, w), values.word(0, w));
    // Two components hold the share of the variance that the payload says.
    const { width } = source.snapshots[0];
    const rows = source.snapshots.flatMap(({ tokens, words }) => [tokens, words]);
    const mean = new Float64Array(width);
    const all = rows.flatMap((one) =>
      Array.from({ length: one.length / width }, (_, i) => one.subarray(i * width, (i + 1) * width)),
    );
    all.forEach((one) => one.forEach((value, c) => (mean[c] += value / all.length)));
    const total = all.reduce((sum, one) => sum + one.reduce((own, value, c) => own + (value - mean[c]) ** 2, 0), 0);
    let held = 0;
    STAGES.forEach((_, stage) => {
      for (let t = 0; t < values.tokens; t++)
        held += values.token(stage, t).reduce((sum, value) => sum + value ** 2, 0);
      WORDS.forEach((__, w) => (held += values.word(stage, w).reduce((sum, value) => sum + value ** 2, 0)));
    });
    assert.ok(Math.abs(held / total - payload.ratio[0] - payload.ratio[1]) < 2e-3, `${held / total}`);
  });

  it("names the nearest word of a token in the full space", async () => {
    const source = makeRefinement();
    const [payload] = await made(source);
    const values = new RefinementValues(payload);
    const { tokens, words, width } = source.snapshots[3];
    for (const token of [0, 7, 50, 119]) {
      const costs = WORDS.map((_, w) =>
        Math.hypot(...Array.from({ length: width }, (__, c) => tokens[token * width + c] - words[w * width + c])),
      );
      const { word, distance } = values.nearest(3, token);
      assert.equal(word, costs.indexOf(Math.min(...costs)));
      assert.ok(Math.abs(distance - Math.min(...costs)) < 2e-3);
    }
    assert.deepEqual(tokenPlace(payload, 24 + 8), { picture: 1, row: 1, column: 2 });
  });

  it("shows as many pictures as there is room for, and says of how many the measures are", async () => {
    const [payload, bundle] = await made(makeRefinement(60, 6));
    assert.equal(payload.measured, 60);
    assert.equal(payload.pictures.length, 24);
    assert.equal(tokenCount(payload), 24 * 24);
    assert.ok(JSON.stringify(bundle).length <= 300 * 1024);
    const [single] = await made(makeRefinement(3, 1));
    assert.equal(single.current, 0);
  });

  it("refuses what does not fit together", async () => {
    const source = makeRefinement();
    const [first, second] = source.snapshots;
    await assert.rejects(refinement(null as never), /source must be what refine\.record returns/);
    await assert.rejects(refinement({ ...source, snapshots: [] }), /snapshots must be 1 to 16, received 0/);
    await assert.rejects(refinement({ ...source, grid: [4, 5] }), /tokens of stage start must be 1200 values/);
    await assert.rejects(refinement({ ...source, words: ["one"] }), /words of stage start must be 1 x 12/);
    await assert.rejects(refinement(source, { stage: "later" }), /stage must be one of start/);
    await assert.rejects(refinement(source, { stages: 2 } as never), /options are title, stage/);
    const other = (change: object): Promise<unknown> =>
      refinement({ ...source, snapshots: [first, { ...second, ...change }] });
    await assert.rejects(other({ width: 6 }), /width of stage coarse alignment must be 12, received 6/);
    await assert.rejects(other({ measures: {} }), /measures of stage coarse alignment must be nearest/);
    await assert.rejects(other({ layers: [] }), /layers of stage coarse alignment must be block 1/);
    await assert.rejects(other({ tokens: second.tokens.map(() => NaN) }), /must be finite/);
    const far = second.tokens.map((value) => 1e6 * value);
    await assert.rejects(other({ tokens: far }), /within 65504 of their mean/);
  });

  it("reads no payload that breaks the format", async () => {
    const [payload] = await made();
    const cases: [RegExp, object][] = [
      [/current must be below 4/, { current: 4 }],
      [/places must be base64 of/, { places: "AAAA" }],
      [/nearest must be base64 of/, { nearest: "" }],
      [/nearest must be words below 8/, { nearest: halves(2 * 4 * 120, 8) }],
      [/grid\[0\] must be an integer in 1\.\.256/, { grid: [0, 4] }],
      [/nearest must be distances of at least 0/, { nearest: halves(2 * 4 * 120, 3, Infinity) }],
      [/places must be finite numbers/, { places: halves(2 * 4 * 128, Infinity) }],
      [/measured must be at least 5/, { measured: 2 }],
      [/measures\[0\]\.values must be 4 numbers/, { measures: [{ name: "a", values: [1], halves: [1] }] }],
      [/layers\[0\]\.quantiles must be 5 numbers a stage/, { layers: [{ name: "a", quantiles: [1, 2] }] }],
      [
        /layers\[0\]\.quantiles must be ascending/,
        { layers: [{ name: "a", quantiles: Array.from({ length: 20 }, (_, i) => -i) }] },
      ],
      [/words must be an array/, { words: "red" }],
      [/stages must be an array of 1\.\.16/, { stages: Array.from({ length: 17 }, String) }],
      [/pictures\[0\]\.mime must be one of/, { pictures: [{ ...payload.pictures[0], mime: "image/svg+xml" }] }],
      [/version must be one of 1/, { version: 2 }],
    ];
    for (const [message, change] of cases) assert.throws(() => readRefinement({ ...payload, ...change }), message);
    assert.throws(() => readRefinement(null), /must be an object/);
  });
});
