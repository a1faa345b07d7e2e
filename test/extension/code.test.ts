/** The code that a view gives away makes the view again: run as a cell by the session, in a folder with the data and nothing else. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { exportCode as alignmentCode } from "../../extension/src/alignment/exports";
import { initialState as alignmentState } from "../../extension/src/alignment/state";
import { exportCode as attentionCode } from "../../extension/src/attention/exports";
import { initialState as attentionState } from "../../extension/src/attention/state";
import { exportCode as correspondenceCode } from "../../extension/src/correspondence/exports";
import { addPin, initialState as correspondenceState } from "../../extension/src/correspondence/state";
import { exportCode as galleryCode } from "../../extension/src/gallery/exports";
import { initialState as galleryState } from "../../extension/src/gallery/state";
import { GalleryStore } from "../../extension/src/gallery/store";
import { exportCode as lawCode } from "../../extension/src/law/exports";
import { initialState as lawState } from "../../extension/src/law/state";
import { exportCode as trainingCode } from "../../extension/src/training/exports";
import { CellCompiler } from "../../kernel/dist/session/compile/cells";
import { Executor } from "../../kernel/dist/session/run/executor";
import { CellModules } from "../../kernel/dist/session/node/modules";
import { cellScope, runCell } from "../../kernel/dist/session/run/scope";
import { cellName, CellStacks } from "../../kernel/dist/session/run/stacks";
import { promised } from "../../kernel/dist/session/run/steps";
import { installHost, type SessionHost } from "../../kernel/dist/display/host";
import {
  ALIGNMENT_MIME,
  ATTENTION_MIME,
  CORRESPONDENCE_MIME,
  GALLERY_MIME,
  LAW_MIME,
  readAlignment,
  readAttention,
  readCorrespondence,
  readGallery,
  readLaw,
  readTraining,
  RunRecord,
  TRAINING_MIME,
} from "../../kernel/dist/protocol";

type Bundle = Record<string, unknown>;

const folder = mkdtempSync(join(tmpdir(), "fovea-code-"));
const compiler = new CellCompiler(folder);
const executor = new Executor(compiler, new CellModules(folder, compiler), new CellStacks());
const shown: Bundle[] = [];
const scope = cellScope({} as Parameters<typeof cellScope>[0], false);
// Part of the session's link to a notebook that a training's view needs.
const host = { display: (bundle: Bundle) => void shown.push(bundle), registerCommTarget: () => () => undefined };
installHost(host as unknown as SessionHost);
let count = 0;

/** The bundle of a cell's value. */
async function run(code: string): Promise<Bundle> {
  const result = await runCell(scope, () => promised(executor.execute(code, cellName(++count), scope)));
  return result.has ? ((result.value as { bundle?: Bundle }).bundle ?? {}) : {};
}

const WORLD = `import { data } from "fovea";
await data.world.writeSpair(${JSON.stringify(join(folder, "world"))}, { split: "test", categories: ["bird"], images: 4, pairs: 2 });
const [pair] = data.spair.read(${JSON.stringify(join(folder, "world"))}).pairs;`;

