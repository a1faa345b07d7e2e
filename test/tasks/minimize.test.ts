import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { minimize } from "../../kernel/tasks/probe/minimize.ts";

describe("minimize", () => {
  const run = async (curvatures: readonly number[]): Promise<{ place: Float64Array; evaluations: number }> => {
    let evaluations = 0;
    const slope = (x: Float64Array): Promise<{ value: number; gradient: Float64Array }> => {
      evaluations++;
      const gradient = x.map((value, i) => curvatures[i]! * (value - i));
      return Promise.resolve({ value: gradient.reduce((sum, g, i) => sum + (g * (x[i]! - i)) / 2, 0), gradient });
    };
    const place = await minimize(new Float64Array(curvatures.length).fill(7), slope);
    return { place, evaluations };
  };

  it("finds the minimum of quadratic functions, also of bad condition, in few evaluations", async () => {
    for (const [curvatures, most] of [
      [[1, 100, 10_000], 20],
      [Array.from({ length: 20 }, (_, i) => 1.6 ** i), 580],
    ] as const) {
      const { place, evaluations } = await run(curvatures);
      place.forEach((value, i) => assert.ok(Math.abs(value - i) < 1e-5, `${value} is not ${i}`));
      assert.ok(evaluations <= most, `${evaluations} evaluations`);
    }
  });
});
