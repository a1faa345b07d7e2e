import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { refer } from "../../kernel/data/index.ts";
import { readPickle } from "../../kernel/data/refer/pickle/read.ts";
import { writePickle } from "../../kernel/data/refer/pickle/write.ts";

const folder = mkdtempSync(join(tmpdir(), "refer-refusals-"));
after(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]): string => join(folder, ...parts);

/** Expects a ReferError, and no raw error of the language or the system. */
const refusal = (rule: RegExp) => (error: Error) => {
  assert.equal(error.name, "ReferError", String(error.stack));
  assert.match(error.message, rule);
  return true;
};

const expression: refer.ReferExpression = {
  id: "0",
  image: { id: 1, fileName: "a.jpg", width: 40, height: 30 },
  phrase: "the cat",
  boxes: [[1, 2, 3, 4]],
  split: "val",
};
const entry = { image_id: 1, width: 40, height: 30, bbox: [1, 2, 2, 2], expressions: ["the cat"] };
const document = {
  images: [{ id: 1, file_name: "a.jpg", width: 40, height: 30 }],
  annotations: [{ id: 1, bbox: [1, 2, 2, 2] }],
};
const reference = {
  ref_id: 1 as unknown,
  image_id: 1,
  ann_id: 1,
  split: "val",
  sentences: [{ sent: "the cat", sent_id: 1 }],
};

let made = 0;
function toolkitFolder(references: string | Uint8Array, name = "refs(unc).p"): string {
  const root = at(`toolkit-${made++}`);
  mkdirSync(root);
  writeFileSync(join(root, name), references);
  writeFileSync(join(root, "instances.json"), JSON.stringify(document));
  return root;
}

describe("splits of referring expressions", () => {
  const bad = ["x/../../../escaped", "..", "a b", "", "a\0", "val.json"];

  it("become part of names of files, and are words in every layout that is read", () => {
    for (const split of bad) {
      writeFileSync(at("instances.json"), JSON.stringify({ [split]: [entry] }));
      assert.throws(() => refer.read(at("instances.json")), refusal(/the name of a split must be a word/));
      const root = toolkitFolder(writePickle([{ ...reference, split }]));
      assert.throws(() => refer.read(root), refusal(/split of reference 1 must be a word/));
    }
    writeFileSync(at("one_val.json"), JSON.stringify({ images: [], annotations: [] }));
    assert.throws(() => refer.read(at("one_val.json"), { split: "../x" }), refusal(/must be a word/));
  });

  it("are words where they are written; nothing is left outside the folder", async () => {
    for (const split of bad)
      for (const layout of ["mdetr", "seqtr", "refer", "grefcoco"] as const)
        await assert.rejects(
          refer.write([{ ...expression, split }], at("safe", "deep", "out"), { layout }),
          refusal(/the split of expression 0 must be a word/),
        );
    assert.ok(!readdirSync(folder).includes("safe"));
  });

  it("may have the names of an object's own properties", async () => {
    const names = ["constructor", "__proto__", "toString"];
    const all = names.flatMap((split) => [expression, { ...expression, id: "1" }].map((one) => ({ ...one, split })));
    for (const layout of ["seqtr", "refer", "grefcoco"] as const) {
      await refer.write(all, at(`own-${layout}`), { layout });
      const { splits } = refer.read(at(`own-${layout}`), { facts: "refcoco" });
      assert.deepEqual(
        Object.entries(splits),
        names.map((split) => [split, 2]),
      );
    }
    assert.equal((await refer.write(all, at("own-mdetr"), { layout: "mdetr" })).length, 3);
  });
});

