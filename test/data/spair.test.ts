import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as spair from "../../kernel/data/spair";
import { SpairError } from "../../kernel/data/spair";
import * as world from "../../kernel/data/world";
import { RuleError } from "../../kernel/rules/rule-error.ts";

const base = mkdtempSync(join(tmpdir(), "spair-"));
const root = join(base, "world");
const options = { images: 8, pairs: 10, categories: ["cat", "mug"] } as const;

before(() => world.writeSpair(root, options));
after(() => rmSync(base, { recursive: true, force: true }));

/** A data set of one pair, with parts of its JSON replaced. */
function tiny(name: string, pair: object = {}, image: object = {}, file = "000001-a-b:cat"): string {
  const dir = join(base, name);
  for (const part of ["PairAnnotation/test", "ImageAnnotation/cat"]) mkdirSync(join(dir, part), { recursive: true });
  const annotation = { kps: { "0": [1, 2], "1": null, "10": [5, 6], "9": [7, 8] }, ...image };
  writeFileSync(join(dir, "ImageAnnotation/cat/a.json"), JSON.stringify(annotation));
  writeFileSync(
    join(dir, "ImageAnnotation/cat/b.json"),
    JSON.stringify({ kps: { "0": [3, 4], "1": [1, 1], "9": [1, 2], "10": [2, 2] } }),
  );
  const content = {
    category: "cat",
    src_imname: "a.jpg",
    trg_imname: "b.jpg",
    src_imsize: [40, 30, 3],
    trg_imsize: [30, 40, 3],
    src_bndbox: [1, 2, 30, 20],
    trg_bndbox: [0, 0, 20, 20],
    kps_ids: ["0", "10"],
    mirror: 0,
    ...pair,
  };
  writeFileSync(join(dir, "PairAnnotation/test", `${file}.json`), JSON.stringify(content));
  return dir;
}

const problem = (dir: string): SpairError => {
  try {
    spair.read(dir);
  } catch (error) {
    assert.ok(error instanceof SpairError, String(error));
    return error;
  }
  return assert.fail("no error was thrown");
};

describe("spair.read", () => {
  it("refuses a folder in the place of a file, as every error of the library does", () => {
    const dir = tiny("folder-for-file");
    rmSync(join(dir, "ImageAnnotation/cat/a.json"));
    mkdirSync(join(dir, "ImageAnnotation/cat/a.json"));
    const error = problem(dir);
    assert.ok(error instanceof RuleError);
    assert.match(error.message, /spair\.read: must be a file, .*ImageAnnotation\/cat\/a\.json/);
  });

  it("reads annotations with a byte order mark", () => {
    const dir = tiny("marked");
    const path = join(dir, "ImageAnnotation/cat/a.json");
    writeFileSync(path, `\uFEFF${readFileSync(path, "utf8")}`);
    assert.equal(spair.read(dir).pairs.length, 1);
  });
});

