/** The attention view in the kernel: numbers, what it saves, what it answers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  ATTENTION_MIME,
  headNumbers,
  meanQuery,
  queryRows,
  readAttention,
  readAttentionReply,
  readRowsBuffer,
  savedRowsOf,
  saveRows,
  type AttentionPayload,
  type AttentionShape,
} from "../../kernel/protocol";
import { ProtocolError } from "../../kernel/protocol/core/check";
import { acceptView } from "../../kernel/view/live";
import { attention, type AttentionEncoder, type AttentionMapLike } from "../../kernel/view/attention";
import { latticeQueries } from "../../kernel/view/attention/save";
import { changed } from "./changed";
import { FakeComm } from "./fake-comm";
import { syntheticPair } from "./synthetic";

interface Golden {
  heads: number;
  prefix: number;
  grid: [number, number];
  attention: number[];
  entropy: number[];
  distance: number[];
  mean: number[];
}

const golden = JSON.parse(readFileSync(join(import.meta.dirname, "golden", "attention.json"), "utf8")) as Golden;
const { source, target } = syntheticPair();

/** Attention that looks one patch to the right, more sharply with the head and the layer. */
function syntheticMap(
  layer: number,
  batch: number,
  prefix: number,
  grid: [number, number],
  heads = 3,
): AttentionMapLike {
  const tokens = prefix + grid[0] * grid[1];
  const data = new Float32Array(batch * heads * tokens * tokens);
  for (let row = 0; row < batch * heads * tokens; row++) {
    const head = Math.floor(row / tokens) % heads;
    const sharp = 1 + head + layer;
    const peak = Math.min(tokens - 1, (row % tokens) + 1);
    const values = Float64Array.from({ length: tokens }, (_, i) => Math.exp(i === peak ? sharp : 0));
    const sum = values.reduce((a, b) => a + b, 0);
    values.forEach((value, i) => (data[row * tokens + i] = value / sum));
  }
  return { data, dims: [batch, heads, tokens, tokens], prefixTokens: prefix, grid, layer };
}

function encoderOf(prefix: number, asked: number[][] = []): AttentionEncoder {
  return {
    name: "synthetic",
    device: "cpu",
    info: { depth: 3, blocks: [{ attention: "a" }, { attention: null }, { attention: "c" }] },
    attention: async (images, { indices = [] }) => {
      asked.push(indices);
      return indices.map((layer) => syntheticMap(layer, images.length, prefix, [6, 8]));
    },
  };
}

const payloadOf = (view: { bundle: Record<string, unknown> }): AttentionPayload =>
  readAttention(JSON.parse(JSON.stringify(view.bundle[ATTENTION_MIME])));

describe("the numbers of heads", () => {
  const shape: AttentionShape = golden;
  const data = Float32Array.from(golden.attention);

  it("are numpy's entropy and mean attention distance", () => {
    headNumbers(data, shape).forEach(({ entropy, distance }, head) => {
      assert.ok(Math.abs(entropy - golden.entropy[head]) < 1e-6, `${entropy}`);
      assert.ok(Math.abs(distance - golden.distance[head]) < 1e-6, `${distance}`);
    });
  });

  it("give the mean over patches, without the class token, as a separate query", () => {
    const rows = queryRows(data, shape, meanQuery(shape));
    rows.forEach((value, i) => assert.ok(Math.abs(value - golden.mean[i]) < 1e-6));
    assert.deepEqual(queryRows(data, shape, 2).slice(13), data.slice(13 * 13 + 26, 13 * 13 + 39));
  });

  it("call one token 0 and all alike 1", () => {
    const one = { heads: 1, prefix: 0, grid: [1, 4] } as const;
    const identity = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0));
    assert.deepEqual(headNumbers(identity, one), [{ entropy: 0, distance: 0 }]);
    const [{ entropy, distance }] = headNumbers(new Float32Array(16).fill(0.25), one);
    assert.ok(Math.abs(entropy - 1) < 1e-9 && Math.abs(distance - 1.25 / 4) < 1e-9);
  });

  it("are kept in 255 shades within half a shade of each row's largest value", () => {
    const rows = queryRows(data, shape, 5);
    const saved = { picture: 0, layer: 0, queries: [5], ...saveRows(rows, 13) };
    const back = savedRowsOf(saved, shape).get(5);
    assert.ok(back);
    back.forEach((value, i) => assert.ok(Math.abs(value - rows[i]) <= saved.largest[Math.floor(i / 13)] / 509));
  });
});

