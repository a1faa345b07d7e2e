import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { ap10k, spair } from "../../kernel/data/index.ts";
import * as law from "../../kernel/law/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-ap10k-"));
after(() => rmSync(folder, { recursive: true }));

function put(path: string, value: unknown): void {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, JSON.stringify(value));
}

/** An animal's file: 3 keypoints, the second one not labeled. */
const animal = (shift: number, extra: object = {}): object => ({
  width: 80,
  height: 60,
  bbox: [10, 5, 40, 50],
  keypoints: [12 + shift, 20, 2, 0, 0, 0, 30 + shift, 40, 1],
  ...extra,
});
put("ImageAnnotation/Felidae/cat/1.json", animal(0));
put("ImageAnnotation/Felidae/cat/2.json", animal(4));
put("ImageAnnotation/Felidae/lion/3.json", animal(8));
const pathOf = (name: string): string => `data/ap-10k/ImageAnnotation/Felidae/${name}.json`;
const pair = (a: string, b: string): object => ({ src_json_path: pathOf(a), trg_json_path: pathOf(b) });
put("PairAnnotation/test/000001-1-2:cat.json", pair("cat/1", "cat/2"));
put("PairAnnotation/test_cross_species/000002-1-3:Felidae.json", pair("cat/1", "lion/3"));

describe("data.ap10k.read", () => {
  it("reads pairs, boxes and labeled keypoints", () => {
    const { pairs, categories } = ap10k.read(folder);
    assert.deepEqual(categories, ["cat"]);
    const [{ id, source, target, keypointIds }] = pairs;
    assert.deepEqual([id, keypointIds, target.size], ["000001-1-2", ["0", "2"], [80, 60]]);
    assert.deepEqual(target.box, [10, 5, 50, 55]);
    assert.deepEqual(target.keypoints, { 0: [16, 20], 1: null, 2: [34, 40] });
    assert.equal(source.path, join(folder, "JPEGImages", "Felidae", "cat", "1.jpg"));
  });

  it("names pairs across species by their family", () => {
    const { pairs, categories } = ap10k.read(folder, { subset: "cross-species" });
    assert.deepEqual([categories, pairs[0].target.name], [["Felidae"], "3"]);
    assert.equal(ap10k.read(folder, { categories: ["dog"] }).pairs.length, 0);
  });

  it("gives pairs that law judges", () => {
    const [one] = ap10k.read(folder).pairs;
    // On a canvas of 80 pixels a picture keeps its columns; the threshold of 0.1 is a tenth of the box, 5 pixels.
    const correct = (shift: number): boolean[] =>
      law.pckOfPredictor(one, ([x, y]) => [x + shift, y], { canvas: 80, alphas: [0.1] }).map(({ correct: [is] }) => is);
    assert.deepEqual(
      [correct(4), correct(8.9), correct(9.1)],
      [
        [true, true],
        [true, true],
        [false, false],
      ],
    );
  });

  it("refuses broken files and paths that lead out", () => {
    assert.throws(() => ap10k.read(folder, { subset: "cross-family" }), /ap10k\.read: the folder must exist/);
    assert.throws(() => ap10k.read(folder, { split: "dev" as never }), /split must be trn, val or test/);
    assert.throws(() => ap10k.read(folder, { limit: 0 }), /limit must be/);
    const wrong: [file: string, value: object, rule: RegExp][] = [
      ["PairAnnotation/val/1:cat.json", { src_json_path: "../x.json" }, /src_json_path must be a path ImageAnnotation/],
      ["PairAnnotation/val/1:cat.json", pair("../1", "cat/2"), /src_json_path must be a path/],
      ["PairAnnotation/val/1:cat.json", pair("cat/9", "cat/2"), /the file must exist/],
      ["PairAnnotation/val/1:cat.json", pair("bad/1", "cat/2"), /bbox must be \[left, top, width, height\] above 0/],
    ];
    put("ImageAnnotation/Felidae/bad/1.json", animal(0, { bbox: [1, 1, 0, 4] }));
    for (const [file, value, rule] of wrong) {
      put(file, value);
      assert.throws(
        () => ap10k.read(folder, { split: "val" }),
        (error: Error) => error.name === "SpairError" && rule.test(error.message),
      );
    }
    put("ImageAnnotation/Felidae/bad/1.json", animal(0, { keypoints: [1, 2, 2, 4] }));
    assert.throws(() => ap10k.read(folder, { split: "val" }), /must be triples/);
  });

  it("refuses seen keypoints outside the picture, and takes a pixel beyond the edge", () => {
    put("PairAnnotation/val/1:cat.json", pair("bad/1", "cat/2"));
    const keypointsOf = (x: number, y: number, seen = 2): spair.SpairView["keypoints"] => {
      put("ImageAnnotation/Felidae/bad/1.json", animal(0, { keypoints: [x, y, seen] }));
      return ap10k.read(folder, { split: "val" }).pairs[0].source.keypoints;
    };
    for (const [x, y] of [
      [1e99, -5],
      [82, 10],
      [10, 62],
      [-2, 10],
      [10, -2],
    ])
      assert.throws(() => keypointsOf(x, y), /keypoints must lie in the picture of 80 x 60/);
    assert.deepEqual(keypointsOf(80.5, -0.5), { 0: [80.5, -0.5] });
    assert.deepEqual(keypointsOf(1e99, -5, 0), { 0: null });
  });

  it("takes whole names of categories alone", () => {
    for (const categories of ["hotcat", 5, null, ["cat", 5]])
      for (const reader of [ap10k.read, spair.read])
        assert.throws(
          () => reader(folder, { categories: categories as never }),
          (error: Error) => error.name === "RuleError" && /categories must be a list of names/.test(error.message),
        );
  });
});

describe("data.spair.read with keypoints of the pairs", () => {
  const root = join(folder, "spair-u");
  const own = {
    category: "cat",
    src_imname: "a.jpg",
    trg_imname: "b.jpg",
    src_imsize: [80, 60, 3],
    trg_imsize: [80, 60, 3],
    src_bndbox: [1, 2, 50, 60],
    trg_bndbox: [1, 2, 50, 60],
    kps_ids: ["3", "11"],
    src_kps: [
      [5, 6],
      [7, 8],
    ],
    trg_kps: [
      [9, 10],
      [11, 12],
    ],
  };

  it("needs no file of the pictures, and takes the pair's ids", () => {
    put("spair-u/PairAnnotation/test/1-a-b:cat.json", own);
    const [one] = spair.read(root, { keypoints: "pairs" }).pairs;
    assert.deepEqual([one.keypointIds, one.target.keypoints], [["3", "11"], { 3: [9, 10], 11: [11, 12] }]);
    assert.throws(() => spair.read(root), /the file must exist/);
    for (const dir of [undefined, "", 5] as never[])
      assert.throws(() => spair.read(dir), /spair\.read: the data set must be given as a path/);
    assert.throws(() => spair.read(root, { keypoints: "pair" as never }), /keypoints must be images or pairs/);
    put("spair-u/PairAnnotation/test/1-a-b:cat.json", { ...own, trg_kps: [[1, 2]] });
    assert.throws(() => spair.read(root, { keypoints: "pairs" }), /trg_kps must have a point for each of kps_ids/);
  });
});
