import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import * as encoders from "../../kernel/encoders";
import type { EncoderError } from "../../kernel/encoders";
import { editModel } from "../../kernel/onnx/edit";
import { readModel } from "../../kernel/onnx/parse";
import { images, load, maxAbsDiff } from "../encoders/golden.ts";
import { FakeHub } from "./server.ts";

const server = new FakeHub();
const GOLDEN = join(import.meta.dirname, "..", "onnx", "golden");
const CONFIG = Buffer.from(
  JSON.stringify({
    do_resize: true,
    size: { height: 32, width: 32 },
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  }),
);
const VARIABLES = ["HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN"];
const original = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
const cache = mkdtempSync(join(tmpdir(), "fovea-hub-"));

before(async () => {
  for (const name of VARIABLES) delete process.env[name];
  process.env.HF_ENDPOINT = await server.start();
  process.env.HF_HUB_CACHE = cache;
});
beforeEach(() => server.reset());
after(async () => {
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, Object.fromEntries(Object.entries(original).filter(([, value]) => value !== undefined)));
  rmSync(cache, { recursive: true, force: true });
  await server.stop();
});

describe("encoders.load from the hub", () => {
  it("fetches graph, weights beside it and configuration, and gives the features of the local file", async () => {
    const model = join(GOLDEN, "vit.ts17.onnx");
    // A graph whose weights lie in another file: the edited model names its source.
    server.files.set("onnx/model.onnx", Buffer.from(editModel(readModel(model), ["last_hidden_state"], "test").bytes));
    server.files.set("onnx/vit.ts17.onnx", readFileSync(model));
    server.files.set("preprocessor_config.json", CONFIG);
    const seen = new Set<string>();
    const encoder = await encoders.load("hf:owner/name", {
      device: "cpu",
      onProgress: ({ file }) => seen.add(file),
    });
    assert.equal(encoder.name, "owner/name");
    assert.deepEqual([...seen].sort(), ["onnx/model.onnx", "onnx/vit.ts17.onnx", "preprocessor_config.json"]);
    const local = await load("vit.ts17");
    const [ours, theirs] = await Promise.all(
      [encoder, local].map((one) => one.forwardIntermediates(images, { indices: 1 })),
    );
    assert.ok(maxAbsDiff(ours.intermediates[0].data, theirs.intermediates[0].data) < 1e-6);
    await Promise.all([encoder.dispose(), local.dispose()]);

    process.env.HF_HUB_OFFLINE = "1";
    server.seen.length = 0;
    const again = await encoders.load("hf:owner/name", { device: "cpu" });
    await again.dispose();
    delete process.env.HF_HUB_OFFLINE;
    assert.equal(server.seen.length, 0, "offline from the cache");
  });

  it("takes the file that is named, and lists what there is where it is not", async () => {
    server.files.set("onnx/vision_model.onnx", readFileSync(join(GOLDEN, "clip.ts17.onnx")));
    server.files.set("preprocessor_config.json", CONFIG);
    const encoder = await encoders.load("hf:owner/name@v1", { device: "cpu", file: "onnx/vision_model.onnx" });
    assert.equal(encoder.info.depth, 3);
    assert.equal(encoder.name, "owner/name@v1");
    await assert.rejects(
      encoder.embedText("a fish"),
      /must hold text_model.onnx or text.onnx, received "hf:owner\/name@v1"/,
    );
    await encoder.dispose();
    await assert.rejects(encoders.load("hf:owner/name@v1"), (error: EncoderError) =>
      /there are: onnx\/vision_model.onnx/.test(error.message),
    );
  });

  it("fetches the text tower of an export of CLIP when a text is embedded, not before", async () => {
    const clip = join(import.meta.dirname, "..", "encoders", "golden", "clip");
    const names = ["onnx/text_model.onnx", "tokenizer.json", "tokenizer_config.json"];
    for (const name of names) server.files.set(name, readFileSync(join(clip, name)));
    server.files.set("onnx/vision_model.onnx", readFileSync(join(GOLDEN, "clip.ts17.onnx")));
    server.files.set("preprocessor_config.json", CONFIG);
    const encoder = await encoders.load("hf:owner/name@v3", { device: "cpu", file: "onnx/vision_model.onnx" });
    const asked = () => names.filter((name) => server.seen.some(({ path }) => path.endsWith(name)));
    assert.deepEqual(asked(), []);
    assert.deepEqual((await encoder.embedText(["a fish above the car", "the bird"])).dims, [2, 24]);
    assert.deepEqual(asked(), names);
    await encoder.dispose();
  });

  it("refuses weights outside of the repository, and what is no reference", async () => {
    const bytes = Buffer.from(
      editModel(readModel(join(GOLDEN, "vit.ts17.onnx")), ["last_hidden_state"], "test").bytes,
    ).toString("latin1");
    server.files.set("model.onnx", Buffer.from(bytes.replaceAll("vit.ts17.onnx", "../../evil/xx"), "latin1"));
    server.files.set("preprocessor_config.json", CONFIG);
    await assert.rejects(
      encoders.load("hf:owner/name@v2", { file: "model.onnx" }),
      /encoders.load: external data of .* must lie beside the model, received "..\/..\/evil\/xx"/,
    );
    await assert.rejects(encoders.load("hf:owner"), /the repository must exist/);
    await assert.rejects(encoders.load("hf:../x"), /encoders.load: a repository is owner\/name/);
  });
});
