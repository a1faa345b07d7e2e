import assert from "node:assert/strict";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, before, describe, it } from "node:test";
import { packTar } from "modern-tar";
import { parquetWriteFile } from "hyparquet-writer";
import type { Encoder } from "../../kernel/encoders/index.ts";
import * as encoders from "../../kernel/encoders/index.ts";
import * as features from "../../kernel/features/index.ts";
import { headBundle, listsBundle } from "../../kernel/features/plan/follow.ts";
import { statusLines } from "../../kernel/features/plan/index.ts";
import { installPlatform, platform } from "../../kernel/platform/index.ts";
import { encodePng } from "../../kernel/view/draw/png.ts";
import { GOLDEN, maxAbsDiff, PLAIN } from "../encoders/golden.ts";

const MODEL = join(GOLDEN, "vit.ts17.onnx");
const PER_TAR = 5;

let folder: string;
let encoder: Encoder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-plan-"));
  encoder = await encoders.load(MODEL, { preprocess: PLAIN, device: "cpu" });
  mkdirSync(join(folder, "pictures"));
  mkdirSync(join(folder, "tars"));
  for (let i = 0; i < 12; i++) writeFileSync(join(folder, "pictures", `${String(i).padStart(2, "0")}.png`), png(i));
  for (let tar = 0; tar < 3; tar++) writeFileSync(join(folder, "tars", `00${tar}.tar`), await tarOf(tar));
});
after(async () => {
  await encoder.dispose();
  rmSync(folder, { recursive: true });
});

function png(seed: number): Buffer {
  const data = Uint8Array.from({ length: 3 * 40 * 32 }, (_, i) => (i * (7 + seed) + seed * 31) % 256);
  return Buffer.from(encodePng({ data, width: 40, height: 32, channels: 3 }));
}

/** A tar of webdataset's kind; its third picture is none, its last one is the first again. */
async function tarOf(tar: number): Promise<Buffer> {
  const entries = Array.from({ length: PER_TAR }, (_, i) => {
    const key = `${tar}${i}`;
    const bytes = i === 2 ? Buffer.from("no picture") : png(10 * tar + (i === PER_TAR - 1 ? 0 : i));
    const texts = [
      { name: `${key}.txt`, body: Buffer.from(`caption of ${key}`) },
      { name: `${key}.json`, body: Buffer.from(JSON.stringify({ id: i })) },
    ];
    return [{ name: `${key}.png`, body: bytes }, ...texts];
  }).flat();
  return Buffer.from(
    await packTar(entries.map(({ name, body }) => ({ header: { name, size: body.length, mtime: new Date(0) }, body }))),
  );
}

const planFor = (name: string, more: Partial<features.PlanOptions> = {}) =>
  features.plan({
    source: join(folder, "tars", "{000..002}.tar"),
    output: join(folder, name, "plan.json"),
    encoder: MODEL,
    preprocess: PLAIN,
    batchSize: 2,
    ...more,
  });

async function extractAll(plan: features.ExtractionPlan): Promise<features.PartResult[]> {
  const results = [];
  for (let part = 0; part < plan.parts; part++) results.push(await features.extractPart(plan, part, { encoder }));
  return results;
}

/** Bytes of all files of all parts by name; records without the time that the part took. */
function contentOf({ folder }: features.ExtractionPlan): Map<string, string> {
  const names = readdirSync(folder, { recursive: true }).map(String).sort();
  const isFile = (name: string) => /\.\w+$/.test(name) && !name.endsWith(".part");
  return new Map(names.filter(isFile).map((name) => [name, plainContent(join(folder, name))]));
}

function plainContent(path: string): string {
  if (!path.endsWith("part.json")) return readFileSync(path, "base64");
  const { took, ...record } = JSON.parse(readFileSync(path, "utf8")) as features.PartRecord;
  assert.ok(took.seconds > 0 && took.waited >= 0 && took.waited <= took.seconds + 0.1, JSON.stringify(took));
  return JSON.stringify(record);
}

