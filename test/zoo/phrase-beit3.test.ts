import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import { grounding } from "../grounding/names.ts";
import { models, tasks } from "../models/names.ts";
import { assertClose, goldenFile, tensorOf } from "../nn/golden.ts";
import { nn, type Tensor, tf } from "../nn/names.ts";

const NAME = "zoo/phrase-beit3";
const folder = resolve("kernel/zoo/phrase-beit3");

interface Figures {
  readonly phrases: number;
  readonly share: number;
  readonly chance: Readonly<Record<string, number>>;
  readonly "Prec@0.5 before fine-tuning": number;
  readonly "likeliest patch lies in the box": number;
}

interface Card {
  readonly name: string;
  readonly architecture: { readonly parameters: number; readonly words: number };
  readonly grounding: { readonly scale: number; readonly bias: number };
  readonly figures: Readonly<Record<"val" | "test", Figures>>;
}

const card = JSON.parse(readFileSync(join(folder, "card.json"), "utf8")) as Card;
const golden = goldenFile("phrase-beit3", new URL("golden/", import.meta.url));

/** Bytes [B, height, width, 3] as planes with ImageNet's statistics. */
function normalized(bytes: Tensor): Tensor {
  const [mean, std] = [tf.tensor1d([0.485, 0.456, 0.406]), tf.tensor1d([0.229, 0.224, 0.225])];
  return tf.transpose(tf.div(tf.sub(tf.div(bytes, 255), mean), std), [0, 3, 1, 2]);
}

