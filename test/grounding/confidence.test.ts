import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Prng } from "../../kernel/numeric/prng.ts";
import { wilson } from "../../kernel/numeric/index.ts";
import { confidence, type ConfidenceSample } from "../../kernel/grounding/confidence.ts";

const random = new Prng(2, "confidence");

/** Scores of two digits, so that many are equal; a prediction is right as often as its score says. */
const samples: ConfidenceSample[] = Array.from({ length: 400 }, () => {
  const score = Math.round(random.next() * 100) / 100;
  return { score, correct: random.next() < score };
});

/** Coverage and precision of a threshold, counted anew. */
function accepted(threshold: number): { coverage: number; precision: number; count: number } {
  const own = samples.filter(({ score }) => score >= threshold);
  const precision = own.filter(({ correct }) => correct).length / own.length;
  return { coverage: own.length / samples.length, precision, count: own.length };
}

describe("confidence", () => {
  it("gives the risk of every threshold, and the area below the curve", () => {
    const { curve, areaUnderCurve, count } = confidence(samples);
    assert.equal(count, 400);
    assert.deepEqual(
      curve.map(({ threshold }) => threshold),
      [...new Set(samples.map(({ score }) => score))].sort((a, b) => b - a),
    );
    let area = 0;
    for (const { threshold, coverage, risk, interval } of curve) {
      const expected = accepted(threshold);
      assert.ok(Math.abs(coverage - expected.coverage) < 1e-12 && Math.abs(1 - risk - expected.precision) < 1e-12);
      assert.deepEqual(interval, wilson(expected.precision, expected.count));
      area += samples.filter(({ score }) => score === threshold).length * risk;
    }
    assert.ok(Math.abs(areaUnderCurve - area / 400) < 1e-12);
  });

  it("chooses the largest coverage that meets a precision, by its interval or its estimate", () => {
    for (const by of ["interval", "estimate"] as const) {
      const { curve, chosen } = confidence(samples, { precision: 0.8, by });
      const value = ({ risk, interval }: (typeof curve)[number]): number =>
        by === "interval" ? interval[0] : 1 - risk;
      assert.ok(chosen && value(chosen) >= 0.8);
      assert.ok(curve.every((point) => point.coverage <= chosen.coverage || value(point) < 0.8));
    }
    const [strict, loose] = (["interval", "estimate"] as const).map((by) =>
      confidence(samples, { precision: 0.8, by }),
    );
    assert.ok(strict.chosen!.coverage < loose.chosen!.coverage);
  });

  it("shows itself as a table of points, with the chosen one in its title", () => {
    const found = confidence(samples, { precision: 0.8 });
    const [title, head, ...rows] = inspect(found).split("\n");
    const [last] = found.curve.slice(-1);
    assert.match(title, /^400 predictions: a score from 0\.\d+ has a precision of 80\.0 %, and \d+\.\d % have it/);
    assert.match(head, /score from +accepted +precision +95 % interval/);
    assert.match(rows[rows.length - 1], new RegExp(`100\\.0 % +${(100 * (1 - last.risk)).toFixed(1)} %`));
    assert.match(
      inspect(confidence([{ score: 0.9, correct: false }])),
      /^1 predictions: no score has a precision of 90\.0 %/,
    );
    assert.deepEqual(Object.keys(found), ["curve", "chosen", "areaUnderCurve", "count"]);
  });

  it("meets a precision that is met to the last bit, also below one half", () => {
    for (let count = 1; count <= 30; count++)
      for (let right = 1; right <= count; right++) {
        const equal = Array.from({ length: count }, (_, i) => ({ score: 0.5, correct: i < right }));
        const { chosen } = confidence(equal, { precision: right / count, by: "estimate" });
        assert.equal(chosen?.coverage, 1, `${right} of ${count}`);
        assert.deepEqual(Object.keys(chosen), ["threshold", "coverage", "risk", "interval"]);
      }
  });

  it("says where no threshold does, and refuses what cannot be", () => {
    assert.equal(confidence([{ score: 0.9, correct: false }]).chosen, null);
    assert.equal(confidence([{ score: 0.9, correct: true }], { precision: 1, by: "estimate" }).chosen?.coverage, 1);
    assert.throws(() => confidence([]), /grounding\.confidence: there must be samples/);
    assert.throws(() => confidence(samples, { precision: 0 }), /precision must lie in \(0, 1\]/);
    assert.throws(() => confidence([{ score: NaN, correct: true }]), /scores must be finite/);
    for (const correct of [undefined, null, "yes", 7, 1])
      assert.throws(
        () => confidence([{ score: 0.5, correct: correct as never }]),
        /grounding\.confidence: correct must be true or false/,
      );
    for (const none of [null, undefined, 5]) assert.throws(() => confidence(none as never), /there must be samples/);
    for (const none of [null, 5]) assert.throws(() => confidence([none as never]), /scores must be finite/);
  });
});
