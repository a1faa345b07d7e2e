import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import * as data from "../../kernel/data";
import * as encoders from "../../kernel/encoders";
import { tokensOf } from "../../kernel/contracts/features.ts";
import * as features from "../../kernel/features/index.ts";
import * as law from "../../kernel/law";
import type {
  CScoreOptions,
  ImageFeatures,
  InputGeometry,
  LayerExtractor,
  PairFlags,
  Point,
  ScoredPair,
} from "../../kernel/law";

const SIDE = 4;
const CELLS = SIDE * SIDE;

/** Each cell of every image carries its own unit vector, so the same position always matches itself. */
function positional(seen: string[] = [], geometry?: (path: string) => InputGeometry): LayerExtractor {
  const tokens = new Float32Array(CELLS * CELLS);
  for (let i = 0; i < CELLS; i++) tokens[i * CELLS + i] = 1;
  return {
    name: "positional",
    forwardIntermediates(images) {
      seen.push(...images);
      const one = { layer: 1, grid: [SIDE, SIDE] as const, channels: CELLS, tokens: () => tokens };
      return Promise.resolve({ intermediates: [{ ...one, geometry: geometry && images.map(geometry) }] });
    },
  };
}

function pairOf(category: string, target: Record<string, Point | null>, flags?: PairFlags): ScoredPair {
  const source = Object.fromEntries(Object.keys(target).map((id) => [id, [5, 5] as const]));
  return {
    category,
    flags,
    source: { path: `${category}-a.png`, size: [40, 40], keypoints: source },
    target: { path: `${category}-b.png`, size: [40, 40], keypoints: target, box: [0, 0, 40, 40] },
  };
}

const options: CScoreOptions = { alphas: [0.1], match: "argmax" };
const RIGHT: Point = [5, 5];
const WRONG: Point = [35, 35];

describe("parts of a C score", () => {
  const pairs = [
    pairOf("cat", { 0: RIGHT }, { viewpointVariation: 0, mirror: null }),
    pairOf("dog", { 0: WRONG }, { viewpointVariation: 2 }),
    pairOf("cow", { 0: RIGHT }, { viewpointVariation: 2 }),
    pairOf("hen", { 0: RIGHT }),
  ];

  it("are told by the value of each flag that pairs carry", async () => {
    const { flags, perPair } = await law.cScore(positional(), pairs, options);
    assert.equal(perPair[0], 75);
    assert.deepEqual(Object.keys(flags), ["viewpointVariation"]);
    assert.deepEqual([flags.viewpointVariation?.[0].perPair, flags.viewpointVariation?.[2].perPair], [[100], [50]]);
    assert.equal(flags.viewpointVariation?.[2].pairs, 2);
  });

  it("geometry-aware: members of a group with two visible in the target, visible in both", async () => {
    const lookAlikes = {
      cat: [
        ["0", "1"],
        ["2", "3"],
      ],
      dog: [["0", "1", "2"]],
    };
    const cat = pairOf("cat", { 0: RIGHT, 1: WRONG, 2: RIGHT, 3: null, 9: RIGHT });
    const hiddenInSource = { ...pairOf("dog", { 0: RIGHT, 1: RIGHT }), category: "dog" };
    const dog = {
      ...hiddenInSource,
      source: { ...hiddenInSource.source, keypoints: { 0: null, 1: RIGHT } },
    };
    const { geometryAware } = await law.cScore(positional(), [cat, dog, pairs[3]], { ...options, lookAlikes });
    // cat: 0 and 1 count (one right), 2 has no visible partner; dog: only 1 is visible in both; hen has no groups.
    assert.deepEqual(geometryAware?.categories, { cat: [50], dog: [100] });
    assert.deepEqual([geometryAware?.pairs, geometryAware?.keypoints, geometryAware?.skipped], [2, 3, 1]);
    assert.equal((await law.cScore(positional(), [cat], options)).geometryAware, null);
  });

  it("confusions: nearer to a look-alike that both images show than to their own place", async () => {
    const lookAlikes = { cat: [["0", "1"]], dog: [["0", "1"]] };
    // All are predicted at RIGHT: 1 of the first cat takes the place of 0; the dog's 0 is hidden, so 1 has nobody to be taken for.
    const cats = [pairOf("cat", { 0: RIGHT, 1: WRONG, 7: WRONG }), pairOf("cat", { 0: RIGHT, 1: RIGHT })];
    const dog = pairOf("dog", { 0: null, 1: WRONG });
    const of = async (pairs: ScoredPair[], given: CScoreOptions): Promise<number | null> =>
      (await law.cScore(positional(), pairs, { ...options, ...given })).confusions;
    assert.equal(await of([...cats, dog], { lookAlikes }), 25);
    assert.equal(await of([dog], { lookAlikes }), null);
    assert.equal(await of(cats, {}), null);
  });

  it("reciprocal rate: the best target cell leads back to the source's cell", async () => {
    const own = new Float32Array(CELLS * CELLS);
    for (let i = 0; i < CELLS; i++) own[i * CELLS + i] = 1;
    const same = new Float32Array(CELLS * CELLS);
    for (let i = 0; i < CELLS; i++) same[i * CELLS] = 1;
    // Every cell of the target looks like the first one of the source: only from there a match leads back.
    const source = (path: string) => ({
      tokens: path.endsWith("a.png") ? own : same,
      grid: [SIDE, SIDE] as const,
      channels: CELLS,
    });
    const pair = pairOf("cat", { 0: RIGHT, 1: RIGHT, 2: RIGHT, 3: null });
    const keypoints = { 0: RIGHT, 1: [15, 15] as const, 2: WRONG, 3: WRONG };
    const turned = { ...pair, source: { ...pair.source, keypoints } };
    const rate = async (given: CScoreOptions): Promise<number | null> =>
      (await law.cScore(source, [turned], { ...options, ...given })).reciprocal;
    assert.ok(Math.abs(((await rate({ reciprocal: true })) as number) - 100 / 3) < 1e-9);
    assert.equal(await rate({}), null);
    assert.equal((await law.cScore(positional(), [pair], { ...options, reciprocal: true })).reciprocal, 100);
  });
});

