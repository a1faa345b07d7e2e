import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { data } from "../../kernel/index.ts";
import { readMap } from "../../kernel/data/dense/map.ts";
import { predictionOf } from "../../kernel/data/dense/values.ts";
import { platform } from "../../kernel/platform";

const base = mkdtempSync(join(tmpdir(), "fovea-dense-"));
after(() => rmSync(base, { recursive: true, force: true }));
const goldens = join(import.meta.dirname, "golden");
const [ROWS, COLUMNS] = [5, 9];
const value = Array.from({ length: ROWS * COLUMNS }, (_, at) => 7 * Math.floor(at / COLUMNS) + (at % COLUMNS));

const gray = (width: number, height: number, level: number | ((at: number) => number), channels: 1 | 3 = 1) => {
  const levels = Uint8Array.from({ length: width * height * channels }, (_, at) =>
    typeof level === "number" ? level : level(at),
  );
  return platform().codec.png({ data: levels, width, height, channels });
};

describe("predictions", () => {
  it("of saliency and boundaries are shares of the largest value of an integer file, and plain numbers of a float file", async () => {
    const file = join(base, "shares.png");
    writeFileSync(file, await gray(3, 1, (at) => [0, 51, 255][at]));
    const map = await readMap("test", file);
    for (const task of ["saliency", "boundary"] as const)
      assert.deepEqual(Array.from(predictionOf("test", task, map).data), [0, 0.2, 1]);
    const { data: half } = predictionOf("test", "saliency", { ...map, data: Float32Array.of(0, 0.5, 1), most: null });
    assert.deepEqual(Array.from(half), [0, 0.5, 1]);
    assert.throws(() => predictionOf("test", "saliency", { ...map, most: null }), /must lie in 0\.\.1 .*received 51/);
  });
});

describe("maps as they are stored", () => {
  const cases: [string, number[], number | null][] = [
    ["palette-8.png", value.map((v) => v % 21), 255],
    ["palette-2.png", value.map((v) => v % 4), 3],
    ["bits.png", value.map((v) => v % 2), 1],
    ["deep.png", value.map((v) => 1000 * v), 65535],
    ["float.npy", value.map((v) => v / 8), null],
    ["half.npy", value.map((v) => v / 8), null],
    ["big-endian.npy", value, 255],
    ["long.npy", value, 255],
  ];
  for (const [name, expected, most] of cases)
    it(`reads ${name}`, async () => {
      const map = await readMap("test", join(goldens, name));
      assert.deepEqual([map.height, map.width, map.channels, map.most], [ROWS, COLUMNS, 1, most]);
      assert.deepEqual([...Array.from(map.data)], expected);
    });

  it("refuses damaged and hostile files", async () => {
    const refused = async (name: string, bytes: Uint8Array, rule: RegExp): Promise<void> => {
      writeFileSync(join(base, name), bytes);
      await assert.rejects(readMap("test", join(base, name)), (error: Error) => {
        assert.equal(error.name, "DenseError");
        assert.match(error.message, rule);
        return true;
      });
    };
    const png = readFileSync(join(goldens, "deep.png"));
    const npy = readFileSync(join(goldens, "float.npy"));
    const changed = (bytes: Uint8Array, at: number, by: number[]): Uint8Array => {
      const copy = Uint8Array.from(bytes);
      copy.set(by, at);
      return copy;
    };
    await refused("empty.png", new Uint8Array(0), /must begin as PNG files do/);
    await refused("cut.png", png.subarray(0, png.length - 20), /the file ends/);
    await refused(
      "large.png",
      changed(png, 16, [0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]),
      /at most 100000000 pixels/,
    );
    await refused("small.png", changed(png, 16, [0, 0, 0, 0]), /no legal size/);
    await refused("noise.png", changed(png, 60, [1, 2, 3, 4, 5, 6, 7, 8, 9]), /must be a whole PNG or NPY file/);
    await refused("bomb.png", await bomb(), /holds more pixels than its header says/);
    await refused("empty.npy", new Uint8Array(0), /must begin as NPY files do/);
    await refused("cut.npy", npy.subarray(0, npy.length - 3), /\[5, 9\] takes 180 bytes/);
    const objects = new TextDecoder("latin1").decode(npy).replace("<f4", "|O8");
    await refused(
      "objects.npy",
      Uint8Array.from(objects, (c) => c.charCodeAt(0)),
      /numbers must be/,
    );
    await assert.rejects(readMap("test", join(base, "none.png")), /cannot be read \(ENOENT\).*none.png/);
  });
});

