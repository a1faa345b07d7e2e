import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import type { MatchOptions, PckPair, ScoredPair } from "../../kernel/law";
import type { TokenSet } from "../../kernel/similarity";

interface GoldenPair {
  sourceSize: [number, number];
  targetSize: [number, number];
  phases: [number, number];
  source: [number, number][];
  target: [number, number][];
}

interface Golden {
  tokens: Record<string, [rows: number, phase: number]>;
  aScore: Record<string, Record<"target-to-reference" | "reference-to-target", number>>;
  pairs: GoldenPair[];
  cases: (Required<MatchOptions> & { points: [x: number, y: number, distance: number][][] })[];
}

// Computed by PyTorch in float64: golden/make_scores.py.
const golden = JSON.parse(readFileSync(join(import.meta.dirname, "golden", "scores.json"), "utf8")) as Golden;
const [SIDE, CHANNELS] = [8, 12];

function wave(rows: number, phase: number): Float32Array {
  return Float32Array.from(
    { length: rows * CHANNELS },
    (_, i) => Math.sin(phase + 12.9898 * i) * 3 + Math.cos(0.37 * i),
  );
}

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
const tokensOf = (name: string): TokenSet => ({ data: wave(...golden.tokens[name]), width: CHANNELS });

function pairOf({ sourceSize, targetSize, source, target }: GoldenPair): PckPair {
  return {
    category: "golden",
    source: { size: sourceSize, keypoints: Object.fromEntries(source.entries()) },
    target: { size: targetSize, keypoints: Object.fromEntries(target.entries()), box: [0, 0, 100, 100] },
  };
}

describe("A score beside PyTorch", () => {
  for (const direction of ["target-to-reference", "reference-to-target"] as const) {
    it(`${direction}, by plain loops and through onnxruntime`, async () => {
      const references = { near: [tokensOf("near")], far: [tokensOf("far")] };
      const plain = law.aScore([tokensOf("target")], references, { direction });
      const aligner = await law.aligner();
      const fast = await law.aScore([tokensOf("target")], references, { direction, aligner });
      await aligner.dispose();
      for (const name of ["near", "far"]) {
        near(plain.references[name], golden.aScore[name][direction], 1e-6);
        near(fast.references[name], golden.aScore[name][direction], 1e-6);
      }
    });
  }
});

describe("matched points beside PyTorch", () => {
  const images = golden.pairs.flatMap(({ phases }) => phases);
  const features = (phase: number) => ({
    tokens: wave(SIDE * SIDE, phase),
    grid: [SIDE, SIDE] as const,
    channels: CHANNELS,
  });
  const unit = (phase: number) => {
    const map = features(phase);
    return { ...map, tokens: law.normalizeTokens(map.tokens, CHANNELS) };
  };

  for (const { points, ...options } of golden.cases) {
    const { match, window, maskFill, temperature } = options;
    it(`${match}, window ${window}, outside ${maskFill}, temperature ${temperature}`, () => {
      golden.pairs.forEach((of, p) => {
        const results = law.pckOfPair(pairOf(of), unit(of.phases[0]), unit(of.phases[1]), options);
        results.forEach(({ predicted, distance }, k) => {
          // float32 cosines, divided by the temperature, on a canvas of 840 pixels.
          const tolerance = match === "argmax" ? 1e-9 : 2e-3 / Math.min(1, temperature * 10);
          [...predicted, distance].forEach((value, i) => near(value, points[p][k][i], tolerance));
        });
      });
    });
  }

  it("a score of all pairs is right for the same keypoints, at thresholds between the distances", async () => {
    const scored = golden.pairs.map((of): ScoredPair => {
      const pair = pairOf(of);
      const path = (side: 0 | 1) => String(images.indexOf(of.phases[side]));
      return { ...pair, source: { ...pair.source, path: path(0) }, target: { ...pair.target, path: path(1) } };
    });
    for (const { points, ...options } of golden.cases) {
      const unitOf = ({ targetSize }: GoldenPair) => (100 * 840) / Math.max(...targetSize);
      const shares = golden.pairs.map((of, p) => points[p].map(([, , distance]) => distance / unitOf(of)));
      const sorted = shares.flat().sort((a, b) => a - b);
      const alphas = [1, 3, 4].map((i) => (sorted[i] + sorted[i + 1]) / 2);
      const told: number[] = [];
      const score = await law.cScore((path) => features(images[Number(path)]), scored, {
        ...options,
        alphas,
        onProgress: ({ done, total }) => void (assert.equal(total, scored.length), told.push(done)),
      });
      assert.equal(told.at(-1), scored.length);
      const right = alphas.map((alpha) => sorted.filter((share) => share < alpha).length);
      score.perPoint.forEach((value, a) => near(value, (100 * right[a]) / sorted.length, 1e-9));
    }
  });
});