describe("world.writeSpair and spair.read", () => {
  it("say how many pairs there are where fewer than asked for can be drawn", async () => {
    const dir = join(root, "..", `few-${process.pid}`);
    const few = { images: 4, pairs: 60, categories: ["cat", "mug"] } as const;
    const spec = await world.writeSpair(dir, few);
    const { pairs } = spair.read(dir);
    assert.ok(pairs.length < 60 && pairs.length > 0, `${pairs.length} pairs`);
    assert.equal(spec.pairs, pairs.length);
    assert.deepEqual(JSON.parse(readFileSync(join(dir, "spec.json"), "utf8")), spec);
    assert.deepEqual(await world.writeSpair(dir, few), spec, "found, not written again");
    await assert.rejects(world.writeSpair(dir, { ...few, pairs: pairs.length }), /another specification/);
    rmSync(dir, { recursive: true });
  });

  it("reports each image and stops where it is asked to, leaving nothing", async () => {
    const dir = join(base, "stopped");
    const stop = new AbortController();
    const seen: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      assert.equal(total, options.images);
      if (seen.push(done) === 3) stop.abort(new Error("enough"));
    };
    await assert.rejects(world.writeSpair(dir, { ...options, onProgress, signal: stop.signal }), /enough/);
    assert.deepEqual(seen, [1, 2, 3]);
    assert.deepEqual(
      readdirSync(base).filter((name) => name.startsWith("stopped")),
      [],
    );
  });

  it("write the same folder from two calls at once, and never another's over it", async () => {
    const dir = join(base, "at-once");
    const small = { images: 2, pairs: 1, categories: ["cat"] } as const;
    const [one, other] = await Promise.all([world.writeSpair(dir, small), world.writeSpair(dir, small)]);
    assert.deepEqual(one, other);
    const place = join(base, "raced");
    const both = await Promise.allSettled([
      world.writeSpair(place, small),
      world.writeSpair(place, { ...small, seed: 1 }),
    ]);
    const lost = both.filter((result) => result.status === "rejected");
    assert.equal(lost.length, 1);
    assert.match(
      String(lost[0].reason),
      /^WorldError: data\.world\.writeSpair: the folder holds a data set of another /,
    );
    assert.equal(spair.read(place).pairs.length, 1);
    for (const folder of [dir, place]) rmSync(folder, { recursive: true });
  });

  it("give back the keypoints, boxes and sizes that were rendered", () => {
    const data = spair.read(root);
    assert.equal(data.pairs.length, 10);
    assert.deepEqual(data.categories, ["cat", "mug"]);
    for (const { source, target, category, keypointIds } of data.pairs) {
      assert.ok(keypointIds.length >= 3 && source.name !== target.name);
      const seed = Number(source.name.replace("world_", ""));
      const image = world.render(world.scene(seed, { split: "test", category: category as "cat", companion: 0.2 }));
      assert.deepEqual(source.box, image.box);
      assert.deepEqual(source.size, [128, 128]);
      image.keypoints.forEach(({ x, y, visible }, id) => {
        const point = source.keypoints[id] ?? null;
        assert.equal(point !== null, visible);
        if (point) assert.ok(Math.abs(point[0] - x) < 0.006 && Math.abs(point[1] - y) < 0.006);
      });
      assert.ok(statSync(source.path).size > 1000);
    }
  });

  it("write the folders of SPair-71k and nothing beside them", () => {
    assert.deepEqual(readdirSync(root).sort(), [
      "ImageAnnotation",
      "JPEGImages",
      "Layout",
      "PairAnnotation",
      "Segmentation",
      "spec.json",
    ]);
    const line = readFileSync(join(root, "Layout/large/test.txt"), "utf8").split("\n")[0] ?? "";
    assert.match(line, /^000001-world_\d+-world_\d+:cat$/);
    assert.deepEqual(
      readdirSync(base).filter((name) => name.includes("part")),
      [],
    );
  });

  it("leave a data set of the same specification as it is, and refuse to replace another one unasked", async () => {
    const time = statSync(join(root, "spec.json")).mtimeMs;
    await world.writeSpair(root, options);
    assert.equal(statSync(join(root, "spec.json")).mtimeMs, time);
    await assert.rejects(
      world.writeSpair(root, { ...options, seed: 1 }),
      /another specification; overwrite must be true/,
    );
    await assert.rejects(world.writeSpair(base, options), {
      name: "WorldError",
      message: `data.world.writeSpair: the folder must be new, empty or one that writeSpair wrote, received "${base}"`,
    });
    await assert.rejects(
      world.writeSpair(join(base, "none"), { images: 1 }),
      /images must be an integer in 28\.\.100000, received 1/,
    );
  });

  it("write names that Windows allows when asked", async () => {
    const dir = join(base, "underscore");
    await world.writeSpair(dir, { images: 4, pairs: 2, categories: ["mug"], separator: "_", split: "train" });
    assert.ok(readdirSync(join(dir, "PairAnnotation/trn")).every((name) => name.endsWith("_mug.json")));
    const data = spair.read(dir, { split: "train" });
    assert.equal(data.split, "trn");
    assert.equal(data.pairs.length, 2);
    assert.match(data.pairs[0]?.id ?? "", /^000001-world_\d+-world_\d+$/);
  });

  it("limit the pairs evenly and by category", () => {
    assert.deepEqual(spair.read(root, { limit: 2 }).categories, ["cat", "mug"]);
    assert.deepEqual(spair.read(root, { categories: ["mug"], limit: 3 }).categories, ["mug"]);
    assert.equal(spair.read(root, { categories: ["mug"], limit: 3 }).pairs.length, 3);
  });
});