describe("writing referring expressions", () => {
  it("refuses what reading would refuse", async () => {
    const write = (value: unknown) => refer.write(value as never, at("odd"), { layout: "mdetr" });
    for (const [value, rule] of [
      [[{ ...expression, boxes: [[NaN, 1, 2, 3]] }], /box of expression 0 must be four finite numbers/],
      [[{ ...expression, boxes: [[3, 1, 2, 3]] }], /box of expression 0 must have an area/],
      [[{ ...expression, boxes: [[1, 1, 60, 3]] }], /must lie in its picture of 40 x 30/],
      [[{ ...expression, boxes: null }], /boxes of expression 0 must be a list/],
      [[expression, { ...expression, phrase: "" }], /phrase of expression 1 must be a text/],
      [[{ ...expression, id: 5 }], /id of expression 0 must be a text/],
      [[{ ...expression, image: null }], /image of expression 0 must be an object/],
      [[{ ...expression, image: { ...expression.image, fileName: "../a" } }], /must be a name without a folder/],
      [[{ ...expression, image: { ...expression.image, id: NaN } }], /must be a whole number/],
      [[null], /expression 0 must be an object/],
      [null, /expressions must be a list/],
    ] as const)
      await assert.rejects(write(value), refusal(rule));
    await assert.rejects(refer.write([], null as never, { layout: "mdetr" }), refusal(/folder must be a path/));
    await assert.rejects(refer.write([], at("odd"), undefined as never), refusal(/options must be an object/));
    await assert.rejects(refer.write([], at("odd"), { layout: "refer", edition: {} as never }), refusal(/a word/));
    assert.ok(!readdirSync(folder).includes("odd"));
  });

  it("keeps pictures of one name apart, or refuses them", async () => {
    const other = { ...expression, id: "1", image: { ...expression.image, width: 80, height: 60 } };
    for (const layout of ["refer", "grefcoco"] as const)
      await assert.rejects(
        refer.write([expression, other], at("odd"), { layout }),
        refusal(/pictures must have different ids, a.jpg of 40 x 30 has that of a.jpg of 80 x 60/),
      );
    assert.ok(!readdirSync(folder).includes("odd"));
    await refer.write([expression, other], at("sizes"), { layout: "seqtr" });
    assert.deepEqual(
      refer.read(at("sizes")).expressions.map(({ image }) => image.width),
      [40, 80],
    );
  });

  it("keeps every file as it was where one cannot be written", async () => {
    for (const [layout, first] of [
      ["refer", "refs(unc).p"],
      ["grefcoco", "grefs(unc).json"],
    ] as const)
      for (const [blocked, kept] of [
        ["instances.json", first],
        [first, "instances.json"],
      ]) {
        const root = at(`blocked-${made++}`);
        mkdirSync(join(root, blocked), { recursive: true });
        writeFileSync(join(root, kept), "earlier");
        await assert.rejects(refer.write([expression], root, { layout }), refusal(/a folder must not stand/));
        assert.equal(readFileSync(join(root, kept), "utf8"), "earlier");
        assert.deepEqual(readdirSync(root).sort(), [blocked, kept].sort());
      }
  });
});

