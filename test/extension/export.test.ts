import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exportCode as alignmentCode } from "../../extension/src/alignment/exports";
import { exportCode as correspondenceCode, exportData } from "../../extension/src/correspondence/exports";
import { initialState } from "../../extension/src/correspondence/state";
import { call, literal, Raw } from "../../extension/src/export/code";
import { wrap } from "../../extension/src/export/picture";
import { escapeText, SvgPen } from "../../kernel/protocol/core/pen";
import { drawMark } from "../../kernel/protocol/core/marks";
import { smallPayload } from "./payload";

describe("the code of a view", () => {
  it("writes literals that TypeScript reads back, without what is undefined", () => {
    const value = { a: 1, "b-c": 'say "hi"\n', list: [1.5, [2, -3]], nothing: undefined, none: null, yes: true };
    const text = literal(value);
    assert.equal(text, '{ a: 1, "b-c": "say \\"hi\\"\\n", list: [1.5, [2, -3]], none: null, yes: true }');
    assert.deepEqual(new Function(`return ${text}`)(), JSON.parse(JSON.stringify(value)));
  });

  it("breaks long calls, one argument a line, and leaves out options without any entry", () => {
    assert.equal(call("view.law", [new Raw("table")], { title: undefined }), "view.law(table)");
    const long = call("f", [new Raw("x")], { names: Array.from({ length: 12 }, (_, i) => `encoder ${i}`) });
    assert.ok(long.split("\n").every((line) => line.length <= 100));
    assert.deepEqual(
      new Function("f", "x", `return ${long}`)((_: unknown, o: object) => o, 0),
      {
        names: Array.from({ length: 12 }, (_, i) => `encoder ${i}`),
      },
    );
  });

  it("cannot be broken out of by a name", () => {
    const name = '"); await import("https://example.org"); ("';
    const code = call("view.law", [], { title: name });
    assert.equal(new Function("view", `return ${code}`)({ law: (o: { title: string }) => o.title }), name);
  });

  it("repeats a correspondence view: layers, pins in pixels, choices", () => {
    const payload = smallPayload();
    const state = { ...initialState(payload), pins: [{ side: 0 as const, point: [10.26, 4] as [number, number] }] };
    const code = correspondenceCode(payload, state);
    assert.match(code, /^import \{ encoders, view \} from "fovea";\n/);
    assert.match(code, /\nawait view\.correspondence\(/);
    assert.match(code, /pins: \[\[10\.3, 4\]\]/);
    const back = correspondenceCode(payload, { ...state, pins: [{ side: 1, point: [1, 1] }] });
    assert.match(back, /\/\/ One pin on the second image is left out/);
    const data = exportData(payload, state, [[]], true) as { pins: object[] };
    assert.deepEqual(data.pins, [{ image: 0, point: [10.3, 4], match: null }]);
  });

  it("names the features of an alignment view as the documentation does", () => {
    const state = { normalization: "patches", temperature: 0.1, scale: "view", colormap: "magma", opacity: 0.5 };
    const code = alignmentCode(
      {
        title: "",
        encoder: "e",
        channels: 2,
        image: { label: "image", width: 8, height: 6 },
        placement: { grid: [3, 4], region: [0, 0, 8, 6] },
        tokens: { labels: ["a"] },
      } as unknown as Parameters<typeof alignmentCode>[0],
      { ...state, token: 2, patch: 0, hideHeat: false, table: false } as Parameters<typeof alignmentCode>[1],
    );
    assert.match(code, /tokens: \{ labels: \["a"\], data: data \}/);
    assert.match(code, /token: 2,\s+normalization: "patches",\s+temperature: 0\.1/);
  });
});

describe("drawings and words", () => {
  it("a mark is the same lines in SVG, numbers of pins and escapes included", () => {
    const pen = new SvgPen();
    drawMark(pen, { kind: "pin", at: [10, 20], number: 1, selected: false }, { scale: 2, pixel: 1 });
    drawMark(pen, { kind: "patch", at: [4, 4], size: [8, 8], cursor: true }, { scale: 1, pixel: 1 });
    const svg = pen.elements.join("");
    assert.match(svg, /<path d="M11 40a9 9 0 1 0 18 0a9 9 0 1 0 -18 0"/);
    assert.match(svg, /<text x="20" y="40\.5" .*>1<\/text>/);
    assert.match(svg, /d="M0 0h8v8h-8Z" .*stroke-dasharray="4 3"/);
    const shapes = (kind: "keypoint" | "runner-up") => {
      const alone = new SvgPen();
      drawMark(alone, { kind, at: [10, 10], rank: 2 }, { scale: 1, pixel: 1 });
      return alone.elements.join("");
    };
    assert.ok(
      shapes("keypoint").includes("a2.5 2.5") && !shapes("runner-up").includes("a2"),
      "a ring is a keypoint only",
    );
    assert.equal(escapeText('<a b="c">&'), "&lt;a b=&quot;c&quot;&gt;&amp;");
  });

  it("words break at spaces where they no longer fit", () => {
    const fits = (part: string) => part.length <= 9;
    assert.deepEqual(wrap("one two three unbreakable x", fits), ["one two", "three", "unbreakable", "x"]);
    assert.deepEqual(wrap("", fits), []);
  });
});