describe("features.plan", () => {
  it("divides folders, lists, COCO's JSON and names of pictures", async () => {
    const list = join(folder, "list.txt");
    writeFileSync(list, "pictures/03.png\npictures/01.png\npictures/03.png\n");
    const coco = join(folder, "coco.json");
    const images = [3, 4, 5].map((i) => ({ id: i, file_name: `0${i}.png` }));
    writeFileSync(coco, JSON.stringify({ images, annotations: [] }));
    const cases: [string, Partial<features.PlanOptions>, string[]][] = [
      ["of-folder", { source: join(folder, "pictures"), picturesPerPart: 5 }, ["00.png", "04.png", "05.png", "11.png"]],
      ["of-list", { source: list, picturesPerPart: 1 }, ["pictures/03.png", "pictures/01.png"]],
      ["of-coco", { source: coco, root: join(folder, "pictures"), picturesPerPart: 2 }, ["03.png", "04.png", "05.png"]],
      ["of-names", { source: ["02.png", "01.png"], root: join(folder, "pictures") }, ["02.png", "01.png"]],
    ];
    for (const [name, options, some] of cases) {
      const plan = await planFor(name, options);
      const results = await extractAll(plan);
      const out = join(folder, name, "merged");
      const merged = await features.merge(plan, { out });
      const { paths } = await features.open(out);
      assert.deepEqual([merged.ok, paths.length], [merged.pictures, merged.pictures], name);
      for (const path of some) assert.ok(paths.includes(path), `${path} of ${name} in ${paths.join()}`);
      assert.equal(results.length, plan.parts);
    }
  });

  it("divides by bytes, and freezes the list", async () => {
    const source = join(folder, "growing");
    cpSync(join(folder, "pictures"), source, { recursive: true });
    const sizes = readdirSync(source).map((name) => readFileSync(join(source, name)).length);
    const most = sizes[0] + sizes[1] + sizes[2];
    const plan = await planFor("by-bytes", { source, bytesPerPart: most });
    const { ranges } = plan.source as { ranges: features.ListRange[] };
    assert.ok(
      plan.parts >= sizes.reduce((sum, size) => sum + size, 0) / most && plan.parts < 12,
      `${plan.parts} parts`,
    );
    for (const { names } of ranges) assert.ok(sizes.splice(0, names).reduce((sum, size) => sum + size, 0) <= most);
    writeFileSync(join(source, "000.png"), png(77));
    assert.equal(
      (await extractAll(plan)).reduce((sum, { pictures }) => sum + pictures, 0),
      12,
    );
    appendFileSync(join(folder, "by-bytes", "plan.list"), '"000.png"\n');
    assert.equal((await features.extractPart(plan, 0, { encoder })).reused, true);
    const text = readFileSync(join(folder, "by-bytes", "plan.list"), "utf8");
    writeFileSync(join(folder, "by-bytes", "plan.list"), text.replace("00.png", "01.png"));
    rmSync(plan.folder, { recursive: true });
    await assert.rejects(features.extractPart(plan, 0, { encoder }), /the list of the plan must not change/);
  });

  it("plans a billion pictures in tars without listing them, and tells their state", { timeout: 120_000 }, async () => {
    const before = process.memoryUsage().rss;
    const source = "https://example.org/{0..9}/{00000..09999}.tar";
    const plan = await planFor("billion", { source });
    assert.equal(plan.parts, 100_000, "of 10,000 pictures each");
    assert.ok(readFileSync(plan.path).length < 4000);
    const now = await features.status(plan);
    assert.deepEqual([now.missing, now.whole, now.todo, now.rate], [100_000, 0, "0-99999", null]);
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grown < 150, `${grown} MB`);
  });

  it("is returned as it is when it is made again, and refused when it would change", async () => {
    const first = await planFor("again");
    assert.equal((await planFor("again")).hash, first.hash);
    await assert.rejects(planFor("again", { dtype: "f16" }), /output must be new, or hold the same plan/);
    const text = readFileSync(first.path, "utf8");
    writeFileSync(first.path, text.replace('"batchSize": 2', '"batchSize": 3'));
    await assert.rejects(features.openPlan(first.path), /must not be altered/);
    writeFileSync(first.path, "{}");
    await assert.rejects(features.openPlan(first.path), /must hold a plan of version 1/);
    await assert.rejects(features.openPlan(join(folder, "absent.json")), /must be a file \(ENOENT\)/);
  });

  it("refuses what it cannot divide or write", async () => {
    const refused: [Partial<features.PlanOptions>, RegExp][] = [
      [{ source: join(folder, "absent") }, /must be a folder, a file or a pattern \(ENOENT\)/],
      [{ source: ["a.tar", "b.png"] }, /files of one kind.*; a.tar is another than, received "b.png"/],
      [{ source: ["a.zip"] }, /archives must be .*tgz or \*.parquet, received "a.zip"/],
      [{ source: [5] as never }, /the source must be a text, or names that are not empty, received \[5\]/],
      [{ source: join(MODEL) }, /a list must be text with a name a line/],
      [{ source: "{0..99999999999}.png", picturesPerPart: 1 }, /a plan has at most 1000000000 parts/],
      [{ source: "{a,a}.tar" }, /words in braces must differ/],
      [{ source: "{9..0}.tar" }, /a range must ascend/],
      [{ source: "{x}.tar" }, /braces must hold a range or words/],
      [{ source: [] }, /must hold pictures, tars or parquet files/],
      [{ format: "embeddings", pool: 1 }, /pool of embeddings must be mean, cls, or leave one cell/],
      [{ format: "embeddings", indices: [0, 1] }, /embeddings holds one layer/],
      [{ format: "theia", dtype: "int8" }, /dtype of theia must be f32 or f16/],
      [{ pool: "3x3" }, /cells of pool must be squares of whole tokens, layers have 4 x 4/],
      [{ maxErrors: -1 }, /maxErrors must be a whole number of at least 0, received -1/],
      [{ output: "plan.txt" }, /output must be a path \*.json/],
      [{ bytesPerPart: 5 }, /bytesPerPart needs a source of listed files/],
      [{ pictures: 5 } as never, /options are source, output/],
    ];
    for (const [options, message] of refused) await assert.rejects(planFor("refused", options), message);
    assert.ok(!existsSync(join(folder, "refused")), "nothing was written");
  });

  it("takes all archives of a folder or all its pictures, and a picture alone", async () => {
    const nested = join(folder, "nested");
    mkdirSync(join(nested, "deep"), { recursive: true });
    for (const name of ["0.tar", "deep/1.tar"]) cpSync(join(folder, "tars", "000.tar"), join(nested, name));
    assert.equal((await planFor("of-nested", { source: nested })).source.names, 2);
    cpSync(join(folder, "pictures", "00.png"), join(nested, "preview.png"));
    await assert.rejects(planFor("of-mixed", { source: nested }), /files of one kind/);
    const one = await planFor("of-one", { source: join(nested, "preview.png") });
    assert.equal((await features.extractPart(one, 0, { encoder })).ok, 1);
  });

  it("leaves its source as it is, and writes a lost list again", async () => {
    const source = join(folder, "own.list");
    writeFileSync(source, "pictures/00.png\n");
    await assert.rejects(planFor("x", { source, output: join(folder, "own.json") }), /must leave the source as it is/);
    assert.equal(readFileSync(source, "utf8"), "pictures/00.png\n");
    const plan = await planFor("lost", { source });
    const list = join(folder, "lost", "plan.list");
    const before = readFileSync(list, "utf8");
    rmSync(list);
    await assert.rejects(features.extractPart(plan, 0, { encoder }), /the list of the plan must lie beside it/);
    assert.equal((await planFor("lost", { source })).hash, plan.hash);
    assert.equal(readFileSync(list, "utf8"), before);
    assert.equal((await features.extractPart(plan, 0, { encoder })).ok, 1);
  });

  it("is refused when what its encoder computes was altered", async () => {
    const { path } = await planFor("altered-run");
    const text = readFileSync(path, "utf8");
    for (const [from, to] of [
      ['"channels": ', '"channels": 1'],
      ['"dtype": "f32"', '"dtype": "f16"'],
      ['"facet": "token"', '"facet": "key"'],
    ]) {
      assert.ok(text.includes(from), from);
      writeFileSync(path, text.replace(from, to));
      await assert.rejects(features.openPlan(path), /a plan must not be altered/, from);
    }
    const plan = JSON.parse(text) as Record<string, unknown> & { run: object };
    for (const wrong of [{ encoder: null }, { encoder: {} }, { run: { ...plan.run, encoder: { name: ".." } } }]) {
      writeFileSync(path, JSON.stringify({ ...plan, ...wrong }));
      await assert.rejects(features.openPlan(path), /must hold a plan of version 1/, JSON.stringify(wrong));
    }
  });
});

