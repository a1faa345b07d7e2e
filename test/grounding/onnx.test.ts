import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Tokenizer } from "../../kernel/encoders/index.ts";
import { data } from "../../kernel/index.ts";
import { runOnnx } from "../models/onnx.ts";
import { grounding, models, nn, type Tensor, tasks, tf } from "./names.ts";
import { SMALL, tokenizerJson, tokenizerOf } from "./small.ts";

const PHRASES = ["the small red boat", "the cat left of the boat"];
const TOKENIZER = tokenizerJson(PHRASES);

/** A model whose weights are far from those of the start. */
function model(head: Partial<grounding.SimVgConfig["head"]> = {}): grounding.SimVg {
  nn.manualSeed(4);
  const one = new grounding.SimVg({ ...SMALL, head: { ...SMALL.head, ...head } }).eval();
  let seed = 1;
  for (const parameter of one.namedParameters().values())
    parameter.assign(tf.tidy(() => tf.randomNormal(parameter.shape, 0, 0.3, "float32", seed++)));
  return one;
}

/** Boxes and scores by the library's own layers. */
async function expected(
  one: grounding.SimVg,
  picture: data.RawImage,
  branch: "token" | "decoder",
): Promise<grounding.Detections> {
  const { width, height } = picture;
  const expressions = PHRASES.map((phrase, i) => ({
    id: String(i),
    image: { id: 0, fileName: "", width, height },
    phrase,
    boxes: [],
    split: "test",
  }));
  const source = grounding.batches(one, {
    expressions,
    images: () => picture,
    tokenizer: tokenizerOf(PHRASES),
    phrases: { length: 9 },
  });
  return grounding.predict(one, await source.batch(0, 0), { branch });
}

function assertClose(actual: grounding.Detections, wanted: grounding.Detections, tolerance: number): void {
  assert.equal(actual.length, wanted.length);
  wanted.forEach((own, b) => {
    const sorted = [...own].sort((one, other) => other.score - one.score);
    assert.equal(actual[b].length, sorted.length);
    sorted.forEach(({ box, score }, q) => {
      assert.ok(Math.abs(actual[b][q].score - score) < tolerance, `score ${actual[b][q].score} for ${score}`);
      box.forEach((edge, i) => assert.ok(Math.abs(actual[b][q].box[i] - edge) < 48 * tolerance, `box ${b} ${q} ${i}`));
    });
  });
}

