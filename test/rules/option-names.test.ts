/** Options by a name that a function does not know: every public function of the rooms that read, extract and score. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as data from "../../kernel/data";
import * as encoders from "../../kernel/encoders";
import * as features from "../../kernel/features";
import * as hub from "../../kernel/hub";
import * as law from "../../kernel/law";
import * as lora from "../../kernel/lora";
import { nn } from "../nn/names.ts";
import { Model } from "../lora/model.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-options-"));
after(() => rmSync(folder, { recursive: true }));

/** Calls with options of any shape, as JavaScript makes them. */
type Call = (options: never) => unknown;
const table = law.publishedTable();
const half = { path: "a", size: [8, 8], box: [0, 0, 8, 8], keypoints: new Map() };
const pair = { source: half, target: half, category: "cat" } as never;
const grid = { tokens: new Float32Array(4), channels: 1, grid: [2, 2] } as never;

const CALLS: Record<string, Call> = {
  "encoders.load": (o) => encoders.load("zoo/parts", o),
  "features.extract": (o) => features.extract(o),
  "features.worldPictures": (o) => features.worldPictures(o),
  "law.parseTable": (o) => law.parseTable("encoder,benchmark,a,c,score\n", o),
  "law.parseScores": (o) => law.parseScores("encoder,b\n", o),
  "law.publishedTable": (o) => law.publishedTable(o),
  "law.fit": (o) => law.fit(table, o),
  "law.policy": (o) => law.policy(table, o),
  "law.plan": (o) => law.plan(table, o),
  "law.replayPlan": (o) => law.replayPlan(table, o),
  "law.cScore": (o) => law.cScore(() => grid, [pair], o),
  "law.cScoreByLayer": (o) => law.cScoreByLayer((() => grid) as never, [pair], o),
  "law.pckOfPair": (o) => law.pckOfPair(pair, grid, grid, o),
  "law.pckOfPredictor": (o) => law.pckOfPredictor(pair, (point) => point, o),
  "law.baseline": (o) => law.baseline("copy" as never, [pair], o),
  "law.locate": (o) => law.locate(new Float32Array(4), 2, o),
  "law.aScore": (o) => law.aScore([], {}, o),
  "law.captionScore": (o) => law.captionScore({ logProbabilities: () => [] } as never, [], o),
  "lora.readAdapter": (o) => lora.readAdapter(folder, o),
  "lora.inspect": (o) => lora.inspect(folder, o),
  "lora.convert": (o) => lora.convert(folder, o),
  "lora.mergeFile": (o) => lora.mergeFile(folder, folder, folder, o),
  "lora.load": (o) => lora.load(new Model(), folder, o),
  "lora.attach": (o) => lora.attach(new Model(), { targetModules: ["q_proj"] }, o),
  "lora.attach's adapter": (o) => lora.attach(new Model(), o),
  "hub.fetchFile": (o) => hub.fetchFile({ repo: "a/b", revision: "main" }, "c", o),
  "hub.listFiles": (o) => hub.listFiles({ repo: "a/b", revision: "main" }, o),
  "data.decodeImage": (o) => data.decodeImage(new Uint8Array(1), o),
  "data.spair.read": (o) => data.spair.read(folder, o),
  "data.world.scene": (o) => data.world.scene(1, o),
  "data.world.crowd": (o) => data.world.crowd(1, o),
  "data.world.quiz": (o) => data.world.quiz(1, o),
  "data.world.write": (o) => data.world.write(join(folder, "w"), o),
  "data.world.writeSpair": (o) => data.world.writeSpair(join(folder, "s"), o),
};

describe("an option by a name that nobody knows", () => {
  for (const [name, call] of Object.entries(CALLS))
    it(`is refused by ${name}`, async () => {
      await nn.start("wasm");
      await assert.rejects(
        async () => call({ idices: [1] } as never),
        /options(?: of LORA)? are .*, received "idices"/,
      );
    });

  it("is told apart from a known one whose value is of another kind", async () => {
    await assert.rejects(data.world.write(join(folder, "w"), { layout: "coco", signal: 5 as never }), {
      name: "WorldError",
      message: "data.world.write: signal must be an AbortSignal, received 5",
    });
    await assert.rejects(data.world.writeSpair(join(folder, "s"), { onProgress: "x" as never }), {
      name: "WorldError",
      message: 'data.world.writeSpair: onProgress must be a function, received "x"',
    });
    await assert.rejects(hub.listFiles({ repo: "a/b", revision: "main" }, { signal: {} as never }), {
      name: "HubError",
      message: "hub.listFiles: signal must be an AbortSignal, received an object with keys []",
    });
    for (const [option, rule] of [
      [{ categories: 5 }, "categories must be an array, received 5"],
      [{ categories: [null] }, "categories[0] must be a text, received null"],
      [{ categories: [] }, "categories must name one or more, each once, received []"],
      [{ categories: ["cat", "cat"] }, "categories must name one or more, each once, received [cat, cat]"],
      [{ split: "trn" }, 'split must be one of train, val, test, received "trn"'],
      [{ separator: "" }, 'separator must be one of auto, :, _, received ""'],
    ] as const)
      await assert.rejects(data.world.writeSpair(join(folder, "s"), option as never), {
        name: "WorldError",
        message: `data.world.writeSpair: ${rule}`,
      });
    await assert.rejects(data.world.writeSpair(join(folder, "s"), { categories: ["dragon" as never] }), {
      message: /^data\.world\.writeSpair: legal categories are .*, received "dragon"$/,
    });
  });

  it("is refused by an encoder's calls, and null in place of options", async () => {
    const encoder = await encoders.load("zoo/untrained-hybrid", { device: "cpu" });
    const picture = { data: new Uint8Array(3 * 64 * 64), width: 64, height: 64, channels: 3 } as never;
    const misspelt = { idices: [1] } as never;
    await assert.rejects(encoder.forwardIntermediates(picture, misspelt), /options are indices, .* received "idices"/);
    await assert.rejects(encoder.attention(picture, misspelt), /options are .* received "idices"/);
    await assert.rejects(encoder.embed(picture, misspelt), /options are .* received "idices"/);
    await assert.rejects(encoder.embedText("a", misspelt), /options are .* received "idices"/);
    await assert.rejects(
      async () => encoders.load("zoo/parts", null as never),
      /options must be an object, received null/,
    );
    await encoder.dispose();
  });

  it("and options in the place of a table are refused by name", () => {
    for (const call of [law.fit, law.policy, law.plan, law.replayPlan] as ((table: never) => unknown)[]) {
      const rule = /the table must be one of law.parseTable or law.publishedTable, received an object with keys \[pred/;
      assert.throws(() => call({ predictors: [] } as never), rule);
    }
    assert.throws(() => law.fit(table, { predictors: [] }), /predictors must name at least one/);
  });
});
