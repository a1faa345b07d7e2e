import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { hashParameters } from "../../kernel/train/update/stages.ts";
import { grounding, nn, tasks, tf, train } from "./names.ts";
import { type Referring, referring, SMALL, tokenizerOf } from "./small.ts";

const bits = async (model: nn.Module): Promise<Record<string, string>> =>
  Object.fromEntries(await hashParameters(model.namedParameters()));

function model(options: Partial<grounding.SimVgConfig["head"]> = {}): grounding.SimVg {
  nn.manualSeed(5);
  return new grounding.SimVg({ ...SMALL, head: { ...SMALL.head, ...options } });
}

describe("the schedule of SimVG", () => {
  it("rises in quarters and falls to a tenth in the 25th epoch", () => {
    const schedule = grounding.schedule();
    const batches = 7;
    const factors = Array.from({ length: 30 * batches }, (_, step) => schedule(step, 30 * batches));
    const byEpoch = Array.from({ length: 30 }, (_, epoch) => factors.slice(epoch * batches, (epoch + 1) * batches));
    const expected = [0.25, 0.5, 0.75, ...Array<number>(21).fill(1), ...Array<number>(6).fill(0.1)];
    byEpoch.forEach((own, epoch) => assert.deepEqual(new Set(own), new Set([expected[epoch]]), `epoch ${epoch}`));
    assert.equal(grounding.schedule({ epochs: 20, decay: 15 })(14, 20), 0.1);
    assert.throws(() => grounding.schedule({ epochs: 0 }), /epochs must be a whole number of at least 1/);
    assert.throws(() => grounding.schedule({ decays: 3 } as never), /received "decays"/);
  });
});

