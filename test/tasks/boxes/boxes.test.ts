import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as boxes from "../../../kernel/tasks/boxes/index.ts";
import { Prng } from "../../../kernel/numeric/prng.ts";
import type { Box } from "../../../kernel/contracts/geometry.ts";
import { nn, tf } from "../../nn/names.ts";

const random = new Prng(3, "boxes");
const draw = (): Box => {
  const [x, y] = [random.range(0, 1), random.range(0, 1)];
  return [x, y, x + random.range(0.01, 1), y + random.range(0.01, 1)];
};
const moved = ([l, t, r, b]: Box, scale: number, x: number, y: number): Box => [
  l * scale + x,
  t * scale + y,
  r * scale + x,
  b * scale + y,
];
const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-9, `${a} for ${b}`);

describe("overlap of boxes", () => {
  before(() => nn.start("native"));

  it("keeps its bounds, and is symmetric and the same at another place and size", () => {
    for (let n = 0; n < 500; n++) {
      const [a, b] = [draw(), draw()];
      const [iou, giou] = [boxes.iou(a, b), boxes.generalizedIou(a, b)];
      assert.ok(giou > -1 && giou <= iou + 1e-12 && iou <= 1, `${giou}, ${iou}`);
      close(boxes.generalizedIou(b, a), giou);
      close(boxes.generalizedIou(moved(a, 7, 3, -2), moved(b, 7, 3, -2)), giou);
    }
  });

  it("of boxes whose hull is their union is the IoU", () => {
    close(boxes.generalizedIou([0, 0, 2, 1], [1, 0, 3, 1]), boxes.iou([0, 0, 2, 1], [1, 0, 3, 1]));
    assert.equal(boxes.iou([0, 0, 2, 1], [1, 0, 3, 1]), 1 / 3);
    assert.equal(boxes.generalizedIou([0, 0, 1, 1], [0, 0, 1, 1]), 1);
    assert.equal(boxes.generalizedIou([0, 0, 1, 1], [3, 0, 4, 1]), -0.5);
    assert.equal(boxes.iou([1, 1, 1, 1], [1, 1, 1, 1]), 0);
    assert.equal(boxes.generalizedIou([1, 1, 1, 1], [1, 1, 1, 1]), 0);
  });

  it("is the same in plain numbers and in tensors", () => {
    const [a, b] = [Array.from({ length: 50 }, draw), Array.from({ length: 50 }, draw)];
    const rows = (all: Box[]) => tf.tensor2d(all.flat(), [50, 4]);
    const [iou, giou] = [boxes.boxIou(rows(a), rows(b)), boxes.generalizedBoxIou(rows(a), rows(b))];
    a.forEach((one, i) => {
      assert.ok(Math.abs(iou.dataSync()[i] - boxes.iou(one, b[i])) < 1e-5);
      assert.ok(Math.abs(giou.dataSync()[i] - boxes.generalizedIou(one, b[i])) < 1e-5);
    });
    const there = boxes.boxCorners(boxes.boxCenters(rows(a)));
    assert.ok(tf.max(tf.abs(tf.sub(there, rows(a)))).dataSync()[0] < 1e-6);
    assert.deepEqual(boxes.toCenter(boxes.toCorners([0.5, 0.25, 0.5, 0.25])), [0.5, 0.25, 0.5, 0.25]);
  });

  it("refuses other shapes", () => {
    assert.throws(
      () => boxes.boxIou(tf.zeros([2, 4]), tf.zeros([3, 4])),
      /tasks\.boxes\.boxIou: boxes must be \[N, 4\]/,
    );
    assert.throws(
      () => boxes.setLoss({ logits: tf.zeros([1, 2, 3]), boxes: tf.zeros([1, 2, 4]) }, [[]]),
      /logits must be/,
    );
    const zeros = () => ({ logits: tf.zeros([1, 2, 2]), boxes: tf.zeros([1, 2, 4]) });
    for (const name of ["class", "l1", "giou", "noObject"])
      for (const value of [-5, NaN, Infinity, "1"])
        assert.throws(
          () => boxes.setLoss(zeros(), [[]], { [name]: value }),
          new RegExp(`setLoss: ${name} must be a finite number of at least 0`),
        );
    for (const name of ["class", "l1", "giou"])
      assert.throws(() => boxes.setLoss(zeros(), [[]], { costs: { [name]: -1 } }), /match: the cost .* at least 0/);
    for (const target of [
      [0.5, 0.5, -0.2, 0.2],
      [0.5, 0.5, 0.2, -0.2],
    ] as const)
      assert.throws(() => boxes.setLoss(zeros(), [[target]]), /width and height of a target must be at least 0/);
    assert.throws(() => boxes.setLoss(zeros(), [[[NaN, 0, 1, 1]]]), /setLoss: a box must be 4 finite numbers/);
    assert.throws(
      () => boxes.setLoss({ logits: tf.zeros([1, 2, 2]), boxes: tf.zeros([1, 2, 4]) }, []),
      /each of 1 pictures/,
    );
  });
});

describe("matching of boxes", () => {
  before(() => nn.start("native"));

  const targets: boxes.BoxTargets = [
    [
      [0.3, 0.3, 0.2, 0.2],
      [0.7, 0.6, 0.3, 0.2],
    ],
  ];
  const places = [
    [0.7, 0.62, 0.28, 0.2],
    [0.1, 0.9, 0.1, 0.1],
    [0.3, 0.3, 0.2, 0.2],
    [0.5, 0.5, 0.9, 0.9],
  ];
  const scores = [
    [1, 0],
    [-1, 2],
    [0.5, 0.1],
    [0, 0],
  ];
  const lossOf = (order: readonly number[]): boxes.SetLoss =>
    boxes.setLoss(
      {
        logits: tf.tensor3d([order.map((i) => scores[i])]),
        boxes: tf.tensor3d([order.map((i) => places[i])]),
      },
      targets,
    );

  it("pairs what lies together; another order of queries permutes the pairs and leaves the loss", () => {
    const [plain, turned] = [lossOf([0, 1, 2, 3]), lossOf([3, 2, 1, 0])];
    assert.deepEqual(plain.pairs, [
      [
        [0, 1],
        [2, 0],
      ],
    ]);
    assert.deepEqual(turned.pairs, [
      [
        [1, 0],
        [3, 1],
      ],
    ]);
    assert.ok(Math.abs(plain.loss.dataSync()[0] - turned.loss.dataSync()[0]) < 1e-6);
  });

  it("costs nothing but the classes where boxes are the targets", () => {
    const exact = boxes.setLoss({ logits: tf.zeros([1, 2, 2]), boxes: tf.tensor3d([targets[0] as never]) }, targets);
    assert.ok(Math.abs(exact.loss.dataSync()[0] - Math.LN2) < 1e-6);
  });
});
