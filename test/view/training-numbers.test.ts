/** Parts of a training view: curves, matrices, words for numbers. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Prng } from "../../kernel/numeric/prng";
import { Curve } from "../../kernel/protocol/training/curve";
import {
  addFrame,
  commonScale,
  decodeCells,
  encodeCells,
  type SavedMatrices,
} from "../../kernel/protocol/training/matrix";
import { numberText } from "../../kernel/protocol/core/words";
import { durationText } from "../../kernel/protocol/training/words";

describe("a curve of a training", () => {
  const random = new Prng(3, "curve");
  const values = Array.from({ length: 50_000 }, () => random.range(-1, 1));
  values[12_345] = 40;
  values[33_333] = -40;

  it("keeps every point while there is room, then the extremes where they stood and the exact mean", () => {
    const curve = new Curve(64);
    values.slice(0, 64).forEach((value, i) => curve.push(i + 1, value));
    assert.deepEqual(
      curve.points().map(({ value }) => value),
      values.slice(0, 64),
    );
    values.slice(64).forEach((value, i) => curve.push(i + 65, value));
    assert.ok(curve.buckets.length <= 64 && curve.buckets.length >= 32);
    const points = curve.points();
    assert.deepEqual(
      points.find(({ value }) => value === 40),
      { step: 12_346, value: 40 },
    );
    assert.deepEqual(
      points.find(({ value }) => value === -40),
      { step: 33_334, value: -40 },
    );
    const count = curve.buckets.reduce((sum, bucket) => sum + bucket.count, 0);
    const mean = curve.buckets.reduce((sum, bucket) => sum + bucket.count * bucket.mean, 0) / count;
    assert.equal(count, 50_000);
    assert.ok(Math.abs(mean - values.reduce((sum, value) => sum + value, 0) / 50_000) < 1e-9);
    assert.ok(
      points.every(({ step }, i) => i === 0 || step > points[i - 1].step),
      "in order",
    );
  });

  it("leaves out what is not finite, or comes again", () => {
    const curve = new Curve();
    for (const [step, value] of [
      [1, 1],
      [2, NaN],
      [3, Infinity],
      [4, 2],
      [4, 9],
      [2, 9],
    ])
      curve.push(step, value);
    assert.deepEqual(curve.points(), [
      { step: 1, value: 1 },
      { step: 4, value: 2 },
    ]);
  });

  it("smooths over both sides, so that a straight line stays where it is", () => {
    const curve = new Curve();
    [3, 1, 2].forEach((value, i) => curve.push(i + 1, value));
    const k = Math.exp(-1 / 5);
    const expected = [
      (3 + k + 2 * k * k) / (1 + k + k * k),
      (3 * k + 1 + 2 * k) / (1 + 2 * k),
      (3 * k * k + k + 2) / (1 + k + k * k),
    ];
    curve.smoothed(5).forEach(({ value }, i) => assert.ok(Math.abs(value - expected[i]) < 1e-12));
    const long = new Curve(32);
    for (let step = 1; step <= 10_000; step++) long.push(step, step);
    const middle = long.smoothed(50)[16];
    const { mean } = long.buckets[16];
    assert.ok(Math.abs(middle.value - mean) < 1e-6 * mean, "no lag");
  });

  it("comes back from its saved form, to float32, and goes on in the same way", () => {
    const curve = new Curve(64);
    values.slice(0, 1000).forEach((value, i) => curve.push(i + 1, Math.fround(value)));
    const back = Curve.load(JSON.parse(JSON.stringify(curve.save())), 64);
    for (const one of [curve, back])
      values.slice(1000, 3000).forEach((value, i) => one.push(i + 1001, Math.fround(value)));
    assert.deepEqual(back.points(), curve.points());
    assert.equal(
      curve
        .thinned(8)
        .points()
        .some(({ value }) => value === curve.points().reduce((m, p) => Math.max(m, p.value), -9)),
      true,
    );
  });
});

describe("matrices of evaluations", () => {
  const head = {
    title: "Mean gate",
    rows: ["a", "b"],
    columns: ["1", "2"],
    axes: ["task", "unit"] as [string, string],
    note: "",
  };

  it("keep 255 shades and empty cells", () => {
    const { range, cells } = encodeCells([0.5, NaN, 1, -1]);
    assert.deepEqual(range, [-1, 1]);
    const back = decodeCells({ range, cells });
    assert.equal(back[1], null);
    [0.5, null, 1, -1].forEach(
      (value, i) => value !== null && assert.ok(Math.abs(value - (back[i] as number)) <= 2 / 254),
    );
    assert.deepEqual(decodeCells(encodeCells([3, 3])), [3, 3]);
    assert.deepEqual(decodeCells(encodeCells([NaN])), [null]);
  });

  it("lie behind each other in time on one scale, the first and the last kept", () => {
    let all: SavedMatrices[] = [];
    for (let step = 1; step <= 300; step++) all = addFrame(all, step, { ...head, ...encodeCells([0, 0, 0, step]) });
    const [{ frames }] = all;
    assert.ok(frames.length <= 64 && frames.length > 20);
    assert.deepEqual([frames[0].step, frames.at(-1)!.step], [1, 300]);
    assert.deepEqual(commonScale(all[0]), [0, 300]);
    all = addFrame(all, 301, { ...head, rows: ["a", "c"], ...encodeCells([1, 2, 3, 4]) });
    assert.equal(all[0].frames.length, 1, "other rows begin anew");
  });
});

describe("words of a training", () => {
  it("are short: times, numbers", () => {
    assert.deepEqual([0, 45e3, 130e3, 7.5e6].map(durationText), ["0 s", "45 s", "2 min", "2 h 5 min"]);
    assert.deepEqual([0, 0.123456, 1.5e-5, -2e-4, 9.9969e-4, 12_345.6, 3e9].map(numberText), [
      "0",
      "0.1235",
      "1.5e−5",
      "-0.0002",
      "0.0009997",
      "12,346",
      "3.00e+9",
    ]);
  });
});
