import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { encodePng } from "../../kernel/view/draw/png.ts";
import type { RawImage } from "../../kernel/data/index.ts";
import type { Encoder } from "../../kernel/encoders/index.ts";
import * as features from "../../kernel/features/index.ts";
import { load, maxAbsDiff } from "../encoders/golden.ts";

let folder: string;
let encoder: Encoder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-sources-"));
  encoder = await load("vit.ts17");
});
after(async () => {
  await encoder.dispose();
  rmSync(folder, { recursive: true });
});

const picture = (seed: number): RawImage => {
  const data = Uint8Array.from({ length: 3 * 40 * 32 }, (_, i) => (i * (7 + seed) + seed * 31) % 256);
  return { data, width: 40, height: 32, channels: 3 };
};
const named = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `n${i}`, picture: picture(i), note: { label: i } }));
const run = (out: string, images: features.ImageSource, more: Partial<features.ExtractOptions> = {}) =>
  features.extract({ encoder, images, out: join(folder, out), batchSize: 2, imagesPerFile: 3, ...more });

describe("a source of pictures", () => {
  it("may hold decoded pictures: the same features as from files, with their notes", async () => {
    const files = Array.from({ length: 4 }, (_, i) => join(folder, `${i}.png`));
    files.forEach((file, i) => writeFileSync(file, encodePng(picture(i))));
    await run("files", files);
    await run("pictures", named(4));
    const [own, other] = [await features.open(join(folder, "pictures")), await features.open(join(folder, "files"))];
    assert.deepEqual(own.paths, ["n0", "n1", "n2", "n3"]);
    assert.deepEqual(own.images.get("n3")?.note, { label: 3 });
    for (const i of files.keys())
      assert.deepEqual((await own.features(`n${i}`)).data, (await other.features(files[i])).data);
    assert.equal((await run("pictures", named(4))).reused, 4);
    const changed = named(4).map((one, i) => (i === 2 ? { ...one, picture: picture(9) } : one));
    assert.equal((await run("pictures", changed)).reused, 3);
  });

  it("may make them one by one, and is not asked again for those that are there", async () => {
    const drawn: string[] = [];
    const source = (count: number): features.PictureSource => ({
      names: Array.from({ length: count }, (_, i) => `n${i}`),
      identity: "waves",
      draw: (name, i) => {
        drawn.push(name);
        return { picture: picture(i) };
      },
    });
    await run("drawn", source(3));
    assert.equal((await run("drawn", source(5))).reused, 3);
    assert.deepEqual(drawn.sort(), ["n0", "n1", "n2", "n3", "n4"]);
    async function* late() {
      yield* named(2);
    }
    assert.equal((await run("late", late())).ok, 2);
    assert.equal((await run("world", features.worldPictures({ count: 2, size: 48 }))).ok, 2);
    const world = await features.open(join(folder, "world"));
    assert.match(JSON.stringify(world.images.get("train-1")?.note), /full/);
  });

  it("may be a folder of SPair-71k's layout, whose masks are no pictures", async () => {
    for (const name of ["JPEGImages", "Segmentation"]) {
      mkdirSync(join(folder, "spair", name, "cat"), { recursive: true });
      writeFileSync(join(folder, "spair", name, "cat", "1.png"), encodePng(picture(1)));
    }
    await run("of-spair", join(folder, "spair"));
    assert.deepEqual((await features.open(join(folder, "of-spair"))).paths, ["JPEGImages/cat/1.png"]);
  });

  it("must give each picture a name of its own", async () => {
    await assert.rejects(
      run("twice", [...named(1), ...named(1)]),
      /features.extract: names of pictures must differ, received "n0"/,
    );
    await assert.rejects(run("none", [{ picture: picture(0) }] as never), /each picture must have a name and pixels/);
    await assert.rejects(run("none", 7 as never), /images must be a folder, paths, or pictures with names, received 7/);
  });
});

describe("pooled features", () => {
  it("are means of squares of tokens, in a folder of their own", async () => {
    await run("fine", named(2), { indices: [1, 2] });
    await run("coarse", named(2), { indices: [1, 2], pool: 2 });
    const [fine, coarse] = [await features.open(join(folder, "fine")), await features.open(join(folder, "coarse"))];
    const [whole, means] = [await fine.features("n1", 1), await coarse.features("n1", 1)];
    const [rows, columns] = whole.grid;
    assert.deepEqual(means.grid, [rows / 2, columns / 2]);
    const { channels } = whole;
    const expected = Float32Array.from({ length: means.data.length }, (_, i) => {
      const [cell, c] = [Math.floor(i / channels), i % channels];
      const [row, column] = [Math.floor(cell / (columns / 2)), cell % (columns / 2)];
      const at = (y: number, x: number) => whole.data[((2 * row + y) * columns + 2 * column + x) * channels + c];
      return (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
    });
    assert.ok(maxAbsDiff(means.data, expected) < 1e-6);
    await assert.rejects(run("coarse", named(2), { indices: [1, 2] }), /a run of the same layers, pool/);
    await assert.rejects(run("odd", named(2), { pool: 3 }), /pool must divide the grid 4 x 4 of layer 2, received 3/);
    await assert.rejects(
      run("odd", named(2), { pool: 0 }),
      /pool must be a whole number of at least 1, mean, cls, or cells as 4x4, received 0/,
    );
  });
});

describe("batches of stored features", () => {
  it("hold each image once an epoch, in the same order for the same seed", async () => {
    await run("batched", named(7), { indices: [0, 2] });
    const stored = await features.open(join(folder, "batched"));
    const source = features.batches(stored, { batchSize: 3, seed: 5 });
    assert.equal(source.length, 3);
    const epoch = async (of: typeof source, number: number) =>
      (await Promise.all([0, 1, 2].map((i) => of.batch(number, i)))).flatMap(({ paths }) => paths);
    const first = await epoch(source, 0);
    assert.deepEqual([...first].sort(), stored.paths);
    assert.deepEqual(await epoch(features.batches(stored, { batchSize: 3, seed: 5 }), 0), first);
    assert.notDeepEqual(await epoch(source, 1), first);
    const { paths, maps } = await source.batch(0, 1);
    assert.deepEqual(
      maps.map(({ layer, batch }) => [layer, batch]),
      [
        [0, 3],
        [2, 3],
      ],
    );
    for (const [i, path] of paths.entries())
      for (const map of maps) assert.deepEqual(map.image(i).data, (await stored.features(path, map.layer)).data);
  });

  it("hold the layers and images that are asked for, and refuse others", async () => {
    const stored = await features.open(join(folder, "batched"));
    const some = features.batches(stored, { indices: [2, 0], paths: ["n4", "n1"], shuffle: false });
    const { paths, maps } = await some.batch(0, 0);
    assert.deepEqual(
      [paths, maps.map(({ layer }) => layer)],
      [
        ["n4", "n1"],
        [2, 0],
      ],
    );
    assert.throws(
      () => features.batches(stored, { indices: [1] }),
      /features.batches: stored layers are 0, 2, received 1/,
    );
    assert.throws(() => features.batches(stored, { paths: ["x"] }), /paths must be some of the 7 with features/);
  });
});