describe("training of SimVG", () => {
  let data: Referring;
  let source: train.BatchSource<grounding.GroundingBatch>;
  before(async () => {
    await nn.start("native");
    data = await referring();
    const { expressions, images, tokenizer } = data;
    source = grounding.batches(model(), {
      expressions,
      images,
      tokenizer,
      batchSize: 8,
      seed: 1,
      phrases: { length: 14 },
    });
  });
  after(() => data.remove());

  const fitOf = (one: grounding.SimVg, options: Partial<train.FitOptions<grounding.GroundingBatch>> = {}) => ({
    model: one,
    data: source,
    loss: grounding.step(one),
    stages: [grounding.stage(one, { epochs: 4, decay: 4 })],
    ...grounding.settings(one),
    ...options,
  });

  it("prepares pictures, phrases and boxes", async () => {
    const { pixels, shape, phrases, targets, expressions } = await source.batch(0, 0);
    assert.deepEqual(shape, [8, 3, 16, 16]);
    assert.equal(pixels.length, 8 * 3 * 16 * 16);
    assert.deepEqual([phrases.length, phrases.ids[0], phrases.ids[13]], [14, 0, 1]);
    const [left, , right] = expressions[0].boxes[0];
    assert.ok(Math.abs(targets[0][0][0] - (left + right) / 2 / 48) < 1e-9);
    assert.deepEqual(await source.batch(0, 0), { pixels, shape, phrases, targets, expressions });
  });

  it("refuses expressions that nothing can be learned from, before a batch", () => {
    const [first, second] = data.expressions;
    const { images, tokenizer } = data;
    for (const [odd, told] of [
      [
        { boxes: [[30, 20, 10, 5]] },
        /box of expression 1 must have an area in its picture of 48 x 48, .*30, 20, 10, 5/,
      ],
      [{ boxes: [[5, 5, 5, 9]] }, /must have an area/],
      [{ boxes: [[1, 1, 9, 50]] }, /must have an area in its picture/],
      [{ boxes: [[-2, 1, 9, 9]] }, /must have an area in its picture/],
      [{ boxes: [[NaN, 0, 1, 1]] }, /box of expression 1 must be 4 finite numbers/],
      [{ boxes: [[0, 0, 1]] }, /must be 4 finite numbers/],
      [{ boxes: null }, /expressions\[1\].boxes must be an array/],
      [{ image: { ...second.image, width: 0 } }, /expressions\[1\].image.width must be a whole number/],
    ] as const) {
      const expressions = [first, { ...second, ...odd }] as never;
      assert.throws(
        () => grounding.batches(model(), { expressions, images, tokenizer }),
        (error: Error) => {
          assert.equal(error.name, "GroundingError");
          assert.match(error.message, told);
          return true;
        },
      );
    }
    const edge = { ...first, boxes: [[-0.5, 0, 48.5, 48]] as const };
    assert.equal(
      grounding.batches(model(), { expressions: [edge, { ...first, boxes: [] }], images, tokenizer }).length,
      1,
    );
  });

  it("says that a model was disposed of, whatever is asked of it", async () => {
    const one = model().eval();
    const batch = await source.batch(0, 0);
    one.dispose();
    const told = { name: "NnError", message: /must not be disposed of/ };
    assert.throws(() => grounding.predict(one, batch), told);
    await assert.rejects(grounding.evaluate(one, source), told);
    await assert.rejects(grounding.save(one, join(data.folder, "gone.safetensors")), told);
    await assert.rejects(train.fit(fitOf(one)));
  });

  it("scores no source that has no batches", async () => {
    const none = { batch: source.batch } as never;
    await assert.rejects(grounding.evaluate(model(), none), /evaluate: source.length must be a whole number/);
  });

  it("keeps a ratio of exactly ten between head and encoder, and clips", async () => {
    const one = model();
    const losses: number[] = [];
    const { stages } = await train.fit(fitOf(one), ({ learningRates, loss, metrics }) => {
      const [head, encoder] = Object.values(learningRates);
      assert.ok(Math.abs(head / encoder - 10) < 1e-12);
      assert.ok(metrics.W_dt >= 0 && metrics.W_dt <= 1);
      assert.ok(["decoder", "token"].every((name) => Number.isFinite(metrics[name])));
      losses.push(loss);
    });
    const mean = (some: number[]): number => some.reduce((a, b) => a + b) / some.length;
    assert.ok(mean(losses.slice(-4)) < mean(losses.slice(0, 4)), losses.join());
    assert.equal(stages[0].frozen.length, 0);
    assert.equal(grounding.settings(one).clipNorm, 0.15);
  });

  it("goes on from a checkpoint to the same bits, with the moving averages", async () => {
    const path = join(data.folder, "checkpoint.safetensors");
    const start = (): [grounding.SimVg, train.Ema] => {
      const one = model();
      return [one, grounding.settings(one, { ema: 0.9 }).ema!];
    };
    const [[whole, wholeEma], [part, partEma], [again, againEma]] = [start(), start(), start()];
    await train.fit(fitOf(whole, { ema: wholeEma }));
    const stop = new AbortController();
    await train.fit(fitOf(part, { ema: partEma, checkpoint: { path }, signal: stop.signal }), ({ step }) => {
      if (step === 3) stop.abort();
    });
    assert.notDeepEqual(await bits(part), await bits(whole));
    const { steps } = await train.fit(fitOf(again, { ema: againEma, checkpoint: { path }, resume: true }));
    assert.equal(steps, 4 * source.length);
    assert.deepEqual(await bits(again), await bits(whole));
    assert.deepEqual(await againEma.state(), await wholeEma.state());
    assert.equal(grounding.settings(whole).ema, undefined);
  });

  it("in two stages first leaves every bit of the token branch, then trains both", async () => {
    const one = model();
    const first = await bits(one);
    const decoder = grounding.stage(one, { name: "decoder", branch: "decoder", epochs: 1 });
    await train.fit(fitOf(one, { loss: grounding.step(one, { branch: "decoder" }), stages: [decoder] }));
    const second = await bits(one);
    const changed = Object.keys(first).filter((name) => first[name] !== second[name]);
    assert.ok(!changed.some((name) => /token_|object_proj/.test(name)));
    assert.ok(
      changed.some((name) => name.startsWith("head.decoder.")) && changed.some((name) => /^encoder/.test(name)),
    );
    const both = grounding.stage(one, { name: "both", learningRate: 3e-4, epochs: 1, decay: 15 });
    await train.fit(fitOf(one, { stages: [both] }));
    const third = await bits(one);
    for (const part of ["head.token_mlp.0.weight", "head.object_proj.weight", "head.decoder.layers.0.norm1.weight"])
      assert.notEqual(third[part], second[part]);
  });

  it("keeps the encoder's first layers, or all of it", async () => {
    const frozenOf = async (options: grounding.GroundingStageOptions): Promise<string[]> => {
      const one = model();
      const before = await bits(one);
      await train.fit(fitOf(one, { stages: [grounding.stage(one, { epochs: 1, ...options })] }));
      const now = await bits(one);
      // The first layers of decoders start from zeros, on which values have no effect, as have biases of keys and the mask token.
      const idle = /mask_token|k_proj.*bias|head.*layers\.0\.self_attn\.v_proj\.weight/;
      return Object.keys(before).filter((name) => before[name] === now[name] && !idle.test(name));
    };
    const first = await frozenOf({ freezeLayers: 1 });
    assert.ok(first.length > 30 && first.every((name) => name.startsWith("encoder.encoder.layers.0.")), first.join());
    assert.ok((await frozenOf({ encoderFactor: 0 })).every((name) => name.startsWith("encoder.")));
    assert.throws(() => grounding.stage(model(), { freezeLayers: 3 }), /whole number of 0\.\.2/);
    assert.throws(() => grounding.stage(model({ branches: "token" }), { branch: "both" }), /branches are token/);
  });

  it("has the paper's optimizer, and trains of the head what a branch uses", () => {
    const one = model();
    const optimizer = grounding.settings(one).optimizer!([]);
    const { betas, eps, weightDecay, amsgrad } = Reflect.get(optimizer, "settings") as Required<train.AdamWOptions>;
    assert.deepEqual([betas, eps, weightDecay, amsgrad], [[0.9, 0.98], 1e-9, 0, true]);
    const trains = (branch: grounding.GroundingBranch, name: string): boolean =>
      (grounding.stage(one, { branch }).groups![0].parameters as RegExp).test(name);
    const names = [
      "head.image_proj.weight",
      "head.object_proj.weight",
      "head.token_mlp.0.weight",
      "head.decoder.norm.weight",
    ];
    const table = (["token", "decoder", "both"] as const).map((branch) => names.map((name) => trains(branch, name)));
    assert.deepEqual(table, [
      [false, true, true, false],
      [true, false, false, true],
      [true, true, true, true],
    ]);
  });

  it("leaves no tensor of a prediction, nor of one that fails", async () => {
    const one = model().eval();
    const batch = await source.batch(0, 0);
    const before = tf.memory().numTensors;
    grounding.predict(one, batch);
    assert.equal(tf.memory().numTensors, before);
    const { phrases } = batch;
    const short = { ...batch, phrases: { ...phrases, ids: phrases.ids.slice(1) } };
    for (const wrong of [short, { ...batch, shape: [8, 3, 16, 32] as const }, { ...batch, expressions: [] }])
      assert.throws(() => grounding.predict(one, wrong));
    assert.throws(() => grounding.predict(one, batch, { branch: "none" as never }), /branches/);
    assert.equal(tf.memory().numTensors, before);
  });

  it("predicts and scores by split", async () => {
    const one = model({ queries: 2 }).eval();
    const found = grounding.predict(one, await source.batch(0, 0));
    one.train();
    assert.deepEqual(
      grounding.predict(one, await source.batch(0, 0)),
      found,
      "nothing is dropped in a model that trains",
    );
    assert.equal(one.training, true);
    assert.deepEqual([found.length, found[0].length], [8, 2]);
    const evaluation = await grounding.evaluate(one, source);
    const { precision, generalized, samples } = evaluation;
    assert.equal(samples.filter(({ correct }) => correct).length, precision.train.correct);
    assert.equal(samples.length, precision.train.count);
    assert.deepEqual([precision.train.count, generalized.count], [data.expressions.length, data.expressions.length]);
    const share = precision.train.correct / precision.train.count;
    assert.match(inspect(evaluation), new RegExp(`train .*${(100 * share).toFixed(1)} %`));
    const table = inspect(samples).split("\n");
    assert.match(table[0], new RegExp(`^${samples.length} expressions with one target, by score$`));
    assert.equal(table.length, 7, "a title, a head and five parts");
    for (const { box, expression, iou, correct } of samples)
      assert.ok(Math.abs(iou - tasks.boxes.iou(box, expression.boxes[0])) < 1e-12 && correct === iou >= 0.5);
    const decoder = await grounding.evaluate(one, source, { branch: "decoder" });
    assert.notEqual(decoder.precision.train.meanIou, precision.train.meanIou);
  });
});

