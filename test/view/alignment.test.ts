import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as laws from "../../kernel/law";
import { alignment, type AlignmentView } from "../../kernel/view/alignment";
import {
  ALIGNMENT_MIME,
  bestMeans,
  cosineMatrix,
  normalizeMatrix,
  patchColumn,
  ProtocolError,
  readAlignment,
  savedMatrix,
  tokenRow,
  unitRows,
  type AlignmentPayload,
} from "../../kernel/protocol";
import { changed } from "./changed";
import { syntheticEncoder, syntheticPair } from "./synthetic";

const { source, target } = syntheticPair();

async function featuresOf(image: object) {
  return (await syntheticEncoder.forwardIntermediates([image], { indices: [2] })).intermediates[0];
}

const payloadOf = (view: AlignmentView): AlignmentPayload =>
  JSON.parse(JSON.stringify(view.bundle[ALIGNMENT_MIME])) as AlignmentPayload;

describe("the arithmetic of alignment", () => {
  // Worked example: E and R224 of the first image.
  const target = unitRows(Float32Array.of(3, 4, 1, 0), 2);
  const reference = unitRows(Float32Array.of(0, 2, 4, 3, -1, 0), 2);
  const matrix = cosineMatrix(reference, target, 2);

  it("gives the A score of the worked example, and the other direction", () => {
    const [patches, tokens] = bestMeans(matrix);
    assert.ok(Math.abs(patches - 0.88) < 1e-6);
    assert.ok(Math.abs(tokens - 0.386667) < 1e-6);
  });

  it("softmax over patches sums to one a token, over tokens one a patch", () => {
    const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);
    const [rows, columns] = [normalizeMatrix(matrix, "patches", 0.1), normalizeMatrix(matrix, "tokens", 0.1)];
    for (let t = 0; t < 3; t++) assert.ok(Math.abs(sum(tokenRow(rows, t)) - 1) < 1e-6);
    for (let p = 0; p < 2; p++) assert.ok(Math.abs(sum(patchColumn(columns, p)) - 1) < 1e-6);
    assert.equal(normalizeMatrix(matrix, "cosine", 0.1), matrix);
  });
});