describe("the code of a view, run by the session", { timeout: 300_000 }, () => {
  before(() => run(WORLD));
  beforeEach(() => void (shown.length = 0));
  after(() => rmSync(folder, { recursive: true }));

  it("makes a correspondence view again, with encoder, files, keypoints and pins", async () => {
    const made = await run(`import { encoders, view } from "fovea";
      const encoder = await encoders.load("zoo/parts-hybrid", { preprocess: { resize: "letterbox" } });
      await view.correspondence(pair.source.path, pair.target.path, encoder, { keypoints: pair, alpha: 0.2, indices: [1, -1] })`);
    const before = readCorrespondence(made[CORRESPONDENCE_MIME]);
    const state = addPin(
      correspondenceState(before),
      { side: 0, point: before.groundTruth?.source[0] ?? [1, 1] },
      true,
    );
    executor.reset();
    const after = readCorrespondence((await run(correspondenceCode(before, state)))[CORRESPONDENCE_MIME]);
    assert.equal(after.pins.length, 1);
    assert.deepEqual({ ...after, view: "", pins: [] }, { ...before, view: "", pins: [] });
  });

  it("says which picture and encoder cannot be written", async () => {
    const made = await run(`import { view } from "fovea";
      const pixels = { data: new Uint8Array(48 * 3), width: 8, height: 6, channels: 3 as const };
      const own = { name: "own", device: "cpu", forwardIntermediates: async () => ({ intermediates: [
        { data: Float32Array.from({ length: 24 }, (_, i) => i % 5), dims: [1, 12, 2], grid: [3, 4] as const, channels: 2, layer: 0 }] }) };
      await view.correspondence(pixels, pixels, own)`);
    const payload = readCorrespondence(made[CORRESPONDENCE_MIME]);
    const code = correspondenceCode(payload, correspondenceState(payload));
    assert.match(code, /\/\/ The picture "source" was given as pixels: put its file here\./);
    assert.match(code, /\/\/ The encoder "own" does not tell how it was loaded/);
    assert.doesNotThrow(() => compiler.compile(code));
  });

  it("makes a law view again from a table of its own, whatever made the fit", async () => {
    for (const fit of [
      "(options) => law.fit(table, options)",
      '(options) => law.fit(table, { ...options, normalize: "none", ridge: 0.5 })',
      "law.fit(table, { degree: 1 })",
    ]) {
      const made = await run(`import { law, view } from "fovea";
        const table = law.publishedTable();
        view.law(table, ${fit}, { title: "Published", residuals: true, onSelect: () => undefined })`);
      const before = readLaw(made[LAW_MIME]);
      const code = lawCode(before, before.fits[0], { ...lawState(before), benchmark: 2 });
      executor.reset();
      const after = readLaw((await run(code))[LAW_MIME]);
      assert.match(code, /\/\/ What follows a selection/);
      const left = { ...before };
      delete left.selects;
      assert.deepEqual({ ...after, view: "" }, { ...left, view: "", current: 2 });
    }
  });

  it("makes an alignment view again from the features of the notebook, which it describes", async () => {
    executor.reset();
    await run(WORLD);
    const made = await run(`import { encoders, view } from "fovea";
      const encoder = await encoders.load("zoo/parts-hybrid");
      const patches = (await encoder.forwardIntermediates(pair.source.path, { indices: [-1], outputFmt: "NLC" })).intermediates[0];
      const data = patches.data.slice(0, 3 * patches.channels);
      await view.alignment({ image: pair.source.path, patches, tokens: { labels: ["a", "\`b\`", '"c"'], data } }, { token: 1 })`);
    const before = readAlignment(made[ALIGNMENT_MIME]);
    const code = alignmentCode(before, alignmentState(before, 0));
    assert.match(code, /\/\/ patches: feature map for the image, \d+ x \d+ patches, \d+ channels/);
    assert.deepEqual(readAlignment((await run(code))[ALIGNMENT_MIME]), before);
  });

  it("makes an attention view again, with encoder, pictures and query", async () => {
    executor.reset();
    await run(WORLD);
    const made = await run(`import { encoders, view } from "fovea";
      const encoder = await encoders.load("zoo/clip-vit");
      await view.attention([pair.source.path, pair.target.path], encoder, { indices: [1, -1], title: "Where" })`);
    const before = readAttention(made[ATTENTION_MIME]);
    const state = { ...attentionState(before), layer: 0, head: 2, query: before.prefix + 40 };
    executor.reset();
    const after = readAttention((await run(attentionCode(before, state)))[ATTENTION_MIME]);
    assert.deepEqual([after.layer, after.head, after.query, after.title], [0, 2, before.prefix + 40, "Where"]);
    assert.deepEqual([after.pictures, after.numbers], [before.pictures, before.numbers]);
  });

  it("makes a gallery again from its folder of features", async () => {
    const [pictures, out] = [join(folder, "world", "JPEGImages"), join(folder, "features")];
    const made = await run(`import { encoders, features, view } from "fovea";
      const clip = await encoders.load("zoo/clip-vit");
      await features.extract({ encoder: clip, images: ${JSON.stringify(pictures)}, out: ${JSON.stringify(out)} });
      await view.gallery(await features.open(${JSON.stringify(out)}), { pictures: ${JSON.stringify(pictures)} })`);
    const before = readGallery(made[GALLERY_MIME]);
    const state = { ...galleryState(before), index: 2 };
    executor.reset();
    const after = readGallery((await run(galleryCode(before, state, new GalleryStore(before))))[GALLERY_MIME]);
    assert.deepEqual({ ...after, view: "", thumbs: [] }, { ...before, view: "", thumbs: [], current: 2 });
  });

  it("shows a training, and says where the model and its data go", async () => {
    const runs = [new RunRecord("seed 1"), new RunRecord('seed "2"')];
    const payload = { version: 1 as const, view: "v", title: "Two seeds", runs: [] };
    for (const some of [runs, runs.slice(0, 1)]) {
      executor.reset();
      shown.length = 0;
      const code = trainingCode(payload, some);
      await run(code);
      const saved = readTraining(shown[0][TRAINING_MIME]);
      assert.deepEqual([saved.title, saved.runs.map(({ name }) => name)], ["Two seeds", some.map(({ name }) => name)]);
      assert.match(code, /\/\/ await train\.fit\(\{ model, data, loss, stages, control/);
    }
  });
});
