import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { decodeImage, type RawImage } from "../../kernel/data/image.ts";
import { attentionWeights } from "../../kernel/nn/layers/attention.ts";
import { grounding, nn, tasks, tf } from "./names.ts";
import { type Referring, referring, SMALL } from "./small.ts";

const PHRASES = { length: 14, unknownId: 3 };

describe("the explorer of SimVG", () => {
  let data: Referring;
  let model: grounding.SimVg;
  let picture: RawImage;
  let explorer: grounding.Explorer;
  before(async () => {
    await nn.start("native");
    data = await referring();
    nn.manualSeed(5);
    model = new grounding.SimVg(SMALL);
    picture = await decodeImage(new Uint8Array(readFileSync(join(data.images, data.expressions[0].image.fileName))));
    explorer = grounding.explorer(model, { tokenizer: data.tokenizer, phrases: PHRASES });
  });
  after(() => data.remove());

  it("gives the boxes that prediction gives, bit for bit, of both branches", async () => {
    const [expression] = data.expressions;
    const { images, tokenizer } = data;
    const source = grounding.batches(model, { expressions: [expression], images, tokenizer, phrases: PHRASES });
    const batch = await source.batch(0, 0);
    const found = await explorer.ground(picture, expression.phrase);
    assert.deepEqual(found.token, grounding.predict(model, batch, { branch: "token" })[0]);
    assert.deepEqual(found.decoder, grounding.predict(model, batch, { branch: "decoder" })[0]);
    assert.deepEqual(found.words, expression.phrase.split(" "));
    assert.ok((found.milliseconds.token ?? -1) >= 0 && (found.milliseconds.decoder ?? -1) >= 0);
    assert.equal(model.training, true, "the model goes on training");
  });

  it("gives attention whose rows, with the tokens that are left out, sum to one", async () => {
    const { phrase } = data.expressions[0];
    const { words, toPatches, toWords } = await explorer.attend(picture, phrase);
    const patches = 4;
    assert.equal(toPatches.length, 2 * words.length * patches);
    assert.equal(toWords.length, toPatches.length);
    for (const values of [toPatches, toWords]) assert.ok(values.every((value) => value > 0 && value < 1));
    const row = (values: Float32Array, at: number, length: number): number =>
      values.subarray(at * length, (at + 1) * length).reduce((a, b) => a + b, 0);
    for (let at = 0; at < 2 * words.length; at++) assert.ok(row(toPatches, at, patches) < 1);
    for (let at = 0; at < 2 * patches; at++) assert.ok(row(toWords, at, words.length) < 1);
    // The maps of the encoder themselves: rows of all tokens, padding without any weight.
    model.eval();
    tf.tidy(() => {
      const ids = grounding.encodePhrases(data.tokenizer, [phrase], PHRASES);
      const [text, mask] = [tf.tensor2d(ids.ids, [1, 14], "int32"), tf.tensor2d(ids.mask, [1, 14], "int32")];
      const image = model.encoder.visionEmbed.forward(tf.zeros([1, 3, 16, 16]));
      const [first] = model.encoder.encoder.attention(image, model.encoder.textEmbed.forward(text), mask);
      assert.deepEqual(first.shape, [1, 19, 19]);
      const sums = tf.sum(first, 2).dataSync();
      assert.ok(sums.every((sum) => Math.abs(sum - 1) < 1e-5));
      const hidden = ids.mask.lastIndexOf(1) + 1;
      assert.ok(
        tf
          .slice(first, [0, 0, 5 + hidden], [1, 19, 14 - hidden])
          .dataSync()
          .every((weight) => weight < 1e-9),
      );
    });
    model.train();
  });

  it("has the weights that the attention applies to its values", () => {
    tf.tidy(() => {
      const some = (seed: number) => tf.randomNormal([2, 3, 5, 4], 0, 1, "float32", seed);
      const [q, k, v] = [some(1), some(2), some(3)];
      const keyMask = tf.tensor2d([1, 1, 1, 0, 1, 1, 1, 1, 1, 0], [2, 5]);
      const weighted = tf.matMul(attentionWeights(q, k, { keyMask }), v);
      const expected = nn.attend(q, k, v, { keyMask }).dataSync();
      const found = tf.reshape(tf.transpose(weighted, [0, 2, 1, 3]), [2, 5, 12]).dataSync();
      found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-5));
    });
  });

  it("counts a word of several pieces once", async () => {
    // Letters are pieces: a word's attention is the mean of its letters', a patch's to it their sum.
    const letters = {
      encode: (texts: readonly string[]) => {
        const rows = texts.map((text) => [
          0,
          ...[...text.replaceAll(" ", "")].map((c) => 4 + (c.charCodeAt(0) % 26)),
          2,
        ]);
        const length = Math.max(...rows.map((row) => row.length));
        const flat = rows.flatMap((row) => Array.from({ length }, (_, i) => BigInt(row[i] ?? 1)));
        const mask = rows.flatMap((row) => Array.from({ length }, (_, i) => BigInt(Number(i < row.length))));
        return {
          ids: BigInt64Array.from(flat),
          mask: BigInt64Array.from(mask),
          dims: [rows.length, length] as [number, number],
        };
      },
    };
    const one = grounding.explorer(model, { tokenizer: letters, phrases: { length: 14, overflow: "cut" } });
    const { words, toPatches } = await one.attend(picture, "red, boat!");
    assert.deepEqual(words, ["red", "boat"]);
    assert.equal(toPatches.length, 2 * 2 * 4);
    const cut = await one.ground(picture, "red boat and a sail of twelve");
    assert.deepEqual(cut.words, ["red", "boat", "and", "a"], "words beyond the table are left out");
    for (const none of [one.ground(picture, "incomprehensibilities"), one.attend(picture, "incomprehensibilities")])
      await assert.rejects(none, /a phrase must have a word that fits into 14 ids, received "incomprehensibilities"/);
    one.forget();
  });

  it("keeps pictures embedded until they are forgotten", async () => {
    const { phrase } = data.expressions[0];
    explorer.forget();
    const start = tf.memory().numTensors;
    await explorer.ground(picture, phrase);
    await explorer.ground(picture, phrase);
    assert.equal(tf.memory().numTensors, start + 1);
    const before = await explorer.snapshot(picture, phrase, [0, 0, 48, 48]);
    assert.equal(tf.memory().numTensors, start, "a snapshot leaves nothing");
    assert.ok(before.weight > 0 && before.weight < 1);
    assert.equal(before.token?.box.length, 4);
  });

  it("answers while the pictures are forgotten, and embeds a picture once for two questions", async () => {
    const { phrase } = data.expressions[0];
    const one = grounding.explorer(model, { tokenizer: data.tokenizer, phrases: PHRASES });
    const start = tf.memory().numTensors;
    const expected = await one.ground(picture, phrase);
    const asked = one.ground(picture, phrase);
    one.forget();
    assert.deepEqual((await asked).token, expected.token);
    one.forget();
    await Promise.all([
      one.ground(picture, phrase),
      one.attend(picture, phrase),
      one.snapshot(picture, phrase, [0, 0, 9, 9]),
    ]);
    one.forget();
    assert.equal(tf.memory().numTensors, start);
  });

  it("weighs the box that the loss matches, not the surest one", async () => {
    nn.manualSeed(8);
    const several = new grounding.SimVg({ ...SMALL, head: { ...SMALL.head, queries: 4, branches: "decoder" } });
    const { images, tokenizer, expressions } = data;
    const one = grounding.explorer(several, { tokenizer, phrases: PHRASES });
    const source = grounding.batches(several, { expressions, images, tokenizer, phrases: PHRASES, batchSize: 1 });
    several.eval();
    let differ = 0;
    for (let i = 0; i < 6; i++) {
      const batch = await source.batch(0, i);
      const [{ image, phrase, boxes }] = batch.expressions;
      const seen = await decodeImage(new Uint8Array(readFileSync(join(images, image.fileName))));
      const { weight, decoder } = await one.snapshot(seen, phrase, boxes[0]);
      const input = grounding.inputOf(batch);
      const { metrics } = grounding.loss(several.forward(input), batch.targets);
      const plain = several.forward(input).decoder!.at(-1)!;
      const { pairs, plain: predictions } = tasks.boxes.setLoss(plain, batch.targets);
      assert.ok(Math.abs(weight - grounding.distillationWeight(predictions, pairs, batch.targets)) < 1e-6);
      assert.equal(metrics.W_dt, undefined);
      differ += Number(predictions[0].scores[pairs[0][0][0]] !== decoder!.score);
    }
    assert.ok(differ > 0, "the matched box is another one at least once");
    await assert.rejects(one.snapshot(picture, "the", [NaN, 0, 1, 1]), /snapshot: a box must be 4 finite numbers/);
    one.forget();
    several.dispose();
  });

  it("says that its model was disposed of", async () => {
    const gone = new grounding.SimVg(SMALL);
    const one = grounding.explorer(gone, { tokenizer: data.tokenizer, phrases: PHRASES });
    const { phrase } = data.expressions[0];
    await one.ground(picture, phrase);
    gone.dispose();
    for (const asked of [one.ground(picture, phrase), one.attend(picture, phrase)])
      await assert.rejects(asked, { name: "NnError", message: /must not be disposed of/ });
    one.forget();
  });

  it("names unknown words and refuses what cannot be grounded", async () => {
    assert.deepEqual(explorer.unknown("the Smal, object"), ["smal"]);
    const usual = grounding.explorer(model, { tokenizer: data.tokenizer });
    assert.deepEqual(usual.unknown("the smal object"), ["smal"], "by the tokenizer's own unknown token");
    const encode = data.tokenizer.encode.bind(data.tokenizer);
    assert.deepEqual(grounding.explorer(model, { tokenizer: { encode } }).unknown("smal"), []);
    await assert.rejects(explorer.ground(picture, "smal"), /characters that the tokenizer knows/);
    await assert.rejects(explorer.ground(picture, "!"), /a phrase must be a text that is not empty/);
    await assert.rejects(explorer.attend(picture, "the ".repeat(20)), /at most 14 ids/);
    for (const odd of [null, 5, {}] as never[]) {
      assert.throws(() => explorer.unknown(odd), /GroundingError|a phrase must be a text/);
      await assert.rejects(explorer.ground(picture, odd), /a phrase must be a text/);
    }
    const long = { tokenizer: data.tokenizer, phrases: { length: 2000 } };
    assert.throws(() => grounding.explorer(model, long), /phrases.length must be at most 1022.*received 2000/);
    assert.throws(() => grounding.explorer(model, {} as never), /tokenizer must have encode/);
    assert.throws(
      () => grounding.explorer(model, { tokenizer: data.tokenizer, length: 3 } as never),
      /received "length"/,
    );
  });
});
