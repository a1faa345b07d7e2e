/** Messages to the side panel: lists of files on the disk, cards, refusals, and the state of a session. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { backend, encoders, features, nn, train } from "../../kernel/index.ts";
import type { Comm, CommMessage, JSONValue } from "../../kernel/display/host";
import { acceptOverview } from "../../kernel/overview";
import {
  type ActivityReply,
  type CardReply,
  type OverviewError,
  type OverviewReply,
  readOverviewReply,
  type ShelfReply,
} from "../../kernel/protocol/overview";
import * as tf from "../../kernel/tf.ts";

const ZOO = join(import.meta.dirname, "../../kernel/zoo");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A panel: what it is sent is read as the browser reads it. */
class Panel {
  readonly replies: OverviewReply[] = [];
  private receive: (message: CommMessage) => void | Promise<void> = () => undefined;
  private closed: ((message: CommMessage) => void)[] = [];

  constructor() {
    const comm: Comm = {
      id: "panel",
      target: "fovea.overview",
      closed: false,
      send: (data) => void this.replies.push(readOverviewReply(JSON.parse(JSON.stringify(data)))),
      close: () => undefined,
      onMessage: (handler) => (this.receive = handler),
      onClose: (handler) => void this.closed.push(handler),
    };
    acceptOverview(comm);
  }

  async ask<T extends OverviewReply>(data: JSONValue): Promise<T> {
    await this.receive({ data, metadata: {}, buffers: [] });
    return this.replies.at(-1) as T;
  }

  close(): void {
    for (const handler of this.closed) handler({ data: {}, metadata: {}, buffers: [] });
  }
}