describe("features that are kept", () => {
  const pairs = ["cat", "dog", "cow"].map((name) => pairOf(name, { 0: RIGHT }));

  it("a cache spares the encoder, and an aborted score is taken up where it stopped", async () => {
    const cache = new Map<string, ImageFeatures>();
    const abort = new AbortController();
    const first: string[] = [];
    const stop = { ...options, cache, batchSize: 2, signal: abort.signal, onProgress: () => abort.abort() };
    await assert.rejects(law.cScore(positional(first), pairs, stop), { name: "AbortError" });
    assert.equal(first.length, 2);
    const second: string[] = [];
    const score = await law.cScore(positional(second), pairs, { ...options, cache });
    assert.equal(second.length, 4);
    assert.equal(first.filter((path) => second.includes(path)).length, 0);
    assert.deepEqual(score, await law.cScore(positional(), pairs, options));
    await law.cScore(positional(second), pairs, { ...options, cache, center: true });
    assert.equal(second.length, 10, "another way of normalising is another entry");
  });

  it("outcomes keep the order of the pairs, whatever the order of the visits", async () => {
    const mixed = [pairs[1], pairs[0], pairOf("dog", { 0: WRONG }, { mirror: 1 }), pairs[2]];
    const { categories, flags } = await law.cScore(positional(), mixed, { ...options, batchSize: 1 });
    assert.deepEqual(categories, { dog: [50], cat: [100], cow: [100] });
    assert.deepEqual(flags.mirror?.[1].perPair, [0]);
  });

  it("a function from path to features takes the place of an encoder", async () => {
    const { intermediates } = await positional().forwardIntermediates(["x"], {
      indices: null,
      outputFmt: "NLC",
      intermediatesOnly: true,
    });
    const { grid, channels } = intermediates[0];
    const asked: string[] = [];
    const source = (path: string) => {
      asked.push(path);
      return { tokens: tokensOf(intermediates[0], 0), grid, channels };
    };
    assert.deepEqual(await law.cScore(source, pairs, options), await law.cScore(positional(), pairs, options));
    assert.equal(asked.length, 6);
  });
});

describe("features on disk", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "fovea-stored-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("take the encoder's place; an extraction that was stopped goes on, and a second score needs no encoder", async () => {
    const spair = join(folder, "spair");
    await data.world.writeSpair(spair, { categories: ["bird", "cat"], images: 8, pairs: 8 });
    const { pairs: read } = data.spair.read(spair);
    const encoder = await encoders.load("zoo/untrained-hybrid");
    const images = [...new Set(read.flatMap(({ source, target }) => [source.path, target.path]))];
    const out = join(folder, "features");
    const stop = new AbortController();
    const extraction = { encoder, images, out, indices: [-2, -1], batchSize: 2, imagesPerFile: 2 };
    await assert.rejects(features.extract({ ...extraction, signal: stop.signal, onProgress: () => stop.abort() }), {
      name: "AbortError",
    });
    assert.equal((await features.extract(extraction)).reused >= 2, true);
    const joined = await law.cScore(encoder, read, { indices: [-2, -1], alphas: [0.1] });
    const last = await law.cScore(encoder, read, { indices: [-1], alphas: [0.1] });
    const each = await law.cScoreByLayer(encoder, read, { indices: [2, 3], alphas: [0.1] });
    await encoder.dispose();
    const stored = await features.open(out);
    assert.deepEqual(await law.cScore(stored, read, { indices: [2, 3], alphas: [0.1] }), joined);
    assert.deepEqual(await law.cScore(stored, read, { alphas: [0.1] }), last, "by default the last layer");
    assert.deepEqual(await law.cScoreByLayer(stored, read, { alphas: [0.1] }), each);
    await assert.rejects(
      law.cScore(stored, read, { geometry: "stretch-image", indices: [1] }),
      /stored ones, which are 2, 3/,
    );
    const elsewhere = { ...read[0], source: { ...read[0].source, path: "/elsewhere/x.jpg" } };
    await assert.rejects(law.cScore(stored, [elsewhere]), /law\.cScore: features must hold every image of the pairs/);
  });

  it("of a folder are found by the path inside it", async () => {
    const spair = join(folder, "spair");
    const [pair] = data.spair.read(spair).pairs;
    const out = join(folder, "by-folder");
    await features.extract({ encoder: "zoo/untrained-hybrid", images: join(spair, "JPEGImages"), out });
    const score = await law.cScore(await features.open(out), [pair]);
    assert.equal(score.pairs, 1);
  });
});

