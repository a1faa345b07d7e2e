import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { publishNotebook, readNotebook, write } from "../../kernel/publish";
import { code, hostileCells, HOST, PIXEL, shown, text, writeNotebook } from "./notebooks";

let folder = "";
before(() => (folder = mkdtempSync(join(tmpdir(), "fovea-publish-"))));
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const publish = (...cells: object[]): ReturnType<typeof publishNotebook> =>
  publishNotebook(readNotebook(writeNotebook(folder, `${count++}.ipynb`, cells)));

describe("a published notebook", () => {
  it("is written in one piece beside its place, whole or not at all", async () => {
    const home = join(folder, "whole");
    mkdirSync(home);
    const notebook = writeNotebook(home, "one.ipynb", [text("# A title\n\nwords"), code("const a = 1;")]);
    const written = await write(notebook, { lang: "ja" });
    assert.deepEqual(readdirSync(home).sort(), ["one.html", "one.ipynb"]);
    assert.equal(written.output, join(home, "one.html"));
    assert.equal(written.cells, 2);
    const page = readFileSync(written.output, "utf8");
    assert.equal(written.bytes, Buffer.byteLength(page));
    assert.match(page, /<html lang="ja"/);
    assert.match(page, /<title>A title<\/title>/);
    assert.match(page, /<span class="hljs-keyword">const<\/span> a = /);
    assert.match(page, /default-src 'none'; img-src data: blob:; style-src 'sha256-[^']+'; base-uri 'none'/);
    assert.doesNotMatch(page, /script-src|<script/, "no view, no script");
  });

  it("gives formulas as MathML and leaves dollars alone", () => {
    const { html } = publish(
      text("$\\frac{1}{2}$ costs $5 or $6, `$x$`\n\n$$s = \\sum_j x_j$$\n\n\\$a$ and $\\nope{$"),
    );
    assert.match(html, /<mfrac><mn>1<\/mn><mn>2<\/mn><\/mfrac>/);
    assert.match(html, /<math display="block"/);
    assert.ok(html.includes("costs $5 or $6, <code>$x$</code>"));
    assert.ok(html.includes("$a$ and <code>\\nope{</code>"), "one that cannot be read stands as it is");
    assert.doesNotMatch(html, / style=/);
  });

  it("names headings once each and reports them", () => {
    const { headings, title, html } = publish(text("# One two\n## Same"), text("## Same\n### 日本語"));
    assert.equal(title, "One two");
    assert.deepEqual(
      headings.map(({ id, level }) => [id, level]),
      [
        ["One-two", 1],
        ["Same", 2],
        ["Same-2", 2],
        ["日本語", 3],
      ],
    );
    assert.match(html, /<h2 id="Same-2">Same<\/h2>/);
  });

  it("shows attachments, and keeps the alignment of tables without inline styles", () => {
    const { html } = publish(
      text("![own picture](attachment:a%20b.png)", { "a b.png": { "image/png": PIXEL } }),
      code(
        "t",
        shown({ "text/html": '<table><tr><td style="text-align:right">7</td></tr></table>', "text/plain": "7" }),
      ),
    );
    assert.ok(html.includes(`<img src="data:image/png;base64,${PIXEL}" alt="own picture" />`), html);
    assert.match(html, /<td class="right">7<\/td>/);
  });

  it("overwrites a line as a terminal does, and shows the error of a cell", () => {
    const stream = { output_type: "stream", name: "stdout", text: ["10 %\r20 %\r", "30 %\nend\r\n"] };
    const { html } = publish(code("x", stream, { output_type: "error", ename: "E", evalue: "why", traceback: [] }));
    assert.match(html, />30 %\nend\n<\/pre>/);
    assert.match(html, /<pre tabindex="0" class="error">E: why<\/pre>/);
  });

  it("keeps nothing that runs or loads, and says so where it stood", () => {
    const { html, title } = publish(...hostileCells);
    assert.equal(title, 'Hostile <img src=x onerror="window.hacked=(window.hacked||0)+1"> title');
    const markup = html.replace(/<script type="application\/json"[^]*?<\/script>/g, "");
    assert.doesNotMatch(markup, /<(script|iframe|link|style|form|meta|base|svg|object)\b/i);
    assert.doesNotMatch(markup, /<[^>]*\s(on\w+|style|srcset)=/i);
    assert.doesNotMatch(markup, new RegExp(`<[^>]*(src|href)="(${HOST}|javascript)`, "i"));
    for (const sentence of [
      /<b>kept<\/b>.*Parts that run programs or load something from elsewhere are left out here/s,
      /words of the program/,
      /This output is a program, which this page does not run/,
      /no picture/,
      /This view is of another version of Fovea \(application\/vnd\.fovea\.correspondence\.v9\+json\)/,
      /This output has an unknown form/,
      /This output holds application\/x-unknown, which this page cannot show/,
    ])
      assert.match(html, sentence);
  });
});