describe("reading referring expressions", () => {
  it("names files that are folders or pipes", { timeout: 10_000 }, () => {
    for (const name of ["refs(unc).p", "instances.json"]) {
      const root = toolkitFolder(writePickle([reference]));
      rmSync(join(root, name));
      mkdirSync(join(root, name));
      assert.throws(() => refer.read(root), refusal(/must be a file, not a folder, pipe or device/));
    }
    mkdirSync(at("only", "instances.json"), { recursive: true });
    assert.throws(() => refer.read(at("only")), refusal(/must be a file, not a folder/));
    writeFileSync(at("plain.json"), JSON.stringify({ val: [entry] }));
    assert.throws(
      () => refer.read(at("plain.json"), { images: at("plain.json") }),
      refusal(/must exist and be a folder/),
    );
    assert.throws(() => refer.read("a\0b"), refusal(/must exist/));
    if (process.platform === "win32") return;
    execFileSync("mkfifo", [at("pipe.json")]);
    for (const layout of [undefined, "mdetr", "seqtr"] as const)
      assert.throws(() => refer.read(at("pipe.json"), { layout }), refusal(/must be a file, not a folder, pipe/));
  });

  it("takes the split of an MDETR file from its name, not from the wish", () => {
    const image = { id: 1, original_id: 1, file_name: "a.jpg", width: 40, height: 30, caption: "cat" };
    const text = JSON.stringify({ images: [image], annotations: [] });
    const read = (name: string, split?: string): Record<string, number> => {
      writeFileSync(at(name), text);
      return { ...refer.read(at(name), { split }).splits };
    };
    assert.deepEqual(read("finetune_refcoco+_testA.json"), { testA: 1 });
    assert.deepEqual(read("finetune_refcoco_val.json", "val"), { val: 1 });
    assert.throws(
      () => read("finetune_refcoco_train.json", "val"),
      refusal(/splits are train \(.*_train\.json\), received "val"/),
    );
    assert.deepEqual(read("refcoco.json"), { all: 1 }, "a set's name is no split");
    assert.deepEqual(read("refcoco.json", "val"), { val: 1 });
    assert.deepEqual(read("finetune_refexp_mine.json"), { mine: 1 });
  });

  it("refuses ids that could mean either of two things", () => {
    const image = { id: 1, original_id: 1, file_name: "a.jpg", width: 40, height: 30, caption: "cat" };
    const annotations = [
      { image_id: 1, bbox: [1, 2, 2, 2] },
      { image_id: 2, bbox: [1, 2, 3, 3] },
    ];
    const images = [image, { ...image, caption: "dog" }, { ...image, id: 2, caption: "cow" }];
    writeFileSync(at("twice_val.json"), JSON.stringify({ images, annotations }));
    assert.throws(
      () => refer.read(at("twice_val.json")),
      refusal(/entries of images must have different ids.*received 1/),
    );
    const { expressions, problems } = refer.read(at("twice_val.json"), { malformed: "skip" });
    assert.deepEqual([expressions.map(({ phrase }) => phrase), problems.length], [["cow"], 2]);

    const [picture] = document.images;
    const [box] = document.annotations;
    const read = (images: object[], annotations: object[]): refer.ReferDataset => {
      const root = toolkitFolder(writePickle([reference]));
      writeFileSync(join(root, "instances.json"), JSON.stringify({ images, annotations }));
      return refer.read(root);
    };
    const same = { ...box, image_id: 1 };
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    const root = toolkitFolder(writePickle([reference]));
    const twice = `{"id":1,"bbox":${deep}},{"id":1,"bbox":${deep}}`;
    writeFileSync(join(root, "instances.json"), `{"images":${JSON.stringify([picture])},"annotations":[${twice}]}`);
    assert.throws(() => refer.read(root), refusal(/annotations of one id must be the same/));
    assert.equal(read([picture, picture], [same, same]).expressions.length, 1);
    for (const [images, annotations, rule] of [
      [[picture, { ...picture, width: 50 }], [box], /images of one id must be the same .*instances.json/],
      [[picture], [box, { ...box, bbox: [5, 5, 2, 2] }], /annotations of one id must be the same/],
      [[picture], [{ ...box, image_id: 2 }], /annotation 1 of reference 1 must be of its picture, 1 .*received 2/],
    ] as const)
      assert.throws(() => read([...images], [...annotations]), refusal(rule));
  });

  it("names values of files that have no text of their own", () => {
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    const odd = (id: string): string =>
      toolkitFolder(JSON.stringify([reference]).replace('"ref_id":1', `"ref_id":${id},"x":1`), "grefs(unc).json");
    for (const id of ['{"toString":1}', deep, "null"]) {
      assert.equal(refer.read(odd(id)).expressions.length, 1);
      const image = `{"id":1,"original_id":${id === "null" ? "0.5" : id},"file_name":"a.jpg","width":4,"height":3,"caption":"cat"}`;
      writeFileSync(at("odd_val.json"), `{"images":[${image}],"annotations":[]}`);
      assert.throws(() => refer.read(at("odd_val.json")), refusal(/id of an image must be a whole number/));
    }
    const pickled = toolkitFolder(writePickle([{ ...reference, ref_id: { toString: 1 }, image_id: 7 }]));
    assert.throws(() => refer.read(pickled), refusal(/image_id of reference an object with keys \[toString\]/));
  });

  it("takes no time for a list that is nested in itself by memory", { timeout: 10_000 }, () => {
    // 60 times a list of the last one twice: 2^60 numbers as text.
    const lines = Array.from({ length: 60 }, (_, i) => `(lp${i + 1}\ng${i}\nag${i}\na0`).join("");
    const nested = `(lp0\n(dp99\nI1\np0\n0${lines}S'ref_id'\ng60\nsa.`;
    const root = toolkitFolder(Uint8Array.from(nested, (one) => one.charCodeAt(0)));
    assert.throws(() => refer.read(root), refusal(/image_id of reference an array of 2 must be a whole number/));
  });

  it("refuses a part of a pickle that is named twice by memory", () => {
    const sentence = (id: number): string => `(dp3\nS'sent'\nS'a'\nsS'sent_id'\nI${id}\ns`;
    const start = (id: number): string => `(dp1\nS'image_id'\nI1\nsS'ref_id'\nI${id}\nsS'split'\nS'val'\nsS'ann_id'\n`;
    const lists = `(lp5\nI1\nasS'sentences'\n(lp2\n${sentence(1)}a`;
    const read = (text: string): refer.ReferDataset =>
      refer.read(toolkitFolder(Uint8Array.from(`(lp0\n${text}.`, (one) => one.charCodeAt(0))));
    const whole = `${start(1)}${lists}sa`;
    assert.equal(read(`${whole}${start(2)}${lists}sa`).expressions.length, 2);
    for (const [text, rule] of [
      [`${whole}g1\na`, /a reference must be a part of its own/],
      [`${start(1)}${lists}g3\nasa`, /sentence 1 of reference 1 must be a part of its own/],
      [`${whole}${start(2)}I1\nsS'sentences'\ng2\nsa`, /sentence 0 of reference 2 must be a part of its own/],
      [`${whole}${start(2)}g5\nsS'sentences'\n(lsa`, /ann_id of reference 2 must be a part of its own/],
    ] as const)
      assert.throws(() => read(text), refusal(rule));
  });

  it("reads many boxes of one picture in linear time", () => {
    const count = 150_000;
    const annotations = Array.from({ length: count }, () => ({ image_id: 1, bbox: [1, 2, 2, 2] }));
    const images = [{ id: 1, file_name: "a.jpg", width: 40, height: 30, caption: "cats" }];
    writeFileSync(at("many_val.json"), JSON.stringify({ images, annotations }));
    const start = process.cpuUsage();
    assert.equal(refer.read(at("many_val.json")).expressions[0].boxes.length, count);
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 5_000_000, `${user + system} µs`);
  });

  it("refuses sources and options of another kind", () => {
    for (const source of [null, undefined, 5, {}])
      assert.throws(() => refer.read(source as never), refusal(/source must be the path/));
    assert.throws(() => refer.read(folder, null as never), refusal(/options must be an object/));
    for (const name of ["split", "edition", "images", "facts"])
      for (const value of [null, 5, { toString: 1 }])
        assert.throws(() => refer.read(folder, { [name]: value }), refusal(new RegExp(`${name} must be a text`)));
    for (const layout of ["coco", null])
      assert.throws(() => refer.read(folder, { layout } as never), refusal(/layout must/));
  });
});

