import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import * as similarity from "../../kernel/similarity";

interface Case {
  x: number[][];
  y: number[][];
  k: number;
  labels: string[];
  targets: number[];
  mutualKnn: number;
  linearCka: number;
  logmeClasses: number;
  logmeValue: number;
}

/** Made by golden/make_predictors.py. */
const golden = JSON.parse(readFileSync(new URL("golden/predictors.json", import.meta.url), "utf8")) as {
  versions: string;
  cases: Case[];
  captions: { logs: number[][]; score: number };
};
const rows = (values: number[][]): similarity.TokenSet => ({
  data: Float32Array.from(values.flat()),
  width: values[0].length,
});
const close = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

describe(`predictors equal ${golden.versions}`, () => {
  for (const one of golden.cases) {
    const [x, y] = [rows(one.x), rows(one.y)];
    const name = `${one.x.length} images, ${x.width} and ${y.width} channels`;
    it(`mutual k-NN, k = ${one.k}: ${name}`, () =>
      close(similarity.mutualKnn(x, y, { k: one.k }).score, one.mutualKnn, 1e-12));
    it(`linear CKA: ${name}`, () => close(similarity.linearCka(x, y).score, one.linearCka, 1e-12));
    // The reference is a numerical maximum: it agrees to the root of its own tolerance.
    it(`LogME, labels: ${name}`, () => close(law.logME(x, one.labels).score, one.logmeClasses, 1e-6));
    it(`LogME, values: ${name}`, () => close(law.logME(x, one.targets).score, one.logmeValue, 1e-6));
  }

  it("caption log-likelihood: the mean over images of means over tokens", async () => {
    const { logs, score } = golden.captions;
    const model = { name: "stored", logProbabilities: (image: number) => logs[image] };
    const result = await law.captionScore(
      model,
      logs.map((_, image) => ({ image, caption: "a" })),
    );
    close(result.score, score, 1e-12);
    assert.deepEqual([result.model, result.tokens], ["stored", [3, 7, 5]]);
  });
});

describe("invariants of the predictors", () => {
  const { x: wide, y: other, labels } = golden.cases[0];
  const x = rows(wide);
  const y = rows(other);
  /** Rotated in the plane of the first two channels, then scaled. */
  const turned = rows(
    wide.map(([a, b, ...rest]) => [0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, ...rest].map((value) => 3 * value)),
  );

  it("an encoder agrees with itself, and with itself rotated and scaled", () => {
    for (const twin of [x, turned]) {
      close(similarity.mutualKnn(x, twin, { k: 5 }).score, 1, 1e-12);
      close(similarity.linearCka(x, twin).score, 1, 1e-6);
    }
  });

  it("rotation and scale of one side change neither k-NN nor CKA, and both are symmetric", () => {
    close(similarity.mutualKnn(turned, y, { k: 5 }).score, similarity.mutualKnn(y, x, { k: 5 }).score, 1e-12);
    close(similarity.linearCka(turned, y).score, similarity.linearCka(y, x).score, 1e-6);
  });

  it("CKA does not see a shift of all images; all agreements lie in [0, 1]", () => {
    close(
      similarity.linearCka(rows(wide.map((row) => row.map((v) => v + 2))), y).score,
      similarity.linearCka(x, y).score,
      1e-6,
    );
    for (const share of [similarity.linearCka(x, y).score, ...similarity.mutualKnn(x, y, { k: 5 }).images]) {
      assert.ok(share >= 0 && share <= 1);
    }
  });

  it("LogME does not see rotation or scale, and is higher for labels that the features tell", () => {
    close(law.logME(turned, labels).score, law.logME(x, labels).score, 1e-6);
    const shuffled = labels.map((_, i) => labels[(i * 7 + 3) % labels.length]);
    assert.ok(law.logME(x, labels).score > law.logME(x, shuffled).score);
  });

  it("LogME is finite where the features fit every column exactly", () => {
    const known = ["a", "b", "a", "b"];
    const few = rows(
      known.map((label, i) => [label === "a" ? 9 : 0, label === "b" ? 9 : 0, Number(i === 2), Number(i === 3)]),
    );
    const { score } = law.logME(few, known);
    assert.ok(Number.isFinite(score), String(score));
  });

  it("every number names its definition, and each definition is explained", async () => {
    const model = { name: "flat", logProbabilities: () => [-1] };
    const all = [
      law.aScore([x], { self: [x] }),
      similarity.mutualKnn(x, y),
      similarity.linearCka(x, y),
      law.logME(x, labels),
      similarity.gromovWasserstein(x, y, { iterations: 2 }),
      await law.captionScore(model, [{ image: "a.png", caption: "a" }]),
    ];
    assert.deepEqual(all.map((one) => one.definition).sort(), Object.keys(law.definitions).sort());
  });

  it("refuses what cannot be scored, with rule and value", async () => {
    const short = rows(other.slice(1));
    assert.throws(
      () => similarity.mutualKnn(x, short),
      /similarity\.mutualKnn: both sides must hold 40 images, received 39/,
    );
    assert.throws(() => similarity.mutualKnn(x, y, { k: 40 }), /k must be a whole number in 1\.\.39, .* received 40/);
    const flat = rows(wide.map(() => [1, 1]));
    assert.throws(() => similarity.linearCka(x, flat), /features must differ between images/);
    assert.throws(() => law.logME(x, ["a"]), /there must be 40 targets, one an image, received 1/);
    assert.throws(
      () =>
        law.logME(
          x,
          wide.map(() => 0),
        ),
      /targets must be finite and not all be 0, received 0/,
    );
    const wrong = { name: "wrong", logProbabilities: () => [0.5] };
    await assert.rejects(
      law.captionScore(wrong, [{ image: 0, caption: "a fish" }]),
      /log-probabilities must be finite and at most 0 \("a fish"\), received 0\.5/,
    );
  });
});
