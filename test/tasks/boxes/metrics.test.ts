import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Box } from "../../../kernel/contracts/geometry.ts";
import * as boxes from "../../../kernel/tasks/boxes/index.ts";

interface Golden {
  cases: { boxes: Box[]; scores: number[]; targets: Box[]; f1: number }[];
  f1: number;
  noTargetAccuracy: number;
}

const golden = JSON.parse(
  readFileSync(new URL("../../grounding/golden/generalized.json", import.meta.url), "utf8"),
) as Golden;

const square = (left: number, width = 1): Box => [left, 0, left + width, 1];

describe("precision of boxes", () => {
  it("counts an IoU of exactly the threshold, and pools over batches and splits", () => {
    const metric = new boxes.BoxPrecision();
    // The union is twice what both share.
    metric.add(square(0, 2), square(0), "val");
    metric.add(square(0), square(0), "val");
    metric.add(square(0, 2.01), square(0), "val");
    metric.add(square(3), square(0), "testA");
    const { val, testA } = metric.table();
    assert.deepEqual([val.correct, val.count, testA.correct, testA.count], [2, 3, 0, 1]);
    const all = metric.value();
    assert.deepEqual([all.correct, all.count, all.precision], [2, 4, 0.5]);
    assert.ok(all.interval[0] < 0.5 && all.interval[1] > 0.5);
    assert.ok(Math.abs(val.meanIou - (0.5 + 1 + 1 / 2.01) / 3) < 1e-12);
  });

  it("is NaN of nothing, and refuses what is no box", () => {
    assert.deepEqual(new boxes.BoxPrecision().add([0, 0, 4, 2], [0, 0, 4, 4]), { iou: 0.5, correct: true });
    assert.deepEqual(new boxes.BoxPrecision(0.6).add([0, 0, 4, 2], [0, 0, 4, 4]), { iou: 0.5, correct: false });
    assert.ok(Number.isNaN(new boxes.BoxPrecision().value().precision));
    const metric = new boxes.BoxPrecision();
    assert.throws(() => metric.add([0, 0, NaN, 1], square(0)), /4 finite numbers/);
    assert.equal(metric.value().count, 0);
    assert.throws(() => new boxes.BoxPrecision(0), /threshold must lie in \(0, 1\]/);
  });
});

describe("scores of generalized expressions", () => {
  it("equal those of the reference, expression by expression", () => {
    const metric = new boxes.GeneralizedScore();
    for (const { boxes: found, scores, targets, f1 } of golden.cases) {
      const predictions = found.map((box, i) => ({ box, score: scores[i] }));
      assert.ok(Math.abs(metric.add(predictions, targets) - f1) < 1e-12);
    }
    const { f1, noTargetAccuracy, count, withoutTarget } = metric.value();
    assert.deepEqual([f1, noTargetAccuracy], [golden.f1, golden.noTargetAccuracy]);
    assert.deepEqual([count, withoutTarget], [120, 30]);
  });

  it("take GIoU, which is stricter than IoU, and both thresholds with their ends", () => {
    const apart: Box = [0, 0, 1.5, 1.5];
    const [prediction, truth] = [{ box: apart, score: 0.7 }, [[0.3, 0.3, 1.5, 1.8]] as Box[]];
    const scores = (["giou", "iou"] as const).map((overlap) => {
      const threshold = (boxes.iou(apart, truth[0]) + boxes.generalizedIou(apart, truth[0])) / 2;
      return new boxes.GeneralizedScore({ overlap, threshold }).add([prediction], truth);
    });
    assert.deepEqual(scores, [0, 1]);
    assert.equal(new boxes.GeneralizedScore().add([{ box: square(0, 2), score: 0.7 }], [square(0)]), 1);
    assert.equal(new boxes.GeneralizedScore().add([{ box: square(0), score: 0.69 }], []), 1);
    for (const value of [2, -1, NaN, "0.5", null] as never[]) {
      assert.throws(() => new boxes.GeneralizedScore({ score: value }), /score must lie in \[0, 1\]/);
      assert.throws(() => new boxes.GeneralizedScore({ threshold: value }), /threshold must lie in \[0, 1\]/);
      assert.throws(() => new boxes.BoxPrecision(value), /threshold must lie in \(0, 1\]/);
    }
  });

  it("refuse what is no box and no score, and count nothing then", () => {
    const metric = new boxes.GeneralizedScore();
    const good = { box: square(0), score: 1 };
    for (const [predictions, targets, rule] of [
      [[{ ...good, box: [NaN, NaN, NaN, NaN] }], [square(0)], /4 finite numbers/],
      [[{ ...good, box: [0, 0, Infinity, 1], score: 0.1 }], [], /4 finite numbers/],
      [[{ ...good, score: NaN }], [], /a score must be a finite number, received NaN/],
      [[{ box: square(0) }], [], /a score must be a finite number/],
      [[good], [[0, 0, NaN, 1]], /4 finite numbers/],
      [[good], [[0, 0, 1]], /4 finite numbers/],
      [[null], [], /4 finite numbers/],
      [null, [], /predictions must be a list/],
      [[], undefined, /targets must be a list/],
    ] as const)
      assert.throws(
        () => metric.add(predictions as never, targets as never),
        (error: Error) => error.name === "TaskError" && rule.test(error.message),
      );
    assert.deepEqual([metric.value().count, metric.value().withoutTarget], [0, 0]);
    assert.throws(() => new boxes.BoxPrecision().add(null as never, square(0)), /4 finite numbers, received null/);
  });
});