describe("texts of pickles", () => {
  const text = (...bytes: number[]): Uint8Array => Uint8Array.of(0x58, bytes.length, 0, 0, 0, ...bytes, 0x2e);

  it("are UTF-8 to the byte, with a mark of the byte order where they have one", () => {
    assert.equal(readPickle(text(0xef, 0xbb, 0xbf, 0x61)), "\uFEFFa");
    for (const bytes of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80]])
      assert.throws(() => readPickle(text(...bytes)), { rule: "a text must be UTF-8" });
    const root = toolkitFolder(text(0xff));
    assert.throws(() => refer.read(root), refusal(/a text must be UTF-8 .*received \w+ of 1 bytes/));
  });

  it("of Python 2 keep every byte, however long", () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => 128 + (i % 128));
    const old = Uint8Array.of(0x54, ...new Uint8Array(Uint32Array.of(bytes.length).buffer), ...bytes, 0x2e);
    const read = readPickle(old) as string;
    assert.equal(read.length, bytes.length);
    assert.ok(bytes.every((byte, i) => read.charCodeAt(i) === byte));
    const line = Uint8Array.from(`S'${"\xe9a\\n".repeat(30_000)}'\n.`, (one) => one.charCodeAt(0));
    assert.equal(readPickle(line), "éa\n".repeat(30_000));
  });
});

describe("whole numbers of pickles", () => {
  const long = (...bytes: number[]): Uint8Array => Uint8Array.of(0x8a, bytes.length, ...bytes, 0x2e);
  const ones = (count: number): number[] => Array<number>(count).fill(0xff);

  it("of any length are exact", () => {
    assert.equal(readPickle(long()), 0);
    for (let count = 1; count <= 8; count++) {
      assert.equal(readPickle(long(...ones(count))), -1);
      assert.equal(readPickle(long(0xfe, ...ones(count - 1))), -2);
    }
    for (const value of [2 ** 53 - 1, 1 - 2 ** 53, 2 ** 31, -(2 ** 31), 2 ** 48 + 1, -(2 ** 48) - 1])
      assert.equal(readPickle(writePickle(value)), value);
  });

  it("that no double holds are refused", () => {
    for (const bytes of [[0, 0, 0, 0, 0, 0, 0x20], [1, 0, 0, 0, 0, 0, 0x20], [...ones(7), 0x7f], ones(9)])
      assert.throws(() => readPickle(long(...bytes)), /whole numbers must/);
  });
});
