import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { decodeFloat16 } from "../../kernel/numeric";
import type { JSONValue, SessionHost } from "../../kernel/display/host";
import { installHost } from "../../kernel/display/host";
import { featureParts, serveFeatures } from "../../kernel/view/correspondence/serve";
import { acceptView, keepLive, liveBytes } from "../../kernel/view/live";
import { FakeComm } from "./fake-comm";

const layers = [
  {
    channels: 2,
    features: [Float32Array.of(1, 0, 0, 1), Float32Array.of(0.6, 0.8, 1, 0, 0, 1)] as [Float32Array, Float32Array],
  },
];
const view = serveFeatures("known", layers);

function opened(data: JSONValue): FakeComm {
  const comm = new FakeComm();
  acceptView(comm, { data, metadata: {}, buffers: [] });
  return comm;
}

describe("the kernel's side of a live view", () => {
  let release = (): void => {};
  afterEach(() => release());

  it("says ready, then sends float16 features of the image and layer asked for", () => {
    release = keepLive(view);
    const comm = opened({ version: 1, view: "known" });
    comm.receive({ type: "features", layer: 0, image: 1 });
    assert.deepEqual(comm.sent[0].data, { type: "ready" });
    assert.deepEqual(comm.sent[1].data, {
      type: "features",
      layer: 0,
      image: 1,
      channels: 2,
      start: 0,
      tokens: 3,
      total: 3,
    });
    decodeFloat16(comm.sent[1].buffers[0]).forEach((value, i) =>
      assert.ok(Math.abs(value - layers[0].features[1][i]) < 5e-4),
    );
  });

  it("answers a malformed request with an error as data, and goes on", () => {
    release = keepLive(view);
    const comm = opened({ version: 1, view: "known" });
    comm.receive({ type: "features", layer: 7, image: 0 });
    comm.receive("nonsense");
    comm.receive({ type: "features", layer: 0, image: 0 });
    assert.deepEqual(comm.sent[1].data, {
      type: "error",
      code: "malformed",
      message: "fovea.view request: layer must be below 1, received 7",
      path: "layer",
    });
    assert.equal(comm.sent[2].data.code, "malformed");
    assert.equal(comm.sent[3].data.type, "features");
  });

  it("hands requests of any type over, tells what a view throws or rejects, and is silent to a closed viewer", async () => {
    release = keepLive({
      id: "any",
      open: (channel) => channel.send({ type: "opened" }),
      serve: (request, channel) => {
        if (request.type === "wait") return Promise.reject(new Error("too late"));
        channel.send(request, [Uint8Array.of(7)]);
      },
    });
    const comm = opened({ version: 1, view: "any" });
    comm.receive({ type: "echo", of: 1 });
    comm.receive({ type: "wait" });
    await new Promise(setImmediate);
    Object.assign(comm, { closed: true });
    comm.receive({ type: "echo" });
    assert.deepEqual(
      comm.sent.map(({ data }) => data),
      [
        { type: "ready" },
        { type: "opened" },
        { type: "echo", of: 1 },
        { type: "error", code: "failed", message: "too late" },
      ],
    );
    assert.deepEqual(comm.sent[2].buffers, [Uint8Array.of(7)]);
  });

  it("says that a view without requests answers none", () => {
    release = keepLive({ id: "mute" });
    const comm = opened({ version: 1, view: "mute" });
    comm.receive({ type: "echo" });
    assert.match(String(comm.sent[1].data.message), /type must be no request: this view answers none/);
  });

  it("keeps 512 MB for viewers at most, and lets go of the oldest view first", () => {
    const half = 300 * 1024 * 1024;
    keepLive({ id: "old", bytes: half });
    release = keepLive({ id: "new", bytes: half });
    assert.equal(opened({ version: 1, view: "old" }).sent[0].data.code, "unknown-view");
    assert.deepEqual([opened({ version: 1, view: "new" }).sent[0].data.type, liveBytes()], ["ready", half]);
  });

  it("does not know a view after it was disposed", () => {
    keepLive(view)();
    const comm = opened({ version: 1, view: "known" });
    assert.equal(comm.sent[0].data.code, "unknown-view");
    assert.equal(liveBytes(), 0);
  });

  it("answers no question of a viewer that is still open once its view was disposed of", () => {
    const dispose = keepLive(view);
    const comm = opened({ version: 1, view: "known" });
    dispose();
    comm.receive({ type: "features", layer: 0, image: 1 });
    assert.deepEqual(
      comm.sent.map(({ data }) => data.code ?? data.type),
      ["ready", "unknown-view"],
    );
  });

  it("refuses a malformed opening", () => {
    assert.equal(opened({ view: 3 }).sent[0].data.code, "malformed");
  });

  it("cuts a layer into messages below the limit that cover every row once", () => {
    const pair = { channels: 4, features: [new Float32Array(40), new Float32Array(4)] as [Float32Array, Float32Array] };
    const parts = featureParts(pair, 0, 0, 24);
    assert.deepEqual(
      parts.map(({ reply }) => [reply.start, reply.tokens]),
      [
        [0, 3],
        [3, 3],
        [6, 3],
        [9, 1],
      ],
    );
    assert.ok(parts.every(({ buffer }) => buffer.length <= 24));
  });

  it("registers its comm target once a session hosts it", () => {
    const targets: string[] = [];
    installHost({ registerCommTarget: (target: string) => void targets.push(target) } as unknown as SessionHost);
    keepLive(view)();
    keepLive(view)();
    assert.deepEqual(targets, ["fovea.view"]);
  });
});