describe("SimVG as ONNX", () => {
  const folder = mkdtempSync(join(tmpdir(), "grounding-onnx-"));
  const path = join(folder, "model.onnx");
  const picture = data.world.render(data.world.scene(3, { size: 48 }));
  before(() => nn.start("native"));
  after(() => rmSync(folder, { recursive: true }));

  it("has the token branch alone, and equals it in onnxruntime at any batch", async () => {
    const one = model({ queries: 2 });
    const file = await grounding.toOnnx(one, { length: 7 });
    assert.deepEqual(
      [...file.inputs, ...file.outputs].map(({ name, dims }) => [name, dims]),
      [
        ["pixel_values", ["batch", 3, 16, 16]],
        ["input_ids", ["batch", 7]],
        ["attention_mask", ["batch", 7]],
        ["boxes", ["batch", 2, 4]],
        ["scores", ["batch", 2]],
      ],
    );
    const bytes = await file.bytes();
    assert.ok(!Buffer.from(bytes).includes("head.decoder"), "no weight of the decoder");
    for (const B of [1, 3]) {
      const inputs = new Map([
        ["pixel_values", tf.randomNormal([B, 3, 16, 16], 0, 1, "float32", 3)],
        [
          "input_ids",
          tf.tensor2d(
            Int32Array.from({ length: 7 * B }, (_, i) => (5 * i) % 60),
            [B, 7],
            "int32",
          ),
        ],
        [
          "attention_mask",
          tf.tensor2d(
            Int32Array.from({ length: 7 * B }, (_, i) => Number(i % 7 < 4)),
            [B, 7],
            "int32",
          ),
        ],
      ]);
      const { boxes, scores } = await runOnnx(bytes, inputs, ["boxes", "scores"]);
      const [pixels, text, textMask] = inputs.values();
      const { token } = one.forward({ pixels, text, textMask }, "token");
      const corners = tasks.boxes.boxCorners(tf.reshape(token!.boxes, [-1, 4])).dataSync();
      const shares = tf.softmax(token!.logits).dataSync();
      assert.ok(corners.every((edge, i) => Math.abs(edge - Number(boxes.data[i])) < 1e-5));
      assert.ok([...scores.data].every((score, i) => Math.abs(Number(score) - shares[2 * i]) < 1e-5));
      assert.equal(scores.data.length, 2 * B);
    }
  });

  it("is written of a file without the decoder's weights, and of the decoder where it is asked for", async () => {
    const both = model();
    const weights = join(folder, "token.safetensors");
    await grounding.save(both, weights, { branch: "token" });
    const light = await grounding.load(weights);
    const [small, same] = await Promise.all(
      [grounding.toOnnx(light), grounding.toOnnx(both)].map(async (file) => (await file).bytes()),
    );
    assert.deepEqual(small, same);
    await assert.rejects(
      grounding.toOnnx(light, { branch: "decoder" }),
      /grounding\.toOnnx: branches are token, received "decoder"/,
    );
    await grounding.saveOnnx(both, path, { tokenizer: TOKENIZER, branch: "decoder", length: 9 });
    const session = await grounding.loadOnnx(path, { device: "cpu" });
    assertClose(await session.ground(picture, PHRASES), await expected(both, picture, "decoder"), 1e-5);
    await session.dispose();
  });

  it("grounds phrases in a picture as the model does, from a folder", async () => {
    const one = model({ queries: 3 });
    await grounding.saveOnnx(one, path, { tokenizer: TOKENIZER, length: 9 });
    assert.deepEqual(
      readdirSync(folder)
        .filter((name) => !name.endsWith("safetensors"))
        .sort(),
      ["model.onnx", "preprocessor_config.json", "tokenizer.json"],
    );
    const session = await grounding.loadOnnx(path, { device: "cpu" });
    assert.deepEqual([session.size, session.length], [[16, 16], 9]);
    assertClose(await session.ground(picture, PHRASES), await expected(one, picture, "token"), 1e-5);
    assertClose(
      await session.ground(picture, ["The SMALL, red boat!", PHRASES[1]]),
      await expected(one, picture, "token"),
      1e-5,
    );
    await assert.rejects(
      session.ground(picture, ["the zebra"]),
      /characters that the tokenizer knows, received "the zebra"/,
    );
    await assert.rejects(session.ground(picture, ["  "]), /must be a text that is not empty/);
    await assert.rejects(session.ground(picture, [Array(9).fill("cat").join(" ")]), /at most 9 ids, it has 11/);
    await assert.rejects(session.ground(picture, []), /phrases must be an array of at least one/);
    await assert.rejects(session.ground(picture, "the cat" as never), /phrases must be an array/);
    await assert.rejects(session.ground(join(folder, "none.png"), ["the cat"]), { name: "ImageError" });
    await assert.rejects(
      session.ground(picture, ["the cat"], { signal: AbortSignal.abort(new Error("stopped")) }),
      /stopped/,
    );
    await assert.rejects(session.ground(picture, ["the cat"], { cleaned: true } as never), /received "cleaned"/);
    await session.dispose();
  });

  it("refuses what does not fit", async () => {
    const one = model();
    for (const length of [0, 1.5, 1023, null])
      await assert.rejects(
        grounding.toOnnx(one, { length: length as number }),
        /length must be a whole number of 1\.\.1022/,
      );
    await assert.rejects(grounding.toOnnx(one, { branch: "both" as never }), /branches are token, decoder/);
    for (const none of [join(folder, "no.json"), undefined, 5, "", [TOKENIZER]])
      await assert.rejects(
        grounding.saveOnnx(one, path, { tokenizer: none as never }),
        /grounding\.saveOnnx: (the )?tokenizer must/,
      );
    const place = join(folder, "new", "boats");
    for (const [name, tokenizer, rule] of [
      ["model.bin", TOKENIZER, /the path must end in \.onnx/],
      ["model.onnx", Tokenizer.fromJson(TOKENIZER, "test"), /grounding\.saveOnnx: tokenizer must be a JSON object/],
      ["model.onnx", { steps: {} }, /tokenizer\.json must hold a WordLevel, BPE, Unigram or WordPiece model/],
    ] as const)
      await assert.rejects(grounding.saveOnnx(one, join(place, name), { tokenizer }), rule);
    assert.ok(!existsSync(place), "nothing is written before all is checked");
    await grounding.saveOnnx(one, join(place, "model.onnx"), { tokenizer: "zoo/phrase-beit3" });
    assert.match(readFileSync(join(place, "tokenizer.json"), "utf8"), /"bottommost"/);
    await assert.rejects(grounding.loadOnnx(join(folder, "none.onnx")), /grounding\.loadOnnx: the file must exist/);
    const other = join(folder, "encoder.onnx");
    await (await grounding.toOnnx(one)).save(other);
    rmSync(join(folder, "tokenizer.json"), { force: true });
    await assert.rejects(grounding.loadOnnx(other), /tokenizer\.json must lie beside the model/);
    const call = (pixels: Tensor) => ({ boxes: tf.sum(pixels) });
    await (await models.toOnnx(one, { inputs: { pixel_values: [1, 3, 16, 16] }, call })).save(other);
    await assert.rejects(
      grounding.loadOnnx(other),
      /must take pixel_values, input_ids, attention_mask and give boxes, scores/,
    );
    const words = { shape: [1, 20], dtype: "int32" } as const;
    const inputs = { pixel_values: [1, 3, 16, 16], input_ids: words, attention_mask: words };
    const triples = (pixels: Tensor, ids: Tensor, mask: Tensor) => ({
      boxes: tf.slice(pixels, [0, 0, 0, 0], [1, 1, 1, 3]),
      scores: tf.mul(tf.cast(ids, "float32"), tf.cast(mask, "float32")),
    });
    await (await models.toOnnx(one, { inputs, call: triples })).save(other);
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(TOKENIZER));
    const session = await grounding.loadOnnx(other, { device: "cpu" });
    await assert.rejects(
      session.ground(picture, ["the cat"]),
      /the model must give boxes \[1, Q, 4\] and scores \[1, Q\]/,
    );
    await session.dispose();
    const long = { shape: [1, 2 ** 14 + 1], dtype: "int32" } as const;
    await (
      await models.toOnnx(one, { inputs: { ...inputs, input_ids: long, attention_mask: long }, call: triples })
    ).save(other);
    await assert.rejects(
      grounding.loadOnnx(other),
      /must fix the sizes of pictures and phrases, 1\.\.16384, received \[16, 16, 16385\]/,
    );
    writeFileSync(other, "no model");
    await assert.rejects(grounding.loadOnnx(other), { name: "OnnxError" });
  });
});
