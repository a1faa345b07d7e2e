import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { report } from "../../kernel/index.ts";
import * as spair from "../../kernel/data/spair";
import { writeSpair } from "../../kernel/data/world/layouts/spair-writer";
import { standingOf } from "../../kernel/report/standing";
import { parseTable, publishedTable } from "../../kernel/law/fit/table";

const MODEL = "zoo/parts-hybrid";

describe("report.write", () => {
  let folder = "";
  before(() => (folder = mkdtempSync(join(tmpdir(), "fovea-report-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("measures an encoder beside others, writes one page and leaves nothing else", { timeout: 300_000 }, async () => {
    const output = join(folder, "page.html");
    const steps: string[] = [];
    const found = await report.write(MODEL, {
      output,
      limit: 24,
      runs: 3,
      compare: ["zoo/untrained-hybrid"],
      onProgress: ({ done, total, step }) => void steps.push(`${done}/${total} ${step}`),
    });
    assert.deepEqual(readdirSync(folder), ["page.html"]);
    const [untrained] = found.compared;
    const [low, high] = found.scores.c.interval;
    assert.ok(low < found.scores.c.pck && found.scores.c.pck < high);
    assert.ok(found.scores.c.pck > untrained.scores.c.interval[1], "training shows in C");
    assert.ok(found.scores.a.score > 2 * found.scores.a.chance, "and pictures know of their captions");
    assert.deepEqual(
      found.scores.layers.map(({ layer }) => layer),
      [0, 1, 2, 3],
    );
    assert.equal(found.scores.c.layer, 2, "the last but one of four");
    assert.deepEqual(found.blocks, new Array(4).fill([found.info.channels, ...found.info.grid]));
    assert.equal(found.speed.weightBytes, 4 * found.info.parameters);
    assert.ok(found.speed.oneQuartiles[0] <= found.speed.oneMs && found.speed.oneMs <= found.speed.oneQuartiles[1]);
    assert.equal(steps.length, 7);
    assert.equal(steps.at(-1), "7/7 page");

    const page = readFileSync(output, "utf8");
    assert.match(page, /Content-Security-Policy" content="default-src 'none'; img-src data: blob:; style-src 'sha256-/);
    for (const figure of [found.scores.c.pck, untrained.scores.c.pck, found.speed.oneMs])
      assert.ok(page.includes(`>${figure.toFixed(2)}<`), `${figure}`);
    assert.doesNotMatch(page.replace(/<script>.*?<\/script>/gs, ""), /(src|href)="(?!data:)/);
    assert.ok(!page.includes(folder), "no path of this machine");
  });

  it("takes pairs, captions, pictures and a table of one's own", { timeout: 300_000 }, async () => {
    const [pairs, output] = [join(folder, "pairs"), join(folder, "own.html")];
    await writeSpair(pairs, { images: 42, pairs: 20, split: "val" });
    const names = spair.read(pairs, { split: "val" }).pairs.map(({ source }) => source.path);
    const pictures = [...new Set(names)].slice(0, 12);
    assert.equal(pictures.length, 12);
    const captions = join(folder, "own.tsv");
    writeFileSync(captions, pictures.map((path, i) => `${relative(folder, path)}\ta red boat ${i}`).join("\n"));
    const rows = Array.from({ length: 9 }, (_, i) => `e${i},b,${i / 10},${(i * i) % 7},${3 * i + ((i * i) % 7)}`);
    const table = parseTable(["encoder,benchmark,a,c,score", ...rows, "mine,b,0.95,3,"].join("\n"));
    const own = { pairs, split: "val", captions, text: "zoo/clip-vit", pictures: pictures.slice(0, 2), table } as const;
    const found = await report.write("zoo/parts-pyramid", { ...own, output, row: "mine", limit: 6, runs: 1 });
    assert.match(found.pairs, /^6 pairs of .*pairs, split val$/);
    assert.equal(found.captions, captions);
    assert.equal(found.scores.a.chance, 10 / 11);
    assert.equal(found.standing.row, "mine");
    assert.equal(found.standing.rows[0].score, null);
    assert.notDeepEqual(found.blocks[0], found.blocks.at(-1), "a pyramid has several grids");
    const page = readFileSync(output, "utf8");
    assert.match(page, /Row mine of the table/);
    assert.match(page, /The graph of this encoder exposes no attention/);
  });

  const refused: [words: string, options: () => object, message: RegExp][] = [
    ["an unknown option", () => ({ pears: "x" }), /report\.write: options are output, pairs, .*received "pears"/],
    ["another kind of file", () => ({ output: join(folder, "a.pdf") }), /output must be a file \*\.html/],
    ["a folder that is not there", () => ({ output: join(folder, "no", "a.html") }), /the folder of output must exist/],
    ["a limit of none", () => ({ limit: 0 }), /limit must be a whole number of at least 1, received 0/],
    ["missing pairs", () => ({ pairs: join(folder, "no-pairs") }), /no-pairs/],
    ["missing captions", () => ({ captions: join(folder, "no.tsv") }), /captions must be a file, received ".*no\.tsv"/],
    [
      "missing pictures",
      () => ({ pictures: [join(folder, "no.png")] }),
      /pictures must be files, received ".*no\.png"/,
    ],
    ["no picture", () => ({ pictures: [] }), /pictures must hold one/],
  ];
  for (const [words, options, message] of refused)
    it(`refuses ${words}, and writes nothing`, async () => {
      const output = join(folder, "none.html");
      await assert.rejects(report.write(MODEL, { output, ...options() } as report.WriteReportOptions), message);
      assert.ok(!existsSync(output));
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.includes(".pairs")),
        [],
      );
    });

  it(
    "refuses a missing model, a line without a caption and a caption without a picture",
    { timeout: 60_000 },
    async () => {
      const [output, captions] = [join(folder, "none.html"), join(folder, "captions.tsv")];
      await assert.rejects(report.write(join(folder, "no.onnx"), { output, text: MODEL }), /no\.onnx|embedText/);
      writeFileSync(captions, "a.png a boat\n");
      await assert.rejects(
        report.write(MODEL, { output, captions }),
        /line 1 of .* must be a picture, a tab and its caption/,
      );
      writeFileSync(captions, "a.png\ta boat\n");
      await assert.rejects(
        report.write(MODEL, { output, captions }),
        /line 1 of .* must name a picture, received "a\.png"/,
      );
      writeFileSync(captions, "\n");
      await assert.rejects(
        report.write(MODEL, { output, captions }),
        /must hold more than 10 pictures with captions, received 0/,
      );
    },
  );

  it("stops at the signal and leaves nothing", async () => {
    const output = join(folder, "stopped.html");
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(report.write(MODEL, { output, signal }), /enough/);
    assert.ok(!existsSync(output));
  });
});

describe("the place of an encoder on the law", () => {
  it("is its row of the table: score, prediction, and that of a fit without it", () => {
    const { rows, problem, plan } = standingOf(publishedTable(), "CLIP336");
    assert.equal(problem, null);
    assert.equal(plan.next, null, "all are trained");
    const row = rows.find(({ benchmark }) => benchmark === "mmbench_en");
    const scores = publishedTable().rows.filter(({ benchmark }) => benchmark === "mmbench_en");
    const range = scores.map(({ score }) => score ?? NaN);
    const [min, max] = [Math.min(...range), Math.max(...range)];
    // The sheet's first prediction of MMBench in shares of the range, from the released code.
    assert.ok(Math.abs((row?.predicted ?? NaN) - (min + 0.96714 * (max - min))) < 1e-3 * (max - min));
    assert.ok(row && row.leftOut !== null && Math.abs(row.leftOut - row.predicted) > 1e-6);
  });

  it("of a candidate is a prediction with an interval, and the plan names it", () => {
    const text = ["encoder,benchmark,a,c,score"];
    for (let i = 0; i < 9; i++) text.push(`e${i},b,${i / 10},${(i * i) % 7},${3 * i + ((i * i) % 7) + (i % 2)}`);
    text.push("new,b,0.95,3,");
    const { rows, plan } = standingOf(parseTable(text.join("\n")), "new");
    assert.equal(rows[0].score, null);
    assert.equal(rows[0].leftOut, null);
    assert.ok((rows[0].low ?? NaN) < rows[0].predicted && rows[0].predicted < (rows[0].high ?? NaN));
    assert.deepEqual(plan.untrained, ["new"]);
  });

  it("is unknown without a row, and without a fit, and both are said", () => {
    assert.match(standingOf(publishedTable(), "mine").problem ?? "", /The table has no row of mine/);
    const few = parseTable("encoder,benchmark,a,c,score\nx,b,1,2,3\ny,b,2,1,4\n");
    assert.match(standingOf(few, "x").problem ?? "", /The law cannot be fitted/);
  });
});
