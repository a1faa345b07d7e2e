import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { beliefs, expectedImprovement, probabilityAbove } from "../../kernel/law/plan/surrogate.ts";

interface Case {
  design: number[][];
  scores: number[];
  trained: number[];
  noise: number;
  prior: number;
  mean: number[];
  deviation: number[];
}

/** Made by golden/make_beliefs.py, whose flat intercept is a normal of deviation 1e4: that limits the agreement. */
const golden = JSON.parse(readFileSync(new URL("golden/beliefs.json", import.meta.url), "utf8")) as {
  version: string;
  cases: Case[];
};
const TOLERANCE = 2e-5;

describe(`beliefs equal a joint normal conditioned by NumPy ${golden.version}`, () => {
  for (const { design, scores, trained, noise, prior, mean, deviation } of golden.cases) {
    it(`${trained.length} of ${design.length} rows trained, ${design[0].length} terms, noise ${noise}`, () => {
      const believed = beliefs(design, trained, scores, { noise, prior });
      believed.forEach((one, i) => {
        assert.ok(Math.abs(one.mean - mean[i]) < TOLERANCE, `mean ${one.mean} is not ${mean[i]}`);
        assert.ok(Math.abs(one.deviation - deviation[i]) < TOLERANCE, `${one.deviation} is not ${deviation[i]}`);
      });
    });
  }
});

describe("expected improvement and probability", () => {
  it("at the best mean they are deviation / sqrt(2 pi) and one half", () => {
    const belief = { mean: 3, deviation: 2 };
    assert.ok(Math.abs(expectedImprovement(belief, 3) - 2 / Math.sqrt(2 * Math.PI)) < 1e-12);
    assert.ok(Math.abs(probabilityAbove(belief, 3) - 0.5) < 1e-12);
  });

  it("equal the mean of many draws", () => {
    const belief = { mean: 0.2, deviation: 0.5 };
    const count = 20_000;
    let gain = 0;
    for (let i = 0; i < count; i++) {
      // Box and Muller on an even grid of angles and levels in place of random numbers.
      const level = Math.sqrt(-2 * Math.log((i + 0.5) / count));
      const draw = belief.mean + belief.deviation * level * Math.cos(2 * Math.PI * ((i * 0.618033988749895) % 1));
      gain += Math.max(0, draw - 0.6) / count;
    }
    assert.ok(Math.abs(gain - expectedImprovement(belief, 0.6)) < 1e-3, String(gain));
  });
});