describe("features.extractPart", () => {
  it("writes parts that merge into a folder of features, equal to one run", async () => {
    const plan = await planFor("whole");
    const results = await extractAll(plan);
    for (const { pictures, ok, skipped, reasons, reused } of results) {
      assert.deepEqual([pictures, ok, skipped, reused], [PER_TAR, PER_TAR - 1, 1, false]);
      assert.match(Object.keys(reasons)[0], /the picture must be a readable/);
    }
    const out = join(folder, "whole", "merged");
    const merged = await features.merge(plan, { out });
    assert.deepEqual([merged.pictures, merged.ok, merged.skipped], [15, 12, 3]);
    const stored = await features.open(out);
    const { intermediates } = await encoder.forwardIntermediates(png(11), { indices: [-1], outputFmt: "NLC" });
    const path = stored.paths.find((name) => name.endsWith("001/11.png")) as string;
    assert.ok(maxAbsDiff((await stored.features(path)).data, intermediates[0].data) < 1e-5);
    assert.deepEqual(stored.images.get(path)?.note, { caption: "caption of 11", metadata: { id: 1 } });
    const copy = path.replace("11.png", "14.png");
    const first = path.replace("11.png", "10.png");
    assert.deepEqual(stored.images.get(copy)?.tensors, stored.images.get(first)?.tensors, "computed once");
    const { damaged, reused } = await features.extract({
      encoder,
      images: [join(folder, "pictures", "05.png")],
      out,
      batchSize: 2,
    });
    assert.deepEqual([damaged, reused], [[], 0], "more pictures may follow");
  });

  it("does not make a whole part again, and makes a damaged one again", async () => {
    const plan = await planFor("damaged");
    await extractAll(plan);
    const before = contentOf(plan);
    const [again] = await extractAll(plan);
    assert.equal(again.reused, true);
    const [file] = [...before.keys()].filter((name) => name.endsWith(".safetensors"));
    truncateSync(join(plan.folder, file), 100);
    const seen = await features.status(plan);
    assert.deepEqual([seen.whole, seen.damaged.count, seen.todo], [2, 1, "0"]);
    assert.match(seen.damaged.first[0].reason, /has 100 of \d+ bytes/);
    await assert.rejects(
      features.merge(plan, { out: join(folder, "x") }),
      /every part must be whole \(part 0: features/,
    );
    assert.deepEqual(
      (await extractAll(plan)).map(({ reused }) => reused),
      [false, true, true],
    );
    assert.deepEqual(contentOf(plan), before);
  });

  it("is verified by its checksums, and what differs is taken away", async () => {
    const plan = await planFor("altered");
    await extractAll(plan);
    const before = contentOf(plan);
    const file = join(plan.folder, [...before.keys()].filter((name) => name.endsWith(".safetensors"))[1]);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    assert.equal((await features.status(plan)).whole, 3, "sizes are right");
    const { damaged } = await features.verify(plan);
    assert.match(damaged.first[0].reason, /holds other bytes than were written/);
    await features.verify(plan, { remove: true });
    assert.equal((await features.status(plan)).missing, 1);
    await extractAll(plan);
    assert.deepEqual(contentOf(plan), before);
  });

  it("is verified down to the counts of its record", async () => {
    const plan = await planFor("counts", { source: join(folder, "tars", "{000,001}.tar") });
    await extractAll(plan);
    const record = join(plan.folder, "000000", "000000001", "part.json");
    const text = readFileSync(record, "utf8");
    writeFileSync(record, text.replace(/"ok": \d/, '"ok": 1'));
    const { damaged, whole } = await features.verify(plan);
    assert.deepEqual(
      [damaged.first[0].part, damaged.first[0].reason, whole],
      [1, "part.json is no record of a part", 1],
    );
  });

  it("is neither missing nor damaged on a disk that does not answer", async () => {
    const plan = await planFor("unread");
    await extractAll(plan);
    const record = join(plan.folder, "000000", "000000001", "part.json");
    const before = platform();
    const readFile = ((path: string, ...rest: unknown[]) =>
      path === record
        ? Promise.reject(Object.assign(new Error("EIO: i/o error"), { code: "EIO" }))
        : (before.files.readFile as (...args: unknown[]) => unknown)(path, ...rest)) as never;
    installPlatform({ ...before, files: { ...before.files, readFile } });
    try {
      const rule = /the plan's folder must be one that can be read \(EIO\), received ".*part.json"/;
      await assert.rejects(features.status(plan), rule);
      await assert.rejects(features.verify(plan, { remove: true }), rule);
      await assert.rejects(features.extractPart(plan, 1, { encoder }), rule);
    } finally {
      installPlatform(before);
    }
    assert.equal((await features.verify(plan)).whole, 3, "nothing was taken away");
  });

  it("is merged only into a folder that is empty or the plan's own, and through links", async () => {
    const plan = await planFor("merging");
    const other = await planFor("merging-other", { source: join(folder, "tars", "{000,001}.tar") });
    for (const one of [plan, other]) await extractAll(one);
    const real = join(folder, "a", "b", "c");
    mkdirSync(real, { recursive: true });
    symlinkSync(real, join(folder, "link"), "junction");
    const out = join(folder, "link", "merged");
    const merged = await features.merge(plan, { out });
    assert.equal((await features.open(out)).paths.length, merged.ok);
    const names = readdirSync(out);
    await features.merge(plan, { out });
    assert.deepEqual(readdirSync(out), names, "a second merge changes nothing");
    const rule = /out must be empty, or hold what the same plan merged/;
    await assert.rejects(features.merge(other, { out }), rule);
    const own = join(folder, "extracted");
    await features.extract({ encoder, images: [join(folder, "pictures", "00.png")], out: own });
    await assert.rejects(features.merge(plan, { out: own }), rule);
    const among = join(plan.folder, "000000", "000000000");
    await assert.rejects(features.merge(plan, { out: among }), /out must not lie among the parts/);
    await features.extract({ encoder, images: [join(folder, "pictures", "01.png")], out });
    await assert.rejects(features.merge(plan, { out }), /later pictures were added/);
    assert.equal((await features.verify(plan)).whole, 3);
  });

  it("is whole, once, when two workers make it at the same time", async () => {
    const plan = await planFor("two");
    const alone = await planFor("alone");
    await extractAll(alone);
    const both = await Promise.all([0, 1, 2, 0, 1, 2].map((part) => features.extractPart(plan, part, { encoder })));
    assert.equal(both.filter(({ reused }) => !reused).length, 3, "one of two puts it in place");
    assert.deepEqual(contentOf(plan), contentOf(alone));
    const left = readdirSync(join(plan.folder, "000000"));
    assert.deepEqual(left.sort(), ["000000000", "000000001", "000000002"], "nothing is left beside");
  });

  it("stopped by its signal leaves nothing, and fails nothing", async () => {
    const plan = await planFor("stopped");
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("enough"));
    await assert.rejects(features.extractPart(plan, 0, { encoder, signal: stop.signal, onProgress }), /enough/);
    assert.deepEqual(readdirSync(join(plan.folder, "000000")), []);
    assert.equal((await features.status(plan)).failures.count, 0);
  });

  it("removes what a dead process of this machine left, and leaves others alone", async () => {
    const plan = await planFor("dead");
    const group = join(plan.folder, "000000");
    const { hostname } = await import("node:os");
    const host = hostname().replace(/[^\w-]/g, "-");
    const dead = join(group, `000000000.${host}.${2 ** 30}.0-1.part`);
    const elsewhere = join(group, `000000000.another-host.${2 ** 30}.0-1.part`);
    for (const path of [dead, elsewhere]) mkdirSync(path, { recursive: true });
    assert.equal((await features.status(plan)).begun, 1);
    await features.extractPart(plan, 0, { encoder });
    assert.deepEqual([existsSync(dead), existsSync(elsewhere)], [false, true]);
    assert.equal((await features.status(plan)).begun, 0, "a part that is whole is begun no more");
  });

  it("takes what is whole of a tar that is cut, and counts the cut", async () => {
    const bytes = readFileSync(join(folder, "tars", "001.tar"));
    writeFileSync(join(folder, "cut-000.tar"), bytes.subarray(0, bytes.length / 2));
    writeFileSync(join(folder, "cut-001.tar"), bytes);
    const plan = await planFor("cut", { source: join(folder, "cut-{000..001}.tar") });
    const [cut, whole] = await extractAll(plan);
    assert.ok(cut.pictures > 1 && cut.pictures <= PER_TAR, JSON.stringify(cut));
    assert.ok(Object.keys(cut.reasons).some((reason) => /the tar is cut or damaged after \d pictures/.test(reason)));
    assert.equal(whole.pictures, PER_TAR);
  });

  it("keeps no part with too many failures, and says why", async () => {
    const plan = await planFor("errors", { maxErrors: 0 });
    await assert.rejects(
      features.extractPart(plan, 1, { encoder }),
      /at most 0 pictures of a part may fail \(mostly: the picture must be .*\), received 1/,
    );
    const { missing, failures } = await features.status(plan);
    assert.deepEqual([missing, failures.count, failures.first[0].part], [3, 1, 1]);
    const allowed = await planFor("allowed", { maxErrors: 1 });
    assert.equal((await features.extractPart(allowed, 1, { encoder })).ok, PER_TAR - 1);
  });

  it("refuses another encoder, a part out of range, and an archive that is not there", async () => {
    const plan = await planFor("refusing");
    const other = join(GOLDEN, "deit.ts17.onnx");
    await assert.rejects(features.extractPart(plan, 0, { encoder: other }), /encoder must be the plan's/);
    for (const part of [3, -1, 0.5])
      await assert.rejects(features.extractPart(plan, part, { encoder }), /part must be a whole number of 0..2/);
    const absent = await planFor("absent", { source: join(folder, "absent-{0..1}.tar") });
    await assert.rejects(features.extractPart(absent, 1, { encoder }), /the archive must be readable \(ENOENT\)/);
    assert.match((await features.status(absent)).failures.first[0].reason, /ENOENT/);
  });

  it("reads tars that are compressed, by their first bytes, and counts a cut one", async () => {
    const bytes = readFileSync(join(folder, "tars", "001.tar"));
    const packed = gzipSync(bytes);
    mkdirSync(join(folder, "gz"));
    writeFileSync(join(folder, "gz", "0.tar.gz"), packed);
    writeFileSync(join(folder, "gz", "1.tgz"), packed);
    writeFileSync(join(folder, "gz", "2.tar"), packed);
    writeFileSync(join(folder, "gz", "3.tar"), bytes);
    writeFileSync(join(folder, "gz", "4.tgz"), packed.subarray(0, packed.length / 2));
    const plan = await planFor("compressed", { source: join(folder, "gz") });
    const [cut, ...whole] = (await extractAll(plan)).reverse();
    assert.deepEqual(
      whole.map(({ ok }) => ok),
      [PER_TAR - 1, PER_TAR - 1, PER_TAR - 1, PER_TAR - 1],
    );
    assert.ok(Object.keys(cut.reasons).some((reason) => /the tar is cut or damaged/.test(reason)));
    const manifest = readFileSync(join(plan.folder, "000000", "000000000", "manifest.jsonl"), "utf8");
    assert.match(manifest, /^{"path":"0\/10.png"/);
  });

  it("names links to pictures in a tar, which it does not follow", async () => {
    const body = png(1);
    const file = { header: { name: "a.png", size: body.length }, body };
    const links = ["link", "symlink"].map((type) => ({
      header: { name: `${type}.png`, size: 0, type: type as "link", linkname: "a.png" },
    }));
    const folderEntry = { header: { name: "pictures/", size: 0, type: "directory" as const } };
    writeFileSync(join(folder, "links.tar"), await packTar([file, ...links, folderEntry]));
    const plan = await planFor("links", { source: join(folder, "links.tar") });
    const { ok, reasons } = await features.extractPart(plan, 0, { encoder });
    assert.deepEqual([ok, reasons], [1, { "the picture is a link or a folder in the tar": 2 }]);
  });

  it("leaves a part with pictures that a host gives later to another try", async () => {
    let status = 429;
    const server = createServer((_, answer) => void answer.writeHead(status).end(status === 200 ? png(1) : "later"));
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    try {
      const plan = await planFor("later", { source: [`http://127.0.0.1:${port}/a.png`] });
      for (status of [429, 408, 503])
        await assert.rejects(
          features.extractPart(plan, 0, { encoder }),
          new RegExp(`the host must give the picture \\(${status}\\), received "http`),
        );
      status = 200;
      assert.equal((await features.extractPart(plan, 0, { encoder })).ok, 1);
      status = 404;
      const absent = await planFor("gone", { source: [`http://127.0.0.1:${port}/b.png`] });
      const reasons = { "the picture cannot be fetched (404)": 1 };
      assert.deepEqual((await features.extractPart(absent, 0, { encoder })).reasons, reasons);
    } finally {
      server.close();
    }
  });

  it("reads tars from a URL; a host that fails leaves the part to another try", async () => {
    let isDown = true;
    const server = createServer((request, answer) => {
      const bytes = readFileSync(join(folder, "tars", String(request.url).slice(1)));
      answer.writeHead(200, { "content-length": bytes.length });
      if (isDown) return void answer.write(bytes.subarray(0, 1000), () => answer.destroy());
      answer.end(bytes);
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    try {
      const plan = await planFor("web", { source: `http://127.0.0.1:${port}/{000..002}.tar` });
      await assert.rejects(features.extractPart(plan, 0, { encoder }), /the archive must be readable/);
      assert.deepEqual((await features.status(plan)).whole, 0);
      isDown = false;
      const [{ pictures }] = await extractAll(plan);
      assert.equal(pictures, PER_TAR);
      assert.equal((await features.status(plan)).failures.count, 0);
    } finally {
      server.close();
    }
  });

  it("reads pictures of parquet files: bytes, paths, and both as Hugging Face has them", async () => {
    const bytes = [0, 1, 2].map((i) => new Uint8Array(png(i)));
    const file = join(folder, "rows.parquet");
    parquetWriteFile({
      filename: file,
      columnData: [
        { name: "image", data: [...bytes, null], type: "BYTE_ARRAY", nullable: true },
        {
          name: "place",
          data: ["pictures/05.png", "pictures/06.png", "absent.png", "pictures/07.png"],
          type: "STRING",
        },
        { name: "caption", data: ["a", "b", "c", "d"], type: "STRING" },
      ],
    });
    const rows = await extractAll(await planFor("rows", { source: file, root: folder }));
    assert.deepEqual([rows[0].ok, rows[0].reasons], [3, { "the row has no picture": 1 }]);
    const places = await extractAll(await planFor("places", { source: file, root: folder, column: "place" }));
    assert.equal(places[0].ok, 3);
    assert.match(Object.keys(places[0].reasons)[0], /cannot be read \(ENOENT\)/);
    const none = await planFor("none", { source: file, column: "picture" });
    await assert.rejects(features.extractPart(none, 0, { encoder }), /column must be one of image, place, caption/);
    writeFileSync(join(folder, "broken.parquet"), "PAR1 and no more");
    const broken = await planFor("broken", { source: join(folder, "broken.parquet") });
    await assert.rejects(features.extractPart(broken, 0, { encoder }), /the parquet file must be whole/);
  });
});

describe("machines that share a plan", () => {
  const groupOf = (plan: features.ExtractionPlan): string => join(plan.folder, "000000");
  const tryOf = (part: number): string => `00000000${part}.other-host.4242.3f-00.part`;

  it("need no common clock: only the rate follows the times of files", async () => {
    const plan = await planFor("clocks");
    await extractAll(plan);
    const hour = 3600;
    [2 * hour, -5 * hour, 0].forEach((off, part) => {
      const at = Date.now() / 1000 + off;
      utimesSync(join(groupOf(plan), `00000000${part}`, "part.json"), at, at);
    });
    const { rate, secondsLeft, ...told } = await features.status(plan);
    assert.ok(rate !== null && rate > 0 && secondsLeft === 0, `${rate}, ${secondsLeft}`);
    assert.deepEqual([told.whole, told.missing, told.damaged.count, told.pictures], [3, 0, 0, 15]);
    assert.ok((await extractAll(plan)).every(({ reused }) => reused));
    assert.deepEqual((await features.verify(plan, { remove: true })).whole, 3);
  });

  it("leave tries of killed workers, which go once their part is whole", async () => {
    const plan = await planFor("left");
    await features.extractPart(plan, 0, { encoder });
    for (const part of [0, 1]) mkdirSync(join(groupOf(plan), tryOf(part)));
    mkdirSync(join(groupOf(plan), "000000000.9b-01.damaged"));
    assert.equal((await features.status(plan)).begun, 1);
    await features.verify(plan);
    assert.equal(readdirSync(groupOf(plan)).length, 4, "verify alone removes nothing");
    await features.verify(plan, { remove: true });
    assert.deepEqual(readdirSync(groupOf(plan)).sort(), ["000000000", tryOf(1)], "another machine may be at part 1");
    await extractAll(plan);
    await features.verify(plan, { remove: true });
    assert.deepEqual(readdirSync(groupOf(plan)).sort(), ["000000000", "000000001", "000000002"]);
  });

  it("take nothing from a slower worker at a part that is whole", async () => {
    const plan = await planFor("slower");
    const own = await encoders.load(MODEL, { preprocess: PLAIN, device: "cpu" });
    let removed = 0;
    // The slower worker waits for its encoder while the other one makes the part, and its try is taken away.
    const slower = await features.extractPart(plan, 0, {
      encoder: async () => {
        await features.extractPart(plan, 0, { encoder });
        return own;
      },
      onProgress: () => {
        const [left] = readdirSync(groupOf(plan)).filter((name) => name.endsWith(".part"));
        if (!left) return;
        rmSync(join(groupOf(plan), left), { recursive: true });
        removed++;
      },
    });
    await own.dispose();
    assert.deepEqual([slower.reused, removed], [true, 1]);
    assert.equal(existsSync(join(groupOf(plan), "000000000.failed.json")), false);
    assert.equal((await features.status(plan)).whole, 1);
  });
});

describe("features.follow", () => {
  it("follows the files of a plan until all parts are whole, and names what failed", async () => {
    const plan = await planFor("followed", { maxErrors: 1, source: join(folder, "late-{000..001}.tar") });
    cpSync(join(folder, "tars", "000.tar"), join(folder, "late-000.tar"));
    await features.extractPart(plan, 0, { encoder });
    await assert.rejects(features.extractPart(plan, 1, { encoder }), /ENOENT/);
    const seen: features.PlanStatus[] = [];
    const done = features.follow(plan, { seconds: 0.05, progress: false, onProgress: (now) => seen.push(now) });
    while (!seen.length) await new Promise((resolve) => setTimeout(resolve, 10));
    const { "text/html": html } = listsBundle(plan, seen[0]) ?? {};
    assert.match(String(html), /<summary>Failed parts<\/summary><ul><li>part 1, features.extractPart: .*ENOENT/);
    assert.match(String(html), /<summary>Slowest parts<\/summary><ul><li>part 0, \d+\.\d s on /);
    assert.match(String(headBundle(seen[0])["text/html"]), /<progress aria-label="Parts" value="1" max="2">/);
    const lines = statusLines(seen[0]).join("\n");
    assert.match(lines, /^1 of 2 parts are whole, 5 pictures\n1 missing, 0 begun, 0 damaged, to do: 1\n/);
    cpSync(join(folder, "tars", "001.tar"), join(folder, "late-001.tar"));
    await features.extractPart(plan, 1, { encoder });
    const last = await done;
    assert.deepEqual([last.whole, last.failures.count, last.slowest.length], [2, 0, 2]);
    assert.ok(last.rate !== null && last.rate > 0);
    await assert.rejects(features.follow(plan, { seconds: 0 }), /seconds must be a positive number/);
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    rmSync(plan.folder, { recursive: true });
    await assert.rejects(features.follow(plan, { signal: stop.signal }), /enough/);
  });
});

describe("pooling at writing", () => {
  it("stores the mean, the class token, or means of cells", async () => {
    const { intermediates } = await encoder.forwardIntermediates(png(1), {
      indices: [-1],
      outputFmt: "NLC",
      returnPrefixTokens: true,
    });
    const [map] = intermediates;
    const images = [join(folder, "pictures", "01.png")];
    const stored = async (pool: features.PoolOption) => {
      const out = join(folder, `pool-${pool}`);
      await features.extract({ encoder, images, out, pool });
      const { data, grid } = await (await features.open(out)).features(images[0]);
      return { data, grid };
    };
    const mean = Array.from({ length: map.channels }, (_, c) => {
      let sum = 0;
      for (let n = 0; n < 16; n++) sum += map.data[n * map.channels + c];
      return sum / 16;
    });
    const means = await stored("mean");
    assert.deepEqual(means.grid, [1, 1]);
    assert.ok(maxAbsDiff(means.data, mean) < 1e-6);
    const cls = await stored("cls");
    assert.equal(maxAbsDiff(cls.data, map.prefixTokens!.data.subarray(0, map.channels)), 0);
    const cells = await stored("2x2");
    const squares = await stored(2);
    assert.deepEqual([cells.grid, cells.data], [[2, 2], squares.data]);
  });
});