/** A PNG of few pixels by its header, whose data inflate to many. */
async function bomb(): Promise<Uint8Array> {
  const large = await gray(4000, 4000, 0);
  const copy = Uint8Array.from(large);
  copy.set([0, 0, 0, 4, 0, 0, 0, 4], 16);
  return copy;
}

describe("data.dense.read", () => {
  const root = join(base, "world");
  before(() => data.world.write(root, { layout: "dense", split: "test", count: 2, size: 48 }));

  it("reads what the world writes", async () => {
    const set = data.dense.read(root, { split: "test" });
    assert.deepEqual(set.tasks, ["semseg", "parts", "saliency", "normals", "boundary"]);
    assert.equal(set.names.length, 2);
    const { image, labels, name } = await set.sample(1);
    assert.deepEqual([image.width, image.height, name], [48, 48, set.names[1]]);
    const { semseg, saliency, normals, boundary } = labels;
    semseg!.data.forEach((id, at) => assert.equal(saliency!.data[at], id > 0 ? 1 : 0));
    assert.ok(boundary!.data.includes(1) && boundary!.data.includes(0));
    for (let at = 0; at < normals!.data.length; at += 3)
      assert.ok(Math.abs(Math.hypot(...normals!.data.subarray(at, at + 3)) - 1) < 1e-12);
  });

  it("reads PASCAL-Context's folders, palettes and shifted classes", async () => {
    const pascal = join(base, "pascal");
    for (const folder of ["JPEGImages", "semseg", "ImageSets/Context"])
      mkdirSync(join(pascal, folder), { recursive: true });
    writeFileSync(join(pascal, "JPEGImages", "a.png"), await gray(COLUMNS, ROWS, 9, 3));
    cpSync(join(goldens, "palette-8.png"), join(pascal, "semseg", "a.png"));
    writeFileSync(join(pascal, "ImageSets", "Context", "val.txt"), "a\r\n\n");
    const options = { split: "val", firstClass: { semseg: 1 }, classes: { semseg: 20 } };
    const { labels } = await data.dense.read(pascal, options).sample(0);
    assert.deepEqual(
      [...labels.semseg!.data],
      value.map((v) => (v % 21 === 0 ? 255 : (v % 21) - 1)),
    );
    const few = data.dense.read(pascal, { ...options, classes: { semseg: 5 } });
    await assert.rejects(few.sample(0), /a label must be a class of 1..5, or 255 \(.*a.png\), received 6/);
  });

  it("refuses what is not there, and names the file", async () => {
    const read = (options: data.dense.DenseReadOptions) => () => data.dense.read(root, options);
    assert.throws(() => data.dense.read(join(base, "nowhere")), /the folder of the data set must exist \(.*nowhere\)/);
    assert.throws(read({ split: "val" }), /must have a list gt_sets\/val.txt/);
    assert.throws(read({ split: "../test" }), /a split must be the name of a list/);
    assert.throws(read({ split: "test", tasks: ["depth"] }), /depth must have a folder depth/);
    assert.throws(read({ split: "test", tasks: [] }), /must have a task with labels/);
    assert.throws(read({ split: "test", limit: 0 }), /limit must be a whole number of at least 1 .*received 0/);
    assert.throws(read({ splits: "test" } as data.dense.DenseReadOptions), /options are .*received "splits"/);
    const [first] = data.dense.read(root, { split: "test" }).names;
    await assert.rejects(data.dense.read(root, { split: "test" }).sample(2), /pictures are 0..1 .*received 2/);
    renameSync(join(root, "edge", `${first}.png`), join(root, "edge", "away.png"));
    await assert.rejects(
      data.dense.read(root, { split: "test" }).sample(0),
      /every picture must have a label of boundary/,
    );
    const { labels } = await data.dense.read(root, { split: "test", missing: "omit" }).sample(0);
    assert.ok(labels.semseg && !labels.boundary);
    writeFileSync(join(root, "edge", `${first}.png`), await gray(7, 48, 0));
    await assert.rejects(
      data.dense.read(root, { split: "test" }).sample(0),
      /of the picture's size, 48 x 48 .*received \[7, 48\]/,
    );
    writeFileSync(join(root, "gt_sets", "bad.txt"), "../../etc/passwd\n");
    assert.throws(read({ split: "bad" }), /each line must be the name of a picture .*bad.txt/);
    renameSync(join(root, "edge", "away.png"), join(root, "edge", `${first}.png`));
  });
});