describe("spair.read on files of others", () => {
  it("keeps ids visible in both images in numeric order, whatever kps_ids holds", () => {
    for (const kps_ids of [["0", "10"], [0, 10], undefined]) {
      const [pair] = spair.read(tiny("plain", { kps_ids })).pairs;
      assert.deepEqual(pair?.keypointIds, ["0", "9", "10"]);
      assert.deepEqual(pair?.target.size, [30, 40]);
      assert.equal(pair?.flags.mirror, 0);
      assert.equal(pair?.flags.occlusion, null);
    }
  });

  it("finds pair files named with _ though the list says :", () => {
    const dir = tiny("list", {}, {}, "000001-a-b_cat");
    mkdirSync(join(dir, "Layout/large"), { recursive: true });
    writeFileSync(join(dir, "Layout/large/test.txt"), "000001-a-b:cat\r\n\r\n");
    assert.equal(spair.read(dir).pairs[0]?.id, "000001-a-b");
  });

  const broken: readonly (readonly [string, object, string, RegExp])[] = [
    [
      "a missing size",
      { src_imsize: undefined },
      "src_imsize",
      /must be a list of 2 or more finite numbers, received nothing/,
    ],
    ["a box of words", { trg_bndbox: "1 2 3 4" }, "trg_bndbox", /received "1 2 3 4" \(PairAnnotation\/test\//],
    ["an empty box", { trg_bndbox: [5, 5, 5, 9] }, "trg_bndbox", /x1 < x2/],
    ["a size of zero", { src_imsize: [0, 10] }, "src_imsize", /must be positive/],
    ["no category", { category: null }, "category", /must be a plain file name, received null/],
    ["ids that are not numbers", { kps_ids: ["nose"] }, "kps_ids", /integers or strings of digits/],
    ["a flag of the wrong type", { mirror: "no" }, "mirror", /must be a number, received "no"/],
    ["an image name that climbs", { src_imname: "../../secret.jpg" }, "src_imname", /plain file name/],
    ["a category that climbs", { category: ".." }, "category", /plain file name/],
    ["an image name with a backslash", { trg_imname: "..\\b.jpg" }, "trg_imname", /plain file name/],
  ];
  for (const [what, change, key, message] of broken) {
    it(`names the file and the key of ${what}`, () => {
      const error = problem(tiny(`broken ${what}`, change));
      assert.equal(error.key, key);
      assert.equal(error.file, "PairAnnotation/test/000001-a-b:cat.json");
      assert.match(error.message, /^data\.spair\.read: /);
      assert.match(error.message, message);
    });
  }

  it("names an image annotation without keypoints, or with broken ones", () => {
    assert.match(
      problem(tiny("nokps", {}, { kps: undefined })).message,
      /kps must be an object .* received nothing \(ImageAnnotation\/cat\/a\.json\)/,
    );
    assert.equal(problem(tiny("badkp", {}, { kps: { "3": [1] } })).key, "kps.3");
    assert.equal(problem(tiny("nan", {}, { kps: { "3": [1, null] } })).key, "kps.3");
  });

  it("names a file that is no JSON, or is not there", () => {
    const dir = tiny("nojson");
    writeFileSync(join(dir, "ImageAnnotation/cat/a.json"), "{ kps: ");
    assert.match(problem(dir).message, /the file must be JSON/);
    rmSync(join(dir, "ImageAnnotation/cat/a.json"));
    assert.match(problem(dir).message, /the file must exist, received nothing \(ImageAnnotation\/cat\/a\.json\)/);
    assert.match(problem(join(base, "nowhere")).message, /the folder of the data set must exist/);
    assert.throws(
      () => spair.read(dir, { split: "trian" as "test" }),
      /split must be trn, val or test, received "trian"/,
    );
  });

  it("refuses a link that leads out of the data set", () => {
    const dir = tiny("link");
    writeFileSync(join(base, "outside.json"), '{"kps":{}}');
    rmSync(join(dir, "ImageAnnotation/cat/a.json"));
    symlinkSync(join(base, "outside.json"), join(dir, "ImageAnnotation/cat/a.json"));
    assert.match(problem(dir).message, /must lie inside the data set/);
  });

  it("refuses a list that climbs", () => {
    const dir = tiny("climb");
    mkdirSync(join(dir, "Layout/large"), { recursive: true });
    writeFileSync(join(dir, "Layout/large/test.txt"), "../../../etc/passwd\n");
    assert.match(problem(dir).message, /each line must be the name of a pair/);
  });

  it("goes on without a broken pair when asked, and says which", () => {
    const dir = tiny("skip");
    writeFileSync(join(dir, "PairAnnotation/test/000002-a-b:cat.json"), "[]");
    const data = spair.read(dir, { malformed: "skip" });
    assert.equal(data.pairs.length, 1);
    assert.equal(data.problems[0]?.file, "PairAnnotation/test/000002-a-b:cat.json");
  });
});
