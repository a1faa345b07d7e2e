import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { acceptView } from "../../kernel/view/live";
import { atlas } from "../../kernel/view/index";
import {
  type AtlasPayload,
  AtlasValues,
  ATLAS_MIME,
  blendNodes,
  meanWeights,
  openWeights,
  readAtlas,
  readAtlasRequest,
  replyValues,
  simplexPoint,
  simplexWeights,
} from "../../kernel/protocol/index";
import { FakeComm } from "./fake-comm";
import { EXPERTS, GAINS, makeSource } from "./atlas-source";

const close = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i] - expected[i]) <= tolerance, `${i}: ${actual[i]} for ${expected[i]}`);
};

async function made(): Promise<{
  payload: AtlasPayload;
  bundle: Record<string, unknown>;
  asked: unknown[];
  id: string;
}> {
  const { source, asked } = makeSource();
  const view = await atlas(source, { title: "Test", task: "saliency", gains: GAINS });
  const bundle = view.bundle as Record<string, unknown>;
  return { payload: readAtlas(JSON.parse(JSON.stringify(bundle[ATLAS_MIME]))), bundle, asked, id: view.id };
}

describe("the bias atlas", () => {
  it("saves a view, a picture and a text of at most 300 KB", async () => {
    const { bundle, payload } = await made();
    assert.ok(JSON.stringify(bundle).length <= 300 * 1024, `${JSON.stringify(bundle).length}`);
    assert.ok(bundle["image/png"]);
    assert.match(String(bundle["text/plain"]), /saliency: stem 20 %, dino 20 %, siglip 30 %, masks 30 %/);
    assert.equal(payload.current, 1);
    assert.deepEqual(payload.tasks[0].gains, [0, -12, 40, 8, 0, 5, 60, -30]);
    assert.ok(payload.tasks[0].truth && !payload.tasks[1].truth);
    close(meanWeights(payload.tasks[0], 4), [0.2, 0.2, 0.3, 0.3], 1e-6);
  });

  it("answers any weights from the saved mixtures, exactly where outputs are linear in them", async () => {
    const { payload } = await made();
    const values = new AtlasValues(payload);
    const depth = payload.tasks.findIndex(({ name }) => name === "depth");
    const weights = [0.2, 0.2, 0.3, 0.3];
    close(values.at(depth, weights), values.own(depth), 0.01);
  });

  it("blends mixtures by shares that add up to one and hit each of them", () => {
    close([blendNodes([0.1, 0.2, 0.3, 0.4]).reduce((sum, share) => sum + share, 0)], [1], 1e-12);
    close(blendNodes([0, 1, 0]), [0, 0, 0, 1, 0, 0], 0);
    close(blendNodes([0.5, 0, 0.5]), [0, 0, 1, 0, 0, 0], 1e-12);
  });

  it("places weights in a polygon and reads them back", () => {
    for (const weights of [
      [0.2, 0.3, 0.5],
      [1 / 3, 1 / 3, 1 / 3],
    ])
      close(simplexWeights(simplexPoint(weights), 3), weights, 1e-9);
    for (const point of [
      [0.5, 0.5],
      [0.7, 0.4],
      [0.3, 0.6],
    ] as const) {
      const weights = simplexWeights(point, 5);
      close([weights.reduce((sum, weight) => sum + weight, 0)], [1], 1e-12);
      close(simplexPoint(weights), point, 1e-9);
    }
    assert.ok(
      simplexWeights([3, -2], 4).every((weight) => weight >= 0),
      "outside is moved to the edge",
    );
    close(simplexWeights([0.5, 0.25], 2), [0.75, 0.25], 1e-12);
    assert.deepEqual(openWeights([0.5, 0.25, 0.25], [false, true, false]), [2 / 3, 0, 1 / 3]);
    assert.deepEqual(openWeights([0, 1], [false, true]), [1, 0]);
  });

  it("predicts at full size for its viewers, the last question of several", async () => {
    const { payload, asked, id } = await made();
    const comm = new FakeComm();
    acceptView(comm, { data: { version: 1, view: id }, metadata: {}, buffers: [] });
    asked.length = 0;
    for (const serial of [1, 2, 3])
      comm.receive({
        type: "predict",
        serial,
        weights: serial === 3 ? [0, 1, 0, 0] : null,
        closed: serial === 3 ? [2] : [],
      });
    await new Promise((done) => setTimeout(done, 200));
    const replies = comm.sent.filter(({ data }) => data.type === "predict");
    assert.deepEqual(
      replies.map(({ data }) => data.serial),
      [1, 3],
    );
    assert.deepEqual(asked, [
      [null, []],
      [[0, 1, 0, 0], [2]],
    ]);
    const values = replyValues(payload, replies[1].buffers);
    assert.deepEqual(
      values.map(({ length }) => length / 48 / 48),
      [1, 1, 3, 1],
    );
    comm.receive({ type: "predict", serial: 4, weights: [1], closed: [] });
    comm.receive({ type: "predict", serial: 5, weights: [0.5, 0.5], closed: [] });
    assert.match(JSON.stringify(comm.sent.at(-1)!.data), /4 weights/);
  });

  it("refuses what does not fit", async () => {
    const { source } = makeSource();
    await assert.rejects(atlas(source, { task: "parts" }), /task must be one of semseg/);
    await assert.rejects(atlas(source, { gains: { semseg: [[1]] } }), /gains of semseg/);
    await assert.rejects(atlas({ ...source, maps: [[]] }), /2 levels of 4 experts/);
    await assert.rejects(atlas({ ...source, tasks: [] }), /must have tasks/);
    const { payload } = await made();
    const broken = (change: object): unknown => ({ ...payload, ...change });
    assert.throws(() => readAtlas(broken({ current: 9 })), /current/);
    assert.throws(() => readAtlas(broken({ maps: "AAAA" })), /maps/);
    assert.throws(
      () => readAtlas(broken({ current: 0, tasks: [{ ...payload.tasks[0], mixtures: "AAAA" }] })),
      /mixtures/,
    );
    assert.throws(() => readAtlasRequest({ type: "predict", serial: 1, weights: null, closed: [0] }), /closed/);
    assert.equal(EXPERTS.length, 4);
  });
});