describe("geometry of images that are not square", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "fovea-geometry-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** One picture with itself, keypoints all over it: only geometry can make an error. */
  async function twin(width: number, height: number): Promise<ScoredPair> {
    const path = join(folder, `${width}x${height}.png`);
    const noise = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919 + (i % 977) * 31) % 256);
    await sharp(noise, { raw: { width, height, channels: 3 } })
      .blur(4)
      .normalize()
      .png()
      .toFile(path);
    const at = (share: number) => [share * width, share * height] as const;
    const keypoints = { 0: at(0.2), 1: [0.8 * width, 0.3 * height] as const, 2: at(0.7), 3: at(0.5) };
    const size = [width, height] as const;
    return {
      category: "twin",
      source: { path, size, keypoints },
      target: { path, size, keypoints, box: [0, 0, width, height] },
    };
  }

  async function worst(resize: "letterbox" | "stretch", size: [number, number], extra: CScoreOptions): Promise<number> {
    const encoder = await encoders.load("zoo/untrained-hybrid", { preprocess: { resize } });
    try {
      const exact = { ...options, cellCenter: "exact", strict: false, ...extra } as const;
      // Half the diagonal of a cell, as a share of the box's longer side (the canvas), and a little for rounding to whole pixels.
      const alpha = (Math.SQRT2 / 2 / 16) * 1.02;
      const score = await law.cScore(encoder, [await twin(...size)], { ...exact, alphas: [alpha] });
      return score.perPoint[0];
    } finally {
      await encoder.dispose();
    }
  }

  it("letterbox, stretch and encoder put every keypoint of a picture on its own cell", async () => {
    for (const size of [
      [96, 160],
      [160, 96],
    ] as [number, number][]) {
      assert.equal(await worst("letterbox", size, {}), 100);
      assert.equal(await worst("stretch", size, { geometry: "stretch" }), 100);
      assert.equal(await worst("letterbox", size, { geometry: "encoder" }), 100);
      assert.equal(await worst("stretch", size, { geometry: "encoder" }), 100);
    }
  });

  it("an encoder that prepares pictures otherwise is refused, and the message says how to load it", async () => {
    await assert.rejects(
      worst("stretch", [96, 160], {}),
      /law\.cScore: geometry "letterbox" needs images prepared with resize "letterbox" to 128 pixels .*off by 26\.2 pixels/,
    );
    await assert.rejects(worst("letterbox", [96, 160], { geometry: "stretch-image" }), /resize "stretch"/);
  });

  it("stretch-image is the release's mismatch: it takes stretched images and letterboxed keypoints", async () => {
    const stretched = (): InputGeometry => ({ scaleX: 2, scaleY: 1, offsetX: 0, offsetY: 0, modelSize: [80, 80] });
    const side = { path: "a.png", size: [40, 80] as const, keypoints: { 0: [20, 10] as const } };
    const pair = { category: "c", source: side, target: { ...side, path: "b.png", box: [0, 0, 40, 80] as const } };
    const release = await law.cScore(positional([], stretched), [pair], { ...options, geometry: "stretch-image" });
    assert.deepEqual(release, await law.cScore(positional(), [pair], { ...options, geometry: "letterbox" }));
    await assert.rejects(law.cScore(positional([], stretched), [pair], options), /resize "letterbox"/);
  });

  it("encoder needs features that say how images lie", async () => {
    const pair = pairOf("cat", { 0: RIGHT });
    const wanted = { ...options, geometry: "encoder" } as const;
    await assert.rejects(
      law.cScore(positional(), [pair], wanted),
      /features that say how images lie, received "cat-a\.png"/,
    );
    assert.throws(
      () => law.pckOfPredictor(pair, (point) => point, wanted),
      /law\.pckOfPredictor: geometry "encoder" needs sides/,
    );
  });

  it("a picture of another size than its annotation is refused whatever the geometry", async () => {
    const pair = pairOf("cat", { 0: RIGHT });
    const [width, height] = pair.source.size;
    const lie = { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, modelSize: [width, width] as const };
    const turned = (): InputGeometry => ({ ...lie, imageSize: [height + 8, width] });
    for (const geometry of ["encoder", "letterbox", "stretch", "stretch-image"] as const)
      await assert.rejects(
        law.cScore(positional([], turned), [pair], { ...options, geometry }),
        new RegExp(
          `the picture cat-a\\.png is ${height + 8} x ${width} pixels \\(turned upright\\), its annotation .*received "${width} x ${height}"`,
        ),
      );
  });
});