describe("view.alignment", () => {
  let words: AlignmentView;
  let payload: AlignmentPayload;

  before(async () => {
    const patches = await featuresOf(source);
    const data = patches.data.slice(0, 3 * patches.channels);
    words = await alignment({ image: source, patches, tokens: { labels: ["a", "<b>", " "], data } }, { token: 1 });
    payload = payloadOf(words);
  });

  it("saves the view, a PNG and a text", () => {
    assert.deepEqual(Object.keys(words.bundle), [ALIGNMENT_MIME, "image/png", "text/plain"]);
    assert.ok(JSON.stringify(words.bundle).length < 150_000);
    assert.match(words.toString(), /^cosine of 12 x 16 image patches with 3 text tokens, 48 channels/);
    assert.match(words.toString(), /<b>: row 1, column 2, cosine 1\.000/);
    assert.doesNotMatch(words.toString(), /attention/);
  });

  it("is read back as written, every cosine within a byte's step", async () => {
    assert.deepEqual(readAlignment(payload), payload);
    const patches = await featuresOf(source);
    const rows = unitRows(patches.data, patches.channels);
    const exact = cosineMatrix(rows.subarray(0, 3 * patches.channels), rows, patches.channels);
    const saved = savedMatrix(payload);
    exact.values.forEach((value, i) => assert.ok(Math.abs(value - saved.values[i]) < 0.004));
  });

  it("is law.aScore of the image, token by token, for reference tokens", async () => {
    const [patches, map] = [await featuresOf(source), await featuresOf(target)];
    const view = await alignment({ image: source, patches, tokens: { image: target, map } });
    const set = ({ data, channels }: { data: Float32Array; channels: number }) => [{ data, width: channels }];
    const score = laws.aScore(set(patches), { reference: set(map) });
    assert.ok(Math.abs(view.patchMean - score.score) < 1e-5, `${view.patchMean}, ${score.score}`);
    assert.deepEqual(payloadOf(view).tokens.placement?.grid, [15, 15]);
  });

  it("falls back to reduced features where the cosines would not fit, and stays within 300 KB", async () => {
    const [side, channels] = [20, 24];
    const data = Float32Array.from({ length: side * side * channels }, (_, i) => Math.sin(i * i * 0.37));
    const map = { data, dims: [1, side * side, channels], grid: [side, side] as const, channels, layer: 0 };
    const view = await alignment({ image: source, patches: map, tokens: { image: target, map } });
    const saved = readAlignment(payloadOf(view));
    assert.ok(saved.reduced && !saved.cosines);
    assert.ok(JSON.stringify(view.bundle).length < 300 * 1024);
    const matrix = savedMatrix(saved);
    assert.ok(matrix.values[0] > 0.97, "a token aligns with itself");
  });

  it("stays within 300 KB for pictures that compress badly", async () => {
    const noise = { ...source, width: 512, height: 512, data: new Uint8Array(512 * 512 * 3) };
    noise.data.forEach((_, i) => (noise.data[i] = (i * 2654435761) >>> 13));
    const patches = await featuresOf(noise);
    const view = await alignment({ image: noise, patches, tokens: { image: noise, map: patches } });
    const bytes = JSON.stringify(view.bundle).length;
    assert.ok(bytes <= 300 * 1024, `${bytes}`);
  });

  it("refuses what breaks a rule, by name", async () => {
    const patches = await featuresOf(source);
    const tokens = { labels: ["a"], data: new Float32Array(3) };
    await assert.rejects(
      alignment({ image: source, patches, tokens }),
      /tokens\.data must hold 1 x 48 values, received 3/,
    );
    await assert.rejects(
      alignment({ image: source, patches, tokens: { ...tokens, labels: [] } }),
      /labels must be an array of 1/,
    );
    const good = { labels: ["a"], data: new Float32Array(48) };
    await assert.rejects(
      alignment({ image: source, patches, tokens: good }, { token: 1 }),
      /token must be a position in 1 tokens/,
    );
    await assert.rejects(
      alignment({ image: source, patches, tokens: good }, { normalization: "rows" as "cosine" }),
      /view\.alignment: normalization must be one of cosine, patches, tokens, received "rows"/,
    );
  });

  it("gives a zero token the cosine 0 everywhere", async () => {
    const patches = await featuresOf(source);
    const tokens = { labels: ["zero"], data: new Float32Array(48) };
    const view = await alignment({ image: source, patches, tokens });
    assert.equal(view.patchMean, 0);
    assert.ok(savedMatrix(readAlignment(payloadOf(view))).values.every((value) => value === 0));
  });

  const broken: [what: string, path: (string | number)[], to: unknown, says: RegExp][] = [
    ["a current token out of range", ["current"], 3, /current must be a position in 3 tokens/],
    ["a lost bound", ["cosines", "low"], [0], /cosines\.low must be an array of 3 items/],
    ["lost bytes", ["cosines", "data"], "AAAA", /cosines\.data must be base64 of 576 bytes/],
    ["neither cosines nor features", ["cosines"], undefined, /cosines must be present when reduced is absent/],
    [
      "a grid without an image",
      ["tokens", "placement"],
      { grid: [1, 3], region: [0, 0, 1, 1] },
      /tokens\.image must be present/,
    ],
    ["tokens off their grid", ["tokens", "placement"], { grid: [2, 3], region: [0, 0, 1, 1] }, /a grid of 3 tokens/],
    ["an unknown normalization", ["normalization"], "rows", /normalization must be one of cosine, patches, tokens/],
    ["markup in place of an image", ["image", "data"], "<img>", /image\.data must be base64/],
  ];
  for (const [what, path, to, says] of broken)
    it(`refuses ${what} by its path`, () => {
      assert.throws(
        () => readAlignment(changed(payload, path, to)),
        (error) => error instanceof ProtocolError && says.test(error.message),
      );
    });
});
