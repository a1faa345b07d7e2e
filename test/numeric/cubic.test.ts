import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cubic } from "../../kernel/numeric/cubic";

const near = (received: number, expected: number): void =>
  assert.ok(Math.abs(received - expected) < 1e-12, `${received}`);

describe("cubic convolution (Keys 1981)", () => {
  it("is 1 at its sample, 0 at all others, and the same on both sides", () => {
    for (const a of [-0.5, -0.75] as const) {
      assert.deepEqual(
        [0, 1, 2, 3, 2.5].map((x) => Math.abs(cubic(x, a))),
        [1, 0, 0, 0, 0],
      );
      for (const x of [0.3, 1.7]) assert.equal(cubic(-x, a), cubic(x, a));
    }
  });

  it("has the published values between samples", () => {
    near(cubic(0.5, -0.5), 9 / 16);
    near(cubic(1.5, -0.5), -1 / 16);
    near(cubic(0.5, -0.75), 19 / 32);
    near(cubic(1.5, -0.75), -3 / 32);
  });

  it("keeps a constant, and with a of -0.5 a straight line and a parabola", () => {
    for (const at of [0, 0.1, 0.25, 0.9]) {
      const sum = (a: -0.5 | -0.75, value: (x: number) => number): number =>
        [-1, 0, 1, 2].reduce((total, x) => total + cubic(at - x, a) * value(x), 0);
      near(
        sum(-0.75, () => 3),
        3,
      );
      near(
        sum(-0.5, (x) => 2 * x - 1),
        2 * at - 1,
      );
      near(
        sum(-0.5, (x) => x * x),
        at * at,
      );
    }
  });
});