describe("phrase-beit3", () => {
  before(() => nn.start("native"));

  it("is small, and as large as its card says", async () => {
    assert.equal(card.name, "phrase-beit3");
    assert.ok(statSync(join(folder, "model.safetensors")).size <= 6e6);
    const { model, report } = await models.loadBeit3(NAME);
    assert.deepEqual([report.ignored, report.resampled, model.training], [[], [], false]);
    assert.equal(models.beit3Parameters(model.config), card.architecture.parameters);
    assert.equal(model.config.vocabSize, card.architecture.words);
    model.dispose();
  });

  it("gives the tokens of PyTorch", async () => {
    const { model } = await models.loadBeit3(NAME);
    tf.tidy(() => {
      const image = tf.tensor(Array.from(golden.get("image")!.data as Uint8Array), golden.get("image")!.shape);
      const [text, textMask] = ["ids", "mask"].map((key) => tensorOf(golden.get(key)!));
      const { object, image: patches, text: words } = model.forward({ pixels: normalized(image), text, textMask });
      const tokens = tf.concat([tf.expandDims(object, 1), patches, words], 1);
      assertClose(tokens, golden.get("tokens")!, 1e-4, "tokens");
    });
    model.dispose();
  });

  it("knows every word of the world's phrases", async () => {
    const { model, tokenizer } = await models.loadBeit3(NAME);
    model.dispose();
    assert.ok(tokenizer);
    for (const { phrase } of asked(40, 500)) {
      const { ids } = grounding.encodePhrases(tokenizer, [phrase], { unknownId: 3 });
      assert.equal(ids[0], 0);
    }
  });

  it("grounds phrases of pictures that it has never seen better than chance, without a head", async () => {
    const { model, tokenizer } = await models.loadBeit3(NAME);
    const all = asked(25, 9000);
    const found = all.map((one) => ground(model, tokenizer!, one));
    model.dispose();
    const share = (isRight: (index: number) => boolean): number =>
      (100 * all.filter((_, index) => isRight(index)).length) / all.length;
    const [meanBox, anyObject] = Object.values(card.figures.test.chance);
    const boxes = share((i) => tasks.boxes.iou(found[i].box, all[i].box) >= 0.5);
    assert.ok(boxes > 5 * meanBox, `${boxes} %, mean box ${meanBox} %`);
    const points = share((i) => contains(all[i].box, found[i].point));
    assert.ok(points > anyObject, `${points} %, any object ${anyObject} %`);
  });

  it("is the encoder of a model that grounds, and belongs to it", async () => {
    const before = tf.memory().numTensors;
    const { model: encoder } = await models.loadBeit3(NAME);
    const model = new grounding.SimVg({ encoder, head: { embedDim: 16, numHeads: 2 } });
    assert.equal(model.encoder, encoder);
    assert.equal(model.head.config.inputDim, encoder.config.embedDim);
    assert.equal(
      grounding.parameters({ encoder, head: { embedDim: 16, numHeads: 2 } }),
      [...model.namedParameters().values()].reduce((sum, { size }) => sum + size, 0),
    );
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("has the figures of its card in the README", () => {
    const { test } = card.figures;
    const cells = [
      test["Prec@0.5 before fine-tuning"],
      test["likeliest patch lies in the box"],
      ...Object.values(test.chance),
    ].map((value) => value.toFixed(1));
    const row = `| \`phrase-beit3\` | ${cells.join(" | ")} |`;
    assert.ok(readFileSync(resolve("kernel/zoo/README.md"), "utf8").includes(row), row);
  });
});

describe("a folder of a multimodal encoder", () => {
  const copy = mkdtempSync(join(tmpdir(), "fovea-beit3-"));
  before(() => nn.start("native"));
  after(() => rmSync(copy, { recursive: true, force: true }));

  it("is refused where a file is missing or says what cannot be", async () => {
    await assert.rejects(
      models.loadBeit3("zoo/none"),
      /loadBeit3: the file or folder must exist, received "zoo\/none"/,
    );
    await assert.rejects(models.loadBeit3(copy), /loadBeit3: the folder must hold model\.safetensors/);
    cpSync(folder, copy, { recursive: true });
    for (const [content, rule] of [
      ["[]", /config\.json must hold a JSON object/],
      ["{", /config\.json must hold JSON/],
      ['{"numHeads": 0}', /numHeads of config\.json in .* must be a whole number above 0, received 0/],
      ['{"numHeads": 7}', /embedDim must be a multiple of numHeads \(7\)/],
    ] as const) {
      writeFileSync(join(copy, "config.json"), content);
      await assert.rejects(models.loadBeit3(copy), rule);
    }
    rmSync(join(copy, "config.json"));
    rmSync(join(copy, "tokenizer.json"));
    const { model, tokenizer } = await models.loadBeit3(copy, { config: { numHeads: 4 } });
    assert.deepEqual([tokenizer, model.config.numHeads], [null, 4]);
    model.dispose();
  });
});

interface Asked {
  phrase: string;
  box: readonly [number, number, number, number];
  image: world.Rendered;
}

/** The shortest phrase of every object of some crowds of the test split. */
function asked(count: number, first: number): Asked[] {
  return Array.from({ length: count }, (_, i) => world.crowd(first + i, { split: "test", size: 96 })).flatMap(
    (scene) => {
      const image = world.render(scene);
      const objects = world.factsOf(scene, image);
      return objects.flatMap(({ id, box }) =>
        world
          .phrasesFor(id, objects, scene.size, { parts: true })
          .slice(0, 1)
          .map((phrase) => ({ phrase, box, image })),
      );
    },
  );
}

const contains = ([left, top, right, bottom]: Asked["box"], [x, y]: readonly [number, number]): boolean =>
  x >= left && x <= right && y >= top && y <= bottom;

/** Returns the box around the patches that are like the object token, as the card says, and the center of the likeliest one. */
function ground(
  model: models.Beit3,
  tokenizer: NonNullable<models.LoadedBeit3["tokenizer"]>,
  { phrase, image }: Asked,
): { box: [number, number, number, number]; point: [number, number] } {
  const { ids, mask, length } = grounding.encodePhrases(tokenizer, [phrase]);
  const { scale, bias } = card.grounding;
  const chance = tf.tidy(() => {
    const bytes = tf.tensor(Array.from(image.data), [1, image.height, image.width, 3]);
    const rows: [number, number] = [1, length];
    const text = { text: tf.tensor2d(ids, rows, "int32"), textMask: tf.tensor2d(mask, rows, "int32") };
    const { object, image: patches } = model.forward({ pixels: normalized(bytes), ...text });
    const unit = (x: Tensor): Tensor => tf.div(x, tf.norm(x, "euclidean", -1, true));
    const cosine = tf.sum(tf.mul(unit(patches), tf.expandDims(unit(object), 1)), -1);
    return Array.from(tf.sigmoid(tf.add(tf.mul(cosine, scale), bias)).dataSync());
  });
  const [, columns] = model.grid;
  const side = image.width / columns;
  const placeOf = (at: number): [number, number] => [(at % columns) * side, Math.floor(at / columns) * side];
  const most = Math.max(...chance);
  const places = chance.flatMap((value, at) => (value >= card.figures.val.share * most ? [placeOf(at)] : []));
  const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]));
  const [x, y] = placeOf(chance.indexOf(most));
  return {
    box: [Math.min(...xs), Math.min(...ys), Math.max(...xs) + side, Math.max(...ys) + side],
    point: [x + side / 2, y + side / 2],
  };
}
