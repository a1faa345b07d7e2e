/** The gallery in the kernel: neighbors, what it saves, what it answers. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { acceptView } from "../../kernel/view/live";
import { gallery, type FeatureFolderLike } from "../../kernel/view/gallery";
import {
  GALLERY_MIME,
  pictureBytes,
  readGallery,
  readGalleryReply,
  readPlaces,
  savePlaces,
  splitThumbs,
  type GalleryPayload,
  type NearReply,
  type PictureReply,
  type ThumbsReply,
} from "../../kernel/protocol";
import { ProtocolError } from "../../kernel/protocol/core/check";
import { changed } from "./changed";
import { FakeComm } from "./fake-comm";
import { syntheticPair } from "./synthetic";

const { source } = syntheticPair();
const [ROWS, COLUMNS, CHANNELS] = [2, 3, 8];

/**
 * Pictures on a circle: picture `i` points at angle `i` of `count`, so that its neighbors are the pictures beside it. Patch `p` of
 * picture `i` also has one channel that only patch `p` of picture `i + 7` shares.
 */
function folderOf(count: number, reads: string[][] = []): FeatureFolderLike {
  const names = Array.from({ length: count }, (_, i) => `pictures/${i}.png`);
  const lines = names.map((path) => ({ path, status: "ok", size: [256, 192] as const }));
  const broken = { path: "broken.png", status: "skipped", reason: "no picture" };
  return {
    folder: "features",
    run: { encoder: { name: "synthetic" }, layers: [{ layer: 2, channels: CHANNELS, grid: [ROWS, COLUMNS] }] },
    images: new Map([...lines, broken].map((line) => [line.path, line])),
    paths: names,
    maps: async (paths, layers) => {
      reads.push([...paths]);
      const size = ROWS * COLUMNS * CHANNELS;
      const data = new Float32Array(paths.length * size);
      paths.forEach((path, i) => {
        const index = names.indexOf(path);
        const angle = (2 * Math.PI * index) / count;
        for (let patch = 0; patch < ROWS * COLUMNS; patch++) {
          const at = i * size + patch * CHANNELS;
          data.set([Math.cos(angle), Math.sin(angle)], at);
          data[at + 2 + patch] = index === 0 || index === 7 ? 3 : 0;
        }
      });
      return layers.map((layer) => ({ data, grid: [ROWS, COLUMNS] as const, channels: CHANNELS, layer }));
    },
  };
}

const drawn = { pictures: (path: string) => (path.includes("/5.") ? "gone.png" : source) };
const payloadOf = (view: { bundle: Record<string, unknown> }): GalleryPayload =>
  readGallery(JSON.parse(JSON.stringify(view.bundle[GALLERY_MIME])));

