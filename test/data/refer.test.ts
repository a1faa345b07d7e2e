import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { refer, world } from "../../kernel/data/index.ts";
import { readPickle } from "../../kernel/data/refer/pickle/read.ts";
import { writePickle } from "../../kernel/data/refer/pickle/write.ts";

const golden = new URL("golden/refer/", import.meta.url);
const pickleOf = (name: string): Uint8Array => readFileSync(new URL(name, golden));

/** JSON of a value, with the order of keys that it has. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0));

/** Expressions without their names, which each layout chooses. */
const contents = (all: readonly refer.ReferExpression[]): string[] =>
  all.map(({ image, phrase, boxes, split }) => JSON.stringify([image, phrase, boxes, split])).sort();

describe("pickles of plain data", () => {
  const expected = plain(readPickle(pickleOf("protocol-2.p"))) as Record<string, unknown>[];

  for (let protocol = 0; protocol < 6; protocol++)
    it(`read as Python wrote them: protocol ${protocol}`, () => {
      const [first, second] = plain(readPickle(pickleOf(`protocol-${protocol}.p`))) as Record<string, unknown>[];
      assert.deepEqual([first, second], expected);
      assert.equal((first.sentences as { sent: string }[])[1].sent, 'café "sign" \\ 猫');
      assert.equal(second.ann_id, 2 ** 33);
      assert.deepEqual(second.extra, {
        score: -0.5,
        none: null,
        yes: true,
        no: false,
        large: -(2 ** 40),
        small: -3,
        7: [[], {}, []],
      });
    });

  it("read what Python 2 wrote: quoted texts with escapes, booleans as numbers", () => {
    assert.equal(readPickle(latin1("S'caf\\xc3\\xa9 \\xe9'\n.")), "cafÃ© é");
    assert.equal(readPickle(latin1("S'caf\\xc3\\xa9'\n.")), "café");
    assert.equal(readPickle(latin1("U\x01\xe9.")), "é");
    const text = "(dp0\nS'a\\'b'\np1\nS\"c\\n\\x41\"\np2\nsS'n'\nI01\nsS'l'\nL12L\nsS'f'\nF1.5\nsg1\n(lp3\ng2\nas.";
    assert.throws(() => readPickle(latin1(text.replace("g1\n(lp3", "g9\n(lp3"))), /must remember a value/);
    assert.deepEqual(plain(readPickle(latin1(text))), { "a'b": ["c\nA"], n: true, l: 12, f: 1.5 });
  });

  it("refuse whatever would name or call code", () => {
    for (const [name, operation] of [
      ["code-0.p", "GLOBAL"],
      ["code-2.p", "GLOBAL"],
      ["code-4.p", "STACK_GLOBAL"],
    ]) {
      const refusal = (error: Error & { value?: unknown }): boolean =>
        error.name === "Error" && error.value === operation && /plain data alone/.test(error.message);
      assert.throws(() => readPickle(pickleOf(name)), refusal);
    }
  });

  it("refuse damage at every byte, and never hang or leave a prototype", () => {
    const whole = pickleOf("protocol-4.p");
    for (let end = 0; end < whole.length; end++) assert.throws(() => readPickle(whole.subarray(0, end)));
    for (let at = 0; at < whole.length; at++) {
      const bytes = Uint8Array.from(whole);
      bytes[at] ^= 0xff;
      try {
        readPickle(bytes);
      } catch (error) {
        assert.ok("rule" in (error as object), String(error));
      }
    }
    const odd = readPickle(writePickle(JSON.parse('{"__proto__": {"polluted": 1}}'))) as object;
    assert.equal(Object.getPrototypeOf(odd), null);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
    assert.throws(() => readPickle(latin1("a.")), /empty stack/);
    assert.throws(() => readPickle(latin1("e.")), /set a mark first/);
    assert.throws(() => readPickle(latin1("K\x01K\x02a.")), /only a list takes items/);
    assert.throws(() => readPickle(latin1("X\xff\xff\xff\xff.")), /must not end early/);
  });

  it("come back as they were written", () => {
    const value = [{ a: [1, -2, 2 ** 40, 0.5, null, true, false, "猫"], b: {} }];
    assert.deepEqual(plain(readPickle(writePickle(value))), value);
  });
});