describe("phrases", () => {
  const tokenizer = tokenizerOf(["the small red boat left of the cat"]);
  const encode = (phrase: string, options: grounding.PhraseOptions = {}): number[] => {
    const { ids, mask } = grounding.encodePhrases(tokenizer, [phrase], { length: 6, ...options });
    assert.deepEqual(
      [...mask],
      [...ids].map((id) => Number(id !== 1)),
    );
    return [...ids];
  };

  it("get their frame and padding, and are cut before their end", () => {
    const [, the, , end] = encode("the cat");
    assert.deepEqual(encode("the cat").slice(3), [end, 1, 1]);
    const long = "the small red boat left of the cat";
    assert.throws(() => encode(long), /at most 6 ids, it has 10, received "the small red boat left of the cat"/);
    const cut = encode(long, { overflow: "cut" });
    assert.deepEqual([cut[0], cut[1], cut[5]], [0, the, 2]);
    assert.deepEqual(cut, encode("the small red boat"));
  });

  it("are refused where the frame leaves no room for a word", () => {
    const rows = (texts: readonly string[]): number[][] => texts.map((text) => [0, ...(text ? [5, 6] : []), 2, 3]);
    const framed = {
      encode: (texts: readonly string[]) => {
        const ids = rows(texts);
        return {
          ids: BigInt64Array.from(ids.flat(), BigInt),
          mask: new BigInt64Array(ids.flat().length).fill(1n),
          dims: [texts.length, ids[0].length] as const,
        };
      },
    };
    const options = { length: 1, overflow: "cut" } as const;
    for (const length of [1, 3])
      assert.throws(
        () => grounding.encodePhrases(framed as never, ["cat"], { ...options, length }),
        /length must be above the 3 ids of the tokenizer's frame, received [13]$/,
      );
    assert.deepEqual([...grounding.encodePhrases(framed as never, ["a"], { ...options, length: 4 }).ids], [0, 5, 2, 3]);
  });

  it("are refused where they are empty or not known", () => {
    assert.throws(() => encode(" "), /GroundingError|must be a text that is not empty/);
    assert.throws(
      () => encode("the zebra", { unknownId: 3 }),
      /characters that the tokenizer knows, received "the zebra"/,
    );
    for (const none of [null, undefined, {}])
      assert.throws(() => grounding.encodePhrases(none as never, ["the"]), /tokenizer must have encode/);
    for (const none of [null, undefined, "the"])
      assert.throws(() => grounding.encodePhrases(tokenizer, none as never), /phrases must be an array/);
    assert.throws(() => grounding.encodePhrases(tokenizer, [null as never]), /must be a text that is not empty/);
    assert.throws(() => encode("the", { maxLength: 3 } as never), /received "maxLength"/);
    assert.equal(grounding.cleanPhrase("The well-lit, (red) mug/cup!"), "the well lit red mug cup");
  });
});