describe("view.gallery", () => {
  it("saves the view, a PNG and a text, with what has no features", async () => {
    const progress: number[] = [];
    const view = await gallery(folderOf(40), { ...drawn, title: "T", onProgress: ({ done }) => progress.push(done) });
    assert.deepEqual(Object.keys(view.bundle), [GALLERY_MIME, "image/png", "text/plain"]);
    const payload = payloadOf(view);
    assert.deepEqual(payload, JSON.parse(JSON.stringify(view.bundle[GALLERY_MIME])));
    assert.deepEqual([payload.count, payload.total, payload.skippedCount], [40, 40, 1]);
    assert.deepEqual(payload.skipped, [{ path: "broken.png", reason: "no picture" }]);
    assert.match(
      String(view),
      /^T: gallery of 40 pictures, synthetic, layer 2; .*\n1 picture without features: broken\.png/,
    );
    assert.deepEqual(progress, [16, 32, 40]);
    assert.ok(
      payload.thumbs.length > 20 && !payload.thumbs.some(({ index }) => index === 5),
      "a picture that cannot be read",
    );
  });

  it("finds the neighbors on a circle, by the cosine of mean features", async () => {
    const view = await gallery(folderOf(40), drawn);
    const near = view.nearest("pictures/20.png", 4);
    assert.deepEqual(
      near.map(({ path }) => path).sort(),
      ["18", "19", "21", "22"].map((i) => `pictures/${i}.png`),
    );
    assert.ok(Math.abs(near[0].cosine - Math.cos((2 * Math.PI) / 40)) < 1e-4);
    assert.throws(
      () => view.nearest("x"),
      /view\.gallery: a picture must be one of the 40 paths of the view, received "x"/,
    );
  });

  it("puts the circle on two components that hold what the circle holds", async () => {
    const { places } = payloadOf(await gallery(folderOf(40), drawn));
    const at = readPlaces(places);
    assert.equal(at.length, 80);
    const turn = (i: number): number => Math.atan2(at[2 * i + 1] - 0.5, at[2 * i] - 0.5);
    const steps = Array.from({ length: 10 }, (_, i) => Math.sin(turn(i + 21) - turn(i + 20)));
    assert.ok(
      steps.every((step) => Math.sign(step) === Math.sign(steps[0])),
      "neighbors follow each other",
    );
  });

  it("stays within 300 KB for thousands of pictures, and says how many were left out", async () => {
    const view = await gallery(folderOf(6000), drawn);
    assert.ok(JSON.stringify(view.bundle).length <= 300 * 1024, `${JSON.stringify(view.bundle).length}`);
    const payload = payloadOf(view);
    assert.deepEqual([payload.count, payload.total], [5000, 6000]);
    assert.match(String(view), /gallery of 5000 pictures of 6000/);
  });

  it("says how a folder is opened", async () => {
    await assert.rejects(
      gallery("feats" as never),
      /view\.gallery: a folder must be opened: view\.gallery\(await features\.open\(folder\)\), received "feats"/,
    );
  });

  it("refuses by name what breaks a rule", async () => {
    const folder = folderOf(3);
    for (const [given, options, says] of [
      [{}, {}, /folder must be what features\.open returns/],
      [{ ...folder, paths: [] }, {}, /the folder must hold the features of a picture/],
      [folder, { limit: 0 }, /limit must be an integer in 1\.\.20000, received 0/],
      [folder, { layer: 1 }, /layer must be one of 2, received 1/],
      [folder, { current: "x" }, /one of the 3 paths of the view/],
      [folder, { pictures: 3 as never }, /pictures must be a folder, or a function/],
    ] as const)
      await assert.rejects(gallery(given as FeatureFolderLike, options), (error: Error) => says.test(error.message));
    const stopped = AbortSignal.abort(new Error("enough"));
    await assert.rejects(gallery(folder, { signal: stopped }), /enough/);
  });
});