describe("a hostile notebook", () => {
  it("names no markup of the page's own from inside a tag, and none twice", () => {
    const named = "&#xe000;0&#xe001;";
    const { html } = publish(
      text(`[link](https://a.b "${named}") $x$ ${named} &#xe000;7&#xe001; <b title='`),
      text(`<details open='\n\n$$y$$ <b x='z'>`),
    );
    assert.equal(html.match(/<math>/g)?.length, 1, "the second formula stands inside of an attribute");
    assert.doesNotMatch(html, /="[^"]*<(math|pre)|undefined/);
    assert.match(html, /<a href="https:\/\/a\.b" title="\ufffd0\ufffd"[^>]*>link<\/a> <math><mi>x<\/mi><\/math>/);
  });

  it("has as many headings of one name as it likes", () => {
    const { headings } = publish(text("# Same\n".repeat(3000)), text("# Same\n# Same-2"));
    assert.equal(headings.at(-2)?.id, "Same-3001");
    assert.equal(headings.at(-1)?.id, "Same-2-2");
    assert.equal(new Set(headings.map(({ id }) => id)).size, 3002);
  });

  it("shows what cannot be written out as a sentence", () => {
    const deep = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`) as unknown;
    const outputs = [{ kind: "data" as const, bundle: { "application/json": deep } }];
    const { html } = publishNotebook({ language: "", cells: [{ kind: "code", source: "", changes: [], outputs }] });
    assert.match(html, /This output is too deep or too large to be shown here/);
  });

  it("gives a page that runs cells the smaller code of heavy ones, with what it changes", () => {
    const heavy = (browser: unknown): object => ({
      ...code('const [steps, name] = [60, "a<b"];'),
      metadata: { fovea: { browser } },
    });
    const read = (browser: unknown) => readNotebook(writeNotebook(folder, "heavy.ipynb", [heavy(browser)]));
    const notebook = read({ "[60,": "[6,", '"a<b"': '"$&"' });
    const { html } = publishNotebook(notebook, { runs: true });
    const [, smaller] = /data-code="([^"]*)"/.exec(html) ?? [];
    assert.equal(smaller, "const [steps, name] = [6, &quot;$&amp;&quot;];");
    assert.ok(html.includes('data-changes="[[&quot;[60,&quot;,&quot;[6,&quot;],'), html);
    assert.doesNotMatch(publishNotebook(notebook).html, /data-code/, "a page to read has none");
    for (const other of [7, "60", ["60"], { "[60,": 6 }, { "": "6" }])
      assert.doesNotMatch(publishNotebook(read(other), { runs: true }).html, /data-code/, JSON.stringify(other));
    for (const absent of ["61", "s"])
      assert.throws(
        () => publishNotebook(read({ [absent]: "6" }), { runs: true }),
        new RegExp(`must stand in its cell once, received "${absent}"`),
      );
  });

  it("does not hold up the reader of its code and pictures", () => {
    const source = "a".repeat(1_000_000);
    const picture = `A${" ".repeat(1_000_000)}!`;
    const { html } = publish(code(source, shown({ "image/png": picture, "text/plain": "words" })));
    assert.ok(html.includes(`<code>${source}</code>`), "very long code has no colors");
    assert.match(html, />words<\/pre>/);
  });
});

describe("bad input", () => {
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const refused: [words: string, notebook: () => string, options: object, message: RegExp][] = [
    ["a missing file", () => join(folder, "no.ipynb"), {}, /notebook must be a file, received ".*no\.ipynb"/],
    ["a folder", () => folder, {}, /notebook must be a file/],
    ["no JSON", () => file("a.ipynb", "{"), {}, /a\.ipynb must be JSON/],
    ["a list", () => file("b.ipynb", "[]"), {}, /b\.ipynb must be a notebook, received \[\]/],
    ["an old format", () => file("c.ipynb", '{"nbformat":3,"worksheets":[]}'), {}, /of format 4, received 3/],
    ["no cells", () => file("d.ipynb", '{"nbformat":4}'), {}, /must have a list of cells, received undefined/],
    [
      "a cell without a source",
      () => file("e.ipynb", '{"nbformat":4,"cells":[{"cell_type":"code"}]}'),
      {},
      /cell 1 must have a source/,
    ],
    [
      "an unknown cell",
      () => file("f.ipynb", '{"nbformat":4,"cells":[{"cell_type":"x","source":""}]}'),
      {},
      /cell 1 must be markdown, code or raw, received "x"/,
    ],
    [
      "another kind of file",
      () => writeNotebook(folder, "g.ipynb", []),
      { output: "x.pdf" },
      /output must be a file \*\.html, received "x\.pdf"/,
    ],
    [
      "a missing folder",
      () => writeNotebook(folder, "h.ipynb", []),
      { output: join(folder, "no", "x.html") },
      /the folder of output must exist/,
    ],
    [
      "a language with markup",
      () => writeNotebook(folder, "i.ipynb", []),
      { lang: '"><script>' },
      /lang must be a language/,
    ],
    [
      "an unknown option",
      () => writeNotebook(folder, "j.ipynb", []),
      { title: "x" },
      /options are output, lang, received "title"/,
    ],
  ];
  for (const [words, notebook, options, message] of refused)
    it(`is refused by rule: ${words}`, async () => {
      const before = () => readdirSync(folder).filter((name) => name.endsWith(".html"));
      const pages = before();
      await assert.rejects(write(notebook(), options), { name: "PublishError", message });
      assert.deepEqual(before(), pages, "nothing is written");
    });
});
