import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it, mock } from "node:test";
import { data, encoders, law, view } from "../kernel/index.ts";
import { installHost, type MimeBundle, type SessionHost } from "../kernel/display/host.ts";

type OnProgress = (progress: { done: number; total: number }) => void;

const bars: string[] = [];
const host = {
  display: (bundle: MimeBundle) => bars.push(String(bundle["text/plain"])),
  registerCommTarget: () => () => {},
} as unknown as SessionHost;

const picture = (): { data: Uint8Array; width: number; height: number; channels: 3 } => {
  const { data: bytes, width, height } = data.world.render(data.world.scene(7));
  return { data: bytes, width, height, channels: 3 };
};

describe("long work shows a bar unless someone listens", () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bars-"));
  let encoder: encoders.Encoder;
  let places = 0;
  before(async () => {
    encoder = await encoders.load("zoo/clip-vit");
  });
  beforeEach(() => {
    installHost(host);
    let now = 0;
    mock.method(performance, "now", () => (now += 3_000)); // Everything takes long.
  });
  afterEach(() => {
    mock.restoreAll();
    bars.length = 0;
    installHost(undefined as unknown as SessionHost);
  });
  after(async () => {
    await encoder.dispose();
    rmSync(folder, { recursive: true });
  });

  const place = (): string => join(folder, String(places++));
  const model = { name: "constant", logProbabilities: () => Promise.resolve([-1]) };
  const calls: [label: string, call: (onProgress: OnProgress | undefined) => unknown][] = [
    ["Drawing", (onProgress) => data.world.writeSpair(place(), { images: 28, pairs: 14, onProgress })],
    ["Drawing", (onProgress) => data.world.write(place(), { layout: "gqa", split: "val", count: 2, onProgress })],
    ["Encoding", (onProgress) => encoder.forwardIntermediates([picture(), picture()], { batchSize: 1, onProgress })],
    ["Encoding", (onProgress) => encoder.embed([picture(), picture()], { batchSize: 1, onProgress })],
    ["Encoding", (onProgress) => encoder.embedText(["a cat", "a boat"], { batchSize: 1, onProgress })],
    ["Encoding", (onProgress) => view.pca([picture(), picture()], encoder, { onProgress })],
    [
      "Scoring",
      (onProgress) =>
        law.captionScore(
          model,
          [0, 1].map((image) => ({ image, caption: "a" })),
          { onProgress },
        ),
    ],
  ];
  for (const [number, [label, call]] of calls.entries())
    it(`${label.toLowerCase()}, call ${number + 1}`, async () => {
      await call(undefined);
      assert.match(bars[0] ?? "", new RegExp(`^${label} \\[`));
      const shown = bars.length;
      const heard: number[] = [];
      await call(({ done, total }) => void heard.push(done / total));
      assert.equal(bars.length, shown, "who listens sees no bar");
      assert.equal(heard.at(-1), 1);
    });
});