describe("a live gallery", () => {
  const wait = async (until: () => boolean): Promise<void> => {
    while (!until()) await new Promise((done) => setImmediate(done));
  };
  async function open(count = 40): Promise<{ comm: FakeComm; ask(data: object): Promise<FakeComm["sent"][number]> }> {
    const view = await gallery(folderOf(count), drawn);
    const comm = new FakeComm();
    acceptView(comm, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    const ask = async (data: object): Promise<FakeComm["sent"][number]> => {
      const { length } = comm.sent;
      comm.receive(data as never);
      await wait(() => comm.sent.length > length);
      return comm.sent[length];
    };
    return { comm, ask };
  }

  it("sends small pictures, and why one cannot be read", async () => {
    const { ask } = await open();
    const { data, buffers } = await ask({ type: "thumbs", indices: [3, 5, 6] });
    const reply = readGalleryReply(data) as ThumbsReply;
    const files = splitThumbs(reply, buffers);
    assert.deepEqual(
      reply.items.map(({ name }) => name),
      ["pictures/3.png", "pictures/5.png", "pictures/6.png"],
    );
    assert.deepEqual(
      files.map((file) => file && [...file.subarray(0, 2)]),
      [[255, 216], undefined, [255, 216]],
    );
    assert.match(reply.items[1].reason ?? "", /gone\.png/);
    const none = await ask({ type: "thumbs", indices: [5] });
    assert.deepEqual(
      [none.buffers.length, splitThumbs(readGalleryReply(none.data) as ThumbsReply, none.buffers)],
      [0, [undefined]],
    );
  });

  it("sends a picture with the place of its patches", async () => {
    const { ask } = await open();
    const { data, buffers } = await ask({ type: "picture", index: 2 });
    const reply = readGalleryReply(data) as PictureReply;
    assert.deepEqual([reply.width, reply.height, reply.region], [256, 192, [0, 0, 256, 192]]);
    assert.ok((pictureBytes(reply, buffers)?.length ?? 0) > 500);
  });

  it("finds the picture with the nearest patch, and its place", async () => {
    const { ask } = await open();
    const { data } = await ask({ type: "near", serial: 1, index: 0, patch: 4 });
    const { neighbors, serial } = readGalleryReply(data) as NearReply;
    assert.equal(serial, 1);
    assert.equal(neighbors[0].index, 7, "only picture 7 shares the channel of patch 4");
    assert.deepEqual(neighbors[0].box, [1 / 3, 1 / 2, 2 / 3, 1]);
    const whole = readGalleryReply((await ask({ type: "near", serial: 2, index: 20, patch: null })).data) as NearReply;
    assert.deepEqual(
      whole.neighbors
        .slice(0, 2)
        .map(({ index }) => index)
        .sort(),
      [19, 21],
    );
    assert.equal(whole.neighbors[0].box, undefined);
  });

  it("answers only the latest question about patches", async () => {
    const { comm, ask } = await open(200);
    comm.receive({ type: "near", serial: 1, index: 1, patch: 0 });
    comm.receive({ type: "near", serial: 2, index: 2, patch: 0 });
    await ask({ type: "near", serial: 3, index: 3, patch: 0 });
    const serials = comm.sent.filter(({ data }) => data.type === "near").map(({ data }) => data.serial);
    assert.deepEqual(serials, [3]);
  });

  it("refuses pictures and patches that are not there", async () => {
    const { ask } = await open();
    for (const [request, says] of [
      [{ type: "thumbs", indices: [40] }, /index must be below 40/],
      [{ type: "picture", index: 99 }, /index must be below 40/],
      [{ type: "near", serial: 1, index: 0, patch: 6 }, /patch must be below 6/],
      [{ type: "thumbs", indices: [] }, /indices must be an array of 1\.\.64/],
    ] as const)
      assert.match(String((await ask(request)).data.message), says);
  });
});

describe("a saved gallery", () => {
  it("is refused by path where it breaks the format", async () => {
    const { bundle } = await gallery(folderOf(10), drawn);
    const payload = JSON.parse(JSON.stringify(bundle[GALLERY_MIME])) as GalleryPayload;
    for (const [path, to, says] of [
      [["current"], 10, /current must be below 10/],
      [["places"], "AAAA", /places must be base64 of 40 bytes/],
      [["reduced", "data"], "AAAA", /reduced\.data must be base64/],
      [["reduced", "scale"], [1], /reduced\.scale must be/],
      [["thumbs", 0, "index"], 10, /thumbs\[0\]\.index must be below 10/],
      [["names"], Array(11).fill("x"), /names must be at most 10/],
      [["count"], 20_001, /count must be/],
    ] as [(string | number)[], unknown, RegExp][])
      assert.throws(
        () => readGallery(changed(payload, path, to)),
        (error) => error instanceof ProtocolError && says.test(error.message),
        String(path),
      );
  });

  it("keeps places in 16 bits an axis", () => {
    const back = readPlaces(savePlaces(Float32Array.of(-2, 5, 0, 5, 2, 9)));
    assert.deepEqual(
      [...back].map((value) => Number(value.toFixed(3))),
      [0, 0, 0.5, 0, 1, 1],
    );
  });
});