describe("view.attention", () => {
  it("saves the view, a PNG and a text; the layers are those that show their attention", async () => {
    const view = await attention(source, encoderOf(1), { title: "Where" });
    assert.deepEqual(Object.keys(view.bundle), [ATTENTION_MIME, "image/png", "text/plain"]);
    const payload = payloadOf(view);
    assert.deepEqual(payload, JSON.parse(JSON.stringify(view.bundle[ATTENTION_MIME])));
    assert.deepEqual([payload.layers.map(({ layer }) => layer), payload.layer, payload.query], [[0, 2], 1, 0]);
    assert.match(
      String(view),
      /^Where: attention of synthetic on cpu, 1 picture, 2 layers \[0, 2\], 6 x 8 patches after 1 prefix token/,
    );
    assert.match(
      String(view),
      /query: class token\n {2}head 1: most on patch row 1, column 1, 0\.\d{3}; entropy 0\.\d\d, mean/,
    );
    assert.equal(view.numbers.get(2)?.length, 3);
    const [blunt, , sharp] = view.numbers.get(2) ?? [];
    assert.ok(sharp.entropy < blunt.entropy);
  });

  it("saves every patch of a small grid at the layer shown first, and class token and mean of the others", async () => {
    const { saved, prefix } = payloadOf(await attention(source, encoderOf(1)));
    assert.deepEqual(
      saved.map(({ layer, queries }) => [layer, queries.length]),
      [
        [1, 1 + 1 + 48],
        [0, 2],
      ],
    );
    assert.equal(prefix, 1);
  });

  it("takes encoders without a class token: the mean is shown first, and there is no class query", async () => {
    const payload = payloadOf(await attention([source, target], encoderOf(0), { indices: [0, -1] }));
    assert.deepEqual([payload.prefix, payload.query, payload.pictures.length], [0, 48, 2]);
    await assert.rejects(
      attention(source, encoderOf(0), { query: "class" }),
      /view\.attention: query must be mean or a point: the encoder has no class token, received "class"/,
    );
  });

  it("takes maps that were computed before, and a point as the query", async () => {
    const view = await attention([source, target], [syntheticMap(4, 2, 1, [6, 8])], { query: [250, 190] });
    const payload = payloadOf(view);
    assert.deepEqual([payload.layers, payload.query], [[{ layer: 4, heads: 3 }], 48]);
  });

  it("stays within 300 KB for large grids, many layers and heads", async () => {
    const big: AttentionEncoder = {
      name: "big",
      device: "cpu",
      info: { depth: 6, blocks: Array.from({ length: 6 }, () => ({ attention: "a" })) },
      attention: async (_, { indices = [] }) => indices.map((layer) => syntheticMap(layer, 1, 5, [20, 20], 8)),
    };
    const noise = { ...source, width: 512, height: 512, data: new Uint8Array(512 * 512 * 3) };
    noise.data.forEach((_, i) => (noise.data[i] = (i * 2654435761) >>> 13));
    const view = await attention(noise, big);
    assert.ok(JSON.stringify(view.bundle).length <= 300 * 1024, `${JSON.stringify(view.bundle).length}`);
    assert.ok(payloadOf(view).saved[0].queries.length > 20);
  });

  it("answers rows of any query of any layer, and asks the encoder once a layer", async () => {
    const asked: number[][] = [];
    const view = await attention(source, encoderOf(1, asked));
    const before = asked.length;
    const comm = new FakeComm();
    acceptView(comm, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    comm.receive({ type: "rows", picture: 0, layer: 0, start: 3, count: 2 });
    await new Promise((done) => setImmediate(done));
    const { data, buffers } = comm.sent[1];
    const reply = readAttentionReply(data);
    assert.deepEqual([reply.heads, reply.tokens, reply.count], [3, 49, 2]);
    const rows = readRowsBuffer(reply, buffers);
    const exact = queryRows(syntheticMap(0, 1, 1, [6, 8]).data, { heads: 3, prefix: 1, grid: [6, 8] }, 4);
    rows.subarray(3 * 49).forEach((value, i) => assert.ok(Math.abs(value - exact[i]) < 1e-3));
    assert.equal(asked.length, before, "what was computed is kept");
    for (const [request, says] of [
      [{ picture: 1, layer: 0, start: 0, count: 1 }, /picture must be below 1/],
      [{ picture: 0, layer: 2, start: 0, count: 1 }, /layer must be below 2/],
      [{ picture: 0, layer: 0, start: 49, count: 2 }, /count must be at most 1 after start/],
    ] as const) {
      comm.receive({ type: "rows", ...request });
      await new Promise((done) => setImmediate(done));
      assert.match(String(comm.sent.at(-1)?.data.message), says);
    }
    view.dispose();
  });

  it("refuses by name what breaks a rule", async () => {
    const map = syntheticMap(0, 1, 1, [6, 8]);
    const refused: [Parameters<typeof attention>, RegExp][] = [
      [[[], encoderOf(1)], /there must be 1 to 16 pictures, received 0/],
      [[source, encoderOf(1), { layer: 7 }], /layer must be one of 0, 2, received 7/],
      [[source, encoderOf(1), { head: 3 }], /head must be an integer in 0\.\.2, received 3/],
      [[source, encoderOf(1), { query: [900, 1] }], /query must be class, mean or a point in 0, 0, 256, 192/],
      [[source, encoderOf(1), { indices: [5] }], /indices must be different layers below 3/],
      [[source, encoderOf(1), { scale: "x" as never }], /scale must be one of heads, head, absolute, received "x"/],
      [[[source, target], [map]], /layer 0 must hold every picture, received 1/],
      [[source, [map, map]], /each map must be of another layer/],
      [[source, [{ ...map, grid: [7, 7] }]], /layer 0 must be \[B, heads, 50, 50\]/],
      [[source, []], /source must be an encoder, or maps/],
      [
        [source, { ...encoderOf(1), info: { depth: 1, blocks: [{ attention: null }] } }],
        /must show the attention of a block/,
      ],
    ];
    for (const [given, says] of refused)
      await assert.rejects(
        attention(...given),
        (error: Error) => error.name === "ViewError" && says.test(error.message),
      );
  });
});

describe("a saved attention view", () => {
  it("is refused by path where it breaks the format", async () => {
    const payload = JSON.parse(
      JSON.stringify((await attention(source, encoderOf(1))).bundle[ATTENTION_MIME]),
    ) as AttentionPayload;
    const broken: [(string | number)[], unknown, RegExp][] = [
      [["layer"], 2, /layer must be below 2/],
      [["head"], 3, /head must be below 3/],
      [["query"], 50, /query must be below 50/],
      [["numbers", 0], [], /numbers\[0\]/],
      [["saved", 0, "largest"], [1], /saved\[0\]\.largest must be of length 150/],
      [["saved", 1, "data"], "AAAA", /saved\[1\]\.data must be of length/],
      [["grid"], [0, 3], /grid/],
      [["pictures", 0, "image", "data"], "<img>", /pictures\[0\]\.image\.data must be base64/],
    ];
    for (const [path, to, says] of broken)
      assert.throws(
        () => readAttention(changed(payload, path, to)),
        (error) => error instanceof ProtocolError && says.test(error.message),
        String(path),
      );
  });

  it("holds the finest lattice of queries that fits", () => {
    const shape: AttentionShape = { heads: 2, prefix: 1, grid: [4, 6] };
    assert.equal(latticeQueries(shape, 2 * 25 * 24).length, 24);
    assert.deepEqual(latticeQueries(shape, 2 * 25 * 6), [8, 10, 12, 20, 22, 24]);
    assert.deepEqual(latticeQueries(shape, 10), []);
  });
});