describe("the overview", () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-overview-"));
  const was = process.cwd();
  const panel = new Panel();
  const put = (path: string, text: string): void => {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const listed = (): Promise<ShelfReply> => panel.ask<ShelfReply>({ type: "shelf" });

  before(async () => {
    const graph = join(ZOO, "untrained-hybrid/model.onnx");
    cpSync(join(ZOO, "untrained-hybrid"), join(folder, "work/mine"), { recursive: true });
    cpSync(graph, join(folder, "work/plain.onnx"));
    put("work/text.onnx", "a text tower");
    const cached = `cache/models--owner--net/snapshots/${COMMIT}`;
    mkdirSync(join(folder, cached, "onnx"), { recursive: true });
    put("cache/models--owner--net/refs/main", COMMIT);
    cpSync(graph, join(folder, cached, "onnx/model.onnx"));
    cpSync(graph, join(folder, cached, "onnx/vision_model.onnx"));
    put("cache/datasets--owner--set/refs/main", COMMIT);
    put("cache/models--odd/refs/main", "no commit");
    put("work/adapter/adapter_config.json", JSON.stringify({ peft_type: "LORA", r: -1, base_model_name_or_path: 7 }));
    put("work/adapter/adapter_model.safetensors", "12345");
    put("work/.hidden/model.onnx", "hidden");
    symlinkSync(folder, join(folder, "work/loop"));
    process.env.HF_HUB_CACHE = join(folder, "cache");
    process.chdir(join(folder, "work"));
    put("work/pictures/a.txt", "");
    const encoder = await encoders.load("mine", { device: "cpu" });
    const images = features.worldPictures({ count: 1, size: 64 });
    await features.extract({ encoder, images, out: "features/run", indices: [-1], progress: false });
    await encoder.dispose();
  });

  after(() => {
    panel.close();
    process.chdir(was);
    delete process.env.HF_HUB_CACHE;
    rmSync(folder, { recursive: true });
  });

  it("lists encoders of package, folder and cache as encoders.load takes them", async () => {
    const { encoders: found, isWhole, folder: where } = await listed();
    const named = (place: string): string[] =>
      found.filter((one) => one.place === place).map(({ source, file }) => (file ? `${source} ${file}` : source));
    assert.deepEqual(named("zoo"), encoders.list());
    assert.deepEqual(named("folder").sort(), ["mine", "plain.onnx"]);
    assert.deepEqual(named("cache"), ["hf:owner/net", "hf:owner/net onnx/vision_model.onnx"]);
    assert.ok(found.every(({ bytes }) => bytes > 1e6));
    assert.deepEqual([isWhole, where], [true, process.cwd()]);
  });

  it("lists adapters whose configuration is odd, and folders of features with what they hold", async () => {
    const { adapters, features: found } = await listed();
    assert.deepEqual(adapters, [{ path: "adapter", bytes: 5, kind: "LORA", rank: null, base: null }]);
    assert.equal(found.length, 1);
    const [{ path, encoder, images, layers, bytes }] = found;
    assert.deepEqual([path, encoder, images, layers], ["features/run", "mine", 1, [3]]);
    assert.ok(bytes > 1000);
  });

  it("says when a folder holds more than is looked through", async () => {
    put("work/a/b/c/d/model.onnx", "deep");
    const { encoders: found, isWhole } = await listed();
    assert.equal(isWhole, false);
    assert.ok(!found.some(({ source }) => source.startsWith("a/")));
    rmSync(join(folder, "work/a"), { recursive: true });
  });

  it("lists the rest beside names and numbers that no message can hold", async () => {
    const long = ["a", "b", "c"].map((letter) => letter.repeat(250)).join("/");
    const run = (layer: unknown): string =>
      JSON.stringify({
        version: 1,
        encoder: { name: "x" },
        layers: [{ layer }],
        committed: { manifest: 0, images: 1, shards: 0 },
      });
    put(`work/${long}/${"d".repeat(245)}.onnx`, "longer than a name may be");
    for (const [name, layer] of [
      ["far", 1e9],
      ["text", "last"],
      ["good", 7],
    ] as const) {
      put(`work/odd/${name}/run.json`, run(layer));
      put(`work/odd/${name}/manifest.jsonl`, "");
    }
    put(
      "work/odd/adapter/adapter_config.json",
      JSON.stringify({ r: 1e308, base_model_name_or_path: "b".repeat(9999) }),
    );
    put("work/odd/adapter/adapter_model.safetensors", "");
    const { encoders: found, adapters, features: folders, isWhole } = await listed();
    assert.ok(found.some(({ source }) => source === "mine"));
    assert.ok(!found.some(({ source }) => source.startsWith("a")));
    assert.deepEqual(
      folders.filter(({ path }) => path.startsWith("odd/")).map(({ path, layers }) => [path, layers]),
      [["odd/good", [7]]],
    );
    assert.equal(adapters.find(({ path }) => path === "odd/adapter")?.base?.length, 1000);
    assert.equal(isWhole, false);
    for (const one of ["odd", "a".repeat(250)]) rmSync(join(folder, "work", one), { recursive: true });
    assert.equal((await listed()).isWhole, true);
  });

  it("says that there are more encoders than a list holds", async () => {
    for (let i = 0; i < 520; i++) put(`work/many/${i}.onnx`, "");
    const { encoders: found, isWhole } = await listed();
    assert.deepEqual([found.length, isWhole], [500, false]);
    rmSync(join(folder, "work/many"), { recursive: true });
    assert.equal((await listed()).isWhole, true);
  });

  it("gives a card of what was listed, and of nothing else", async () => {
    const { rows } = await panel.ask<CardReply>({ type: "card", source: "zoo/parts-hybrid" });
    const card = new Map(rows);
    assert.match(card.get("trained for") ?? "", /^dense part types/);
    assert.equal(card.get("blocks"), "4");
    const cached = { type: "card", source: "hf:owner/net", file: "onnx/vision_model.onnx" };
    const { type, source, file } = await panel.ask<CardReply>(cached);
    assert.deepEqual({ type, source, file }, cached, "a card says whose it is");
    const refused = await panel.ask<OverviewError>({ type: "card", source: "/etc/passwd" });
    assert.equal(refused.message, 'fovea.overview: source must be an encoder of the list, received "/etc/passwd"');
  });

  it("answers a broken request and a broken file in words", async () => {
    const broken = await panel.ask<OverviewError>({ type: "free", id: "all" });
    assert.match(broken.message, /id must be an integer/);
    assert.match((await panel.ask<OverviewError>({ type: "shut" })).message, /type must be one of shelf, activity/);
    put("work/broken.onnx", "no graph");
    await listed();
    const [[, why]] = (await panel.ask<CardReply>({ type: "card", source: "broken.onnx" })).rows;
    assert.match(why, /^none can be taken out: .*broken\.onnx/);
  });

  it("knows the encoders in memory and frees one", async () => {
    const encoder = await encoders.load("zoo/untrained-hybrid", { device: "cpu" });
    const { encoders: open } = await panel.ask<ActivityReply>({ type: "activity" });
    const own = open.find(({ name }) => name === "zoo/untrained-hybrid");
    assert.deepEqual([own?.device, own?.bytes], ["cpu", 4 * encoder.info.parameters]);
    const left = await panel.ask<ActivityReply>({ type: "free", id: own?.id ?? 0 });
    assert.ok(!left.encoders.some(({ id }) => id === own?.id));
    await assert.rejects(encoder.forwardIntermediates("none.png"), /disposed/);
    assert.match((await panel.ask<OverviewError>({ type: "free", id: own?.id ?? 0 })).message, /in memory/);
  });

  it("steers a training that was given no control, and tells how far it is", async () => {
    await nn.start("wasm");
    const layer = new nn.Linear(1, 1);
    let [paused, steps] = [0, 0];
    const running = train.fit(
      {
        model: layer,
        data: train.batches([1, 2], { batchSize: 1 }),
        loss: (batch: number[]) => nn.mse(layer.forward(tf.tensor2d([batch])), tf.tensor2d([[1]])),
        stages: [{ name: "all", groups: [{ parameters: "weight", learningRate: 0.01 }], steps: 1000 }],
        log: { folder: "runs", name: "logged" },
        progress: false,
      },
      async () => {
        if (++steps !== 3) return;
        const { trainings } = await panel.ask<ActivityReply>({ type: "activity" });
        const [own] = trainings;
        assert.deepEqual([own.name, own.state, own.step, own.totalSteps], ["logged", "running", 3, 1000]);
        await panel.ask({ type: "steer", id: own.id, command: "pause" });
        setTimeout(() => {
          paused = steps;
          void panel.ask({ type: "steer", id: own.id, command: "stop" });
        }, 100);
      },
    );
    const { ended } = await running;
    assert.deepEqual([ended, paused, steps], ["stopped", 3, 3]);
    assert.match((await panel.ask<OverviewError>({ type: "steer", id: 999, command: "stop" })).message, /training/);
  });

  it("settings choose the device of encoders and the memory of views", async () => {
    await panel.ask({ type: "settings", device: "cuda", viewMegabytes: 16 });
    await assert.rejects(encoders.load("zoo/untrained-hybrid"), backend.DeviceError);
    await panel.ask({ type: "settings", device: "cpu", viewMegabytes: 100 });
    const encoder = await encoders.load("zoo/untrained-hybrid");
    assert.equal(encoder.device, "cpu");
    await encoder.dispose();
    assert.equal((await panel.ask<ActivityReply>({ type: "activity" })).viewLimit, 100e6);
    const refused = await panel.ask<OverviewError>({ type: "settings", device: "tpu", viewMegabytes: 100 });
    assert.match(refused.message, /device must be one of auto, cpu, cuda, webgpu/);
    await panel.ask({ type: "settings", device: "auto", viewMegabytes: 512 });
  });
});
