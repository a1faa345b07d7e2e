import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import type { TokenSet } from "../../kernel/similarity";

const tokens = (...rows: number[][]): TokenSet => ({ data: Float32Array.from(rows.flat()), width: rows[0].length });
const close = (actual: number, expected: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual} is not ${expected}`);

describe("law.aScore, worked example", () => {
  const target = [tokens([3, 4], [1, 0]), tokens([0, 1], [-1, 1])];
  const at224 = tokens([0, 2], [4, 3], [-1, 0]);
  const at336 = tokens([1, 0], [5, 12]);

  it("one image: .88 and .9846154, together .9323077", () => {
    const { references, score } = law.aScore(target.slice(0, 1), { clip224: [at224], clip336: [at336] });
    close(references.clip224, 0.88);
    close(references.clip336, 0.9846154);
    close(score, 0.9323077);
  });

  it("two images: .8667767 and .8182644, together .8425205", () => {
    const { references, images, score } = law.aScore(target, { clip224: [at224, at224], clip336: [at336, at336] });
    close(images.clip224[1], 0.8535534);
    close(images.clip336[1], 0.6519134);
    close(references.clip224, 0.8667767);
    close(references.clip336, 0.8182644);
    close(score, 0.8425205);
  });

  it("is asymmetric: the other direction gives .386667", () => {
    close(law.aScore(target.slice(0, 1), { r: [at224] }, { direction: "reference-to-target" }).score, 0.386667);
    assert.throws(
      () => law.aScore(target.slice(0, 1), { r: [at224] }, { direction: "reference" } as never),
      /law\.aScore: direction must be target-to-reference or reference-to-target, received "reference"/,
    );
  });
});

describe("law.aScore, invariants", () => {
  const wave = (count: number, phase: number) =>
    tokens(
      ...Array.from({ length: count }, (_, i) =>
        Array.from({ length: 5 }, (_, c) => Math.sin(phase + i * 1.7 + c * c)),
      ),
    );
  const a = wave(7, 0.3);
  const b = wave(9, 1.1);
  const score = (x: TokenSet, y: TokenSet) => law.aScore([x], { r: [y] }).score;

  it("is 1 with itself and lies in [-1, 1]", () => {
    close(score(a, a), 1);
    assert.ok(Math.abs(score(a, b)) <= 1);
  });

  it("does not change with the order of tokens or their positive scale", () => {
    const rows = Array.from({ length: 9 }, (_, i) => [...b.data.subarray(i * 5, i * 5 + 5)].map((v) => v * (i + 1)));
    close(score(a, tokens(...rows.reverse())), score(a, b));
  });

  it("does not change with the order of the target's tokens, or when both sides are turned together", () => {
    const order = [3, 0, 6, 1, 5, 2, 4];
    close(score(tokens(...order.map((i) => [...a.data.subarray(i * 5, i * 5 + 5)])), b), score(a, b));
    // A turn in the plane of the axes 1 and 3, then a swap of the axes 0 and 4.
    const turned = ({ data }: TokenSet) => {
      const rows = Array.from({ length: data.length / 5 }, (_, i) => [...data.subarray(i * 5, i * 5 + 5)]);
      const [cos, sin] = [Math.cos(0.8), Math.sin(0.8)];
      return tokens(...rows.map(([v, w, x, y, z]) => [z, cos * w - sin * y, x, sin * w + cos * y, v]));
    };
    close(score(turned(a), turned(b)), score(a, b));
    assert.ok(Math.abs(score(turned(a), b) - score(a, b)) > 1e-3, "one side alone is another thing");
  });

  it("never falls when a reference token is added", () => {
    const more = { data: Float32Array.from([...b.data, 1, 2, 3, 4, 5]), width: 5 };
    assert.ok(score(a, more) >= score(a, b) - 1e-7);
  });

  it("a zero token gives 0, not NaN", () => close(score(tokens([0, 0, 0, 0, 0]), b), 0));

  it("refuses different widths and counts by name", () => {
    assert.throws(() => score(a, tokens([1, 2])), /law\.aScore: .*the target has 5, received 2/);
    assert.throws(() => law.aScore([a], { clip: [] }), /reference clip must have 1 images, received 0/);
  });
});

describe("law.aligner", () => {
  it("gives the plain loops' numbers through onnxruntime, both ways, zero tokens included, and frees itself", async () => {
    const wave = (count: number, phase: number): TokenSet => ({
      data: Float32Array.from({ length: count * 32 }, (_, i) => (i < 32 ? 0 : Math.sin(phase + i * 1.7 + (i % 11)))),
      width: 32,
    });
    const [targets, near, far] = [
      [wave(20, 0.1), wave(9, 2)],
      [wave(13, 0.4), wave(13, 1)],
      [wave(5, 3), wave(30, 2.2)],
    ];
    const aligner = await law.aligner();
    try {
      for (const direction of ["target-to-reference", "reference-to-target"] as const) {
        const fast = await law.aScore(targets, { near, far }, { direction, aligner });
        const plain = law.aScore(targets, { near, far }, { direction });
        for (const name of ["near", "far"]) {
          fast.images[name].forEach((value, i) => close(value, plain.images[name][i], 2e-6));
        }
        close(fast.score, plain.score, 2e-6);
      }
      assert.equal(targets[0].data.length, 640, "the caller keeps the tokens");
      const narrow = [
        { data: new Float32Array(4), width: 4 },
        { data: new Float32Array(4), width: 4 },
      ];
      await assert.rejects(
        law.aScore(targets, { narrow }, { aligner }),
        /law\.aScore: .* share one width, .* received 4/,
      );
    } finally {
      await aligner.dispose();
    }
  });
});