describe("layouts of referring expressions", () => {
  const folder = mkdtempSync(join(tmpdir(), "refer-"));
  const at = (...parts: string[]): string => join(folder, ...parts);
  let drawn: refer.ReferDataset;
  before(async () => {
    await world.write(at("world"), { layout: "refcoco", count: 6, split: "val", size: 64 });
    await world.write(at("world"), { layout: "refcoco", count: 4, split: "test", seed: 1, size: 64 });
    drawn = refer.read(at("world"), { edition: "val", images: at("world", "images") });
  });
  after(() => rmSync(folder, { recursive: true }));

  it("read the world's folder", () => {
    assert.equal(drawn.layout, "refer");
    assert.deepEqual(drawn.splits, { val: drawn.expressions.length });
    assert.ok(drawn.expressions.length > 20);
    const [{ image, boxes, phrase }] = drawn.expressions;
    assert.deepEqual([image.width, image.height], [64, 64]);
    assert.ok(phrase.startsWith("the ") && boxes.length === 1);
    assert.throws(() => refer.read(at("world")), /edition must be one of test, val \(/);
    assert.throws(() => refer.read(at("world"), { edition: "unc" }), /one of test, val \(.*, received "unc"/);
  });

  for (const layout of ["mdetr", "seqtr", "refer", "grefcoco"] as const)
    it(`write and read the same: ${layout}`, async () => {
      const test = refer.read(at("world"), { edition: "test" });
      const all = [...drawn.expressions, ...test.expressions];
      const files = await refer.write(all, at(layout), { layout });
      assert.deepEqual(readdirSync(at(layout)).sort(), files.map((file) => file.slice(at(layout).length + 1)).sort());
      const read = layout === "mdetr" ? files.map((file) => refer.read(file)) : [refer.read(at(layout))];
      assert.deepEqual(contents(read.flatMap(({ expressions }) => expressions)), contents(all));
      assert.ok(read.every((one) => one.layout === layout && !one.problems.length));
      const val = layout === "mdetr" ? read[0] : refer.read(at(layout), { split: "val", layout });
      assert.deepEqual(val.splits, drawn.splits);
    });

  it("write MDETR's annotations with the one category that they declare", async () => {
    const [file] = await refer.write(drawn.expressions, at("mdetr-categories"), { layout: "mdetr" });
    const { annotations, categories } = JSON.parse(readFileSync(file, "utf8")) as {
      annotations: { category_id: number }[];
      categories: { id: number }[];
    };
    assert.deepEqual(categories, [{ supercategory: "object", id: 1, name: "object" }]);
    assert.deepEqual([...new Set(annotations.map(({ category_id }) => category_id))], [1]);
  });

  for (const layout of ["mdetr", "seqtr", "grefcoco"] as const)
    it(`keep no target and several: ${layout}`, async () => {
      const image = { id: 9, fileName: "a.jpg", width: 40, height: 30 };
      const expression = (id: string, boxes: refer.ReferExpression["boxes"]) =>
        ({ id, image, phrase: `phrase ${id}`, boxes, split: "val" }) satisfies refer.ReferExpression;
      const one = [1, 2, 3, 4] as const;
      const all = [expression("0", []), expression("1", [one, [5, 6, 40, 30]]), expression("2", [one])];
      const [file] = await refer.write(all, at(`several-${layout}`), { layout });
      const read = refer.read(layout === "mdetr" ? file : at(`several-${layout}`));
      assert.deepEqual(contents(read.expressions), contents(all));
      await assert.rejects(refer.write(all, at("never"), { layout: "refer" }), /one box an expression/);
      const twin = { ...all[0], image: { ...image, fileName: "b.jpg" } };
      await assert.rejects(refer.write([...all, twin], at("never"), { layout: "grefcoco" }), /must have different ids/);
    });

  it("read SeqTR's names of pictures, and boxes of each expression", () => {
    mkdirSync(at("plain"));
    const entry = {
      image_id: 581857,
      bbox: [103, 300, 136, 340],
      width: 640,
      height: 640,
      expressions: ["the lady", "girl"],
    };
    writeFileSync(at("plain", "instances.json"), JSON.stringify({ val: [entry] }));
    const { expressions } = refer.read(at("plain"));
    assert.equal(expressions[0].image.fileName, "COCO_train2014_000000581857.jpg");
    assert.deepEqual(
      expressions.map(({ phrase }) => phrase),
      ["the lady", "girl"],
    );
    assert.deepEqual(expressions[1].boxes, [[103, 300, 239, 640]]);
  });

  it("cut a pixel beyond the edge, and refuse more, with file, rule and value", () => {
    const document = (bbox: unknown, more: object = {}): string => {
      const image = { id: 1, file_name: "a.jpg", width: 40, height: 30, caption: "cat", ...more };
      writeFileSync(at("one_val.json"), JSON.stringify({ images: [image], annotations: [{ image_id: 1, bbox }] }));
      return at("one_val.json");
    };
    assert.deepEqual(refer.read(document([-0.5, 2, 41, 28.9])).expressions[0].boxes, [[0, 2, 40, 30]]);
    for (const [bbox, rule] of [
      [[5, 5, 40, 5], /must lie in its picture of 40 x 30 \(.*one_val\.json\), received \[5, 5, 40, 5\]/],
      [[5, 5, 0, 5], /must have an area/],
      [[5, 5, null, 5], /four finite numbers .*, received \[5, 5, null, 5\]/],
      [[5, 5, "5", ""], /four finite numbers .*, received \[5, 5, "5", ""\]/],
      [[40, 5, 1, 5], /must have an area in its picture/],
    ] as const)
      assert.throws(() => refer.read(document(bbox)), rule);
    const good = [5, 5, 5, 5];
    assert.throws(() => refer.read(document(good, { caption: "  " })), /caption of expression 1 must be a text/);
    assert.throws(() => refer.read(document(good, { file_name: "../a.jpg" })), /must be a name without a folder/);
    assert.throws(() => refer.read(document(good), { images: at("world") }), /picture of expression 1 must lie in/);
    assert.throws(() => refer.read(document(good, { id: 2 })), /annotations must belong to an entry of images/);
    const skipped = refer.read(document([5, 5, 0, 5]), { malformed: "skip" });
    assert.deepEqual([skipped.expressions.length, skipped.problems.length], [0, 1]);
    assert.ok(skipped.problems[0] instanceof refer.ReferError);
  });

  it("check the published numbers of the splits that there are", async () => {
    await assert.rejects(
      async () => refer.read(at("world"), { edition: "val", facts: "refcoco" }),
      /val of refcoco must have 10834 expressions/,
    );
    assert.doesNotThrow(() => refer.read(at("world"), { edition: "test", facts: "refcoco" }));
  });

  it("refuse pickles with code, files that are missing, and options by another name", () => {
    mkdirSync(at("code"));
    writeFileSync(at("code", "refs(unc).p"), pickleOf("code-2.p"));
    writeFileSync(at("code", "instances.json"), "{}");
    assert.throws(() => refer.read(at("code")), /plain data alone.*refs\(unc\)\.p\), received "GLOBAL"/);
    writeFileSync(at("code", "refs(unc).p"), pickleOf("protocol-0.p"));
    assert.throws(() => refer.read(at("code")), /images must be a list \(.*instances\.json\)/);
    assert.throws(() => refer.read(at("none")), /must exist/);
    writeFileSync(at("broken.json"), "{");
    assert.throws(() => refer.read(at("broken.json")), /must hold JSON/);
    assert.throws(() => refer.read(at("world"), { image: "x" } as never), /received "image"/);
  });
});
