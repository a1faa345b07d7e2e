import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sharp from "sharp";
import { textWidth } from "../../kernel/protocol";
import * as view from "../../kernel/view";
import type { PlotlyObject } from "../../kernel/view";
import { makeAxis, niceStep } from "../../kernel/view/draw/figure/axis";

const svgOf = (data: PlotlyObject[], layout?: PlotlyObject): string =>
  String(view.plotly(data, layout).bundle["image/svg+xml"]);
const count = (svg: string, pattern: RegExp): number => svg.match(new RegExp(pattern, "g"))?.length ?? 0;

/** Checks well-formedness: tags close in order, attributes are quoted, no stray markup. */
function wellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-zA-Z]+)((?:\s[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_, close: string, name: string, __, self: string) => {
      if (close) assert.equal(open.pop(), name);
      else if (!self) open.push(name);
      return "";
    },
  );
  assert.deepEqual(open, []);
  assert.doesNotMatch(rest, /[<>]|&(?!amp;|lt;|gt;|quot;|#39;)/);
}

describe("view.plotly", () => {
  const line = { type: "scatter", mode: "lines+markers", name: "a & b", x: [0, 1, 2], y: [3, null, 5] };

  it("bundles the figure for plotly, a still SVG and a text", () => {
    const { bundle } = view.plotly([line], { title: { text: "PCK" } });
    assert.deepEqual(Object.keys(bundle), ["application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"]);
    assert.deepEqual(bundle["application/vnd.plotly.v1+json"], {
      data: [line],
      layout: { title: { text: "PCK" } },
      config: {},
    });
    assert.equal(bundle["text/plain"], 'plotly figure "PCK"\n  scatter "a & b", 3 points');
  });

  it("turns typed arrays into arrays, and what JSON lacks into null", () => {
    const { bundle } = view.plotly([{ x: Float32Array.of(1, NaN), y: [Infinity, undefined], z: undefined }]);
    assert.deepEqual((bundle["application/vnd.plotly.v1+json"] as { data: object[] }).data, [
      { x: [1, null], y: [null, null] },
    ]);
  });

  it("draws every kind of trace as well-formed SVG that a renderer accepts", async () => {
    const svg = svgOf(
      [
        line,
        { type: "bar", name: "<script>alert(1)</script>", x: [0, 1, 2], y: [1, -2, 3], error_y: { array: [1, 1, 1] } },
        { type: "surface", z: [[1]] },
      ],
      { title: 'T "q" <b>bold</b> & more', xaxis: { title: "x" }, shapes: [{ type: "path", path: "M0 0" }] },
    );
    wellFormed(svg);
    assert.equal(count(svg, /<script/), 0);
    assert.match(svg, /Not drawn in this still picture: surface traces, path shapes\./);
    const { width, height } = await sharp(Buffer.from(svg)).metadata();
    assert.deepEqual([width, height], [700, 420]);
  });

  it("leaves a gap where a value is missing, and marks the others", () => {
    const svg = svgOf([line]);
    assert.equal(count(svg, /<circle/), 2);
    assert.match(svg, /d="M[\d. ]+M[\d. ]+"/);
  });

  it("starts bars at zero, side by side, with error bars on each", () => {
    const svg = svgOf([
      { type: "bar", x: ["u", "v"], y: [10, 20] },
      {
        type: "bar",
        x: ["u", "v"],
        y: [5, 8],
        error_y: { type: "data", symmetric: false, array: [1, 2], arrayminus: [2, 3] },
      },
    ]);
    const bars = [
      ...svg.matchAll(
        /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="(rgba\(0, 114, 178, 1\)|rgba\(213, 94, 0, 1\))"/g,
      ),
    ].slice(0, 4);
    const [x, y, , height] = [1, 2, 3, 4].map((group) => bars.map((bar) => Number(bar[group])));
    assert.equal(bars.length, 4);
    assert.ok(
      bars.every((_, i) => Math.abs(y[i] + height[i] - (y[0] + height[0])) < 0.05),
      "one base line",
    );
    assert.ok(Math.abs(height[1] / height[0] - 2) < 0.01);
    assert.ok(x[2] > x[0] && x[2] < x[1]);
  });

  it("says that it does not stack", () => {
    const svg = svgOf([{ type: "bar", x: ["u"], y: [1] }], { barmode: "stack" });
    assert.match(svg, /Not drawn in this still picture: stacked bars/);
  });

  it("draws horizontal bars with names and a heat-map with its colour bar", () => {
    const bars = svgOf([{ type: "bar", orientation: "h", x: [1, 2], y: ["alpha", "beta"] }]);
    assert.match(bars, />alpha</);
    const heat = svgOf([
      {
        type: "heatmap",
        z: [
          [1, 2],
          [3, 4],
        ],
      },
    ]);
    assert.equal(count(heat, /fill="#440154"/), 1);
    assert.match(heat, />4<\/text>/);
  });

  it("survives empty and odd data", () => {
    for (const data of [
      [],
      [{}],
      [{ x: [], y: [] }],
      [{ type: "heatmap", z: [] }],
      [{ x: ["2020-01-01"], y: ["b"] }],
      [{ y: [5] }],
    ])
      wellFormed(svgOf(data));
    assert.throws(() => view.plotly("x" as never), /view\.plotly: data must be an array of traces, received "x"/);
    assert.throws(() => view.plotly([{ x: () => 1 } as never]), /view\.plotly: data\[0\]\.x must be data/);
  });
});

describe("axes", () => {
  const axis = (options: PlotlyObject, values: (number | string)[]) =>
    makeAxis({ options, values, includeZero: false, padding: 0, from: 0, to: 100, spacing: 20 });

  it("step by 1, 2 or 5 times a power of ten", () => {
    assert.deepEqual([niceStep(10, 5), niceStep(1, 4), niceStep(0.03, 5), niceStep(700, 6)], [2, 0.5, 0.01, 200]);
  });

  it("label what is there: numbers, categories, powers of ten", () => {
    assert.deepEqual(
      axis({}, [0, 10]).ticks.map((tick) => tick.label),
      ["0", "2", "4", "6", "8", "10"],
    );
    assert.deepEqual(
      axis({}, ["a", "b"]).ticks.map((tick) => [tick.label, tick.value]),
      [
        ["a", 25],
        ["b", 75],
      ],
    );
    assert.deepEqual(
      axis({ type: "log" }, [1, 1000]).ticks.map((tick) => tick.label),
      ["1", "10", "100", "1000"],
    );
    assert.deepEqual(
      axis({ dtick: 1, range: [0, 3] }, [0]).ticks.map((tick) => tick.label),
      ["0", "1", "2", "3"],
    );
  });

  it("place nothing that a log axis cannot hold", () => {
    assert.equal(axis({ type: "log" }, [1, 100]).place(0), undefined);
    assert.equal(axis({ type: "log" }, [1, 100]).place(10), 50);
  });
});

describe("plotly figures of any size", () => {
  const count = 300_000;
  const x = Array.from({ length: count }, (_, i) => i);
  const y = x.map((i) => Math.sin(i / 1e4));

  it("are whole for plotly, and thinned in the still picture, which says so", () => {
    for (const type of ["scatter", "bar"]) {
      const figure = view.plotly([{ type, mode: "markers", name: "waves", x, y }]);
      const { data } = figure.bundle["application/vnd.plotly.v1+json"] as { data: { x: number[] }[] };
      const svg = figure.bundle["image/svg+xml"] as string;
      assert.equal(data[0].x.length, count);
      assert.match(svg, /all but 4000 of the 300000 points of waves/);
      assert.ok(svg.length < 1e6, `${svg.length} characters`);
    }
  });

  it("keep what belongs to a point beside it", () => {
    const color = x.map((i) => (i === 75 ? "#123456" : "#ffffff"));
    const { bundle } = view.plotly([{ type: "bar", x, y, marker: { color } }]);
    assert.equal((bundle["image/svg+xml"] as string).match(/#123456/g)?.length, 1, "every 75th point is drawn");
  });

  it("take a hundred thousand categories", () => {
    const z = Array.from({ length: 400 }, () => Array.from({ length: 400 }, (_, i) => i));
    assert.match(view.plotly([{ type: "heatmap", z }]).toString(), /heatmap/);
    const names = x.slice(0, 100_000).map((i) => `c${i}`);
    assert.match(view.plotly([{ type: "bar", x: names, y }]).toString(), /100000|300000 points/);
  });
});

describe("plotly refuses what is no data", () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const wrong: [string, object, RegExp][] = [
    ["a date that is none", { x: [new Date(NaN)] }, /data\[0\]\.x\[0\] must be a valid date/],
    ["a value that holds itself", { meta: circular }, /data\[0\]\.meta\.self\.self.* must not nest beyond 64 levels/],
    ["a function", { x: [() => 1] }, /data\[0\]\.x\[0\] must be data/],
  ];
  for (const [name, trace, rule] of wrong)
    it(name, () => assert.throws(() => view.plotly([trace as never]), { name: "ViewError", message: rule }));
});

describe("a still picture is drawn as the live figure", () => {
  const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
  const long = ["zoo/clip-vit layer 3 of the tower", "zoo/clip-vit layer 11 of the tower", "zoo/parts", "zoo/mae"];

  it("on no paper, so that a dark page shows through", async () => {
    const svg = svgOf([{ x: [1], y: [2] }]);
    const { data, info } = await sharp(Buffer.from(svg)).raw().toBuffer({ resolveWithObject: true });
    assert.equal(info.channels, 4);
    assert.equal(data[3], 0, "the corner is transparent");
  });

  it("with colors of its own where the author chose none, and with the author's", () => {
    const traces = [
      { x: [1], y: [2] },
      { x: [1], y: [3] },
    ];
    assert.deepEqual(
      [...svgOf(traces, { showlegend: false }).matchAll(/<circle[^>]*fill="([^"]+)"/g)].map(([, fill]) => fill),
      ["rgba(0, 114, 178, 1)", "rgba(213, 94, 0, 1)"],
    );
    assert.match(svgOf(traces, { colorway: ["#123456"] }), /<circle[^>]*fill="#123456"/);
    const heat = { type: "heatmap", z: [[0, 1]], colorscale: [[0, "#000000"], [1, "#ff0000"]] }; // prettier-ignore
    assert.equal(count(svgOf([heat]), /fill="#ff0000"/), 1);
    assert.equal(count(svgOf([{ ...heat, colorscale: "Magma" }]), /fill="#fcfdbf"/), 1);
    assert.match(svgOf([{ ...heat, colorscale: "Jet" }]), /the color map Jet \(viridis instead\)/);
  });

  it("with long labels whole or told apart, turned before they touch, inside the picture", () => {
    const svg = svgOf([{ type: "bar", x: long, y: [1, 2, 3, 4] }], { width: 460 });
    const shown = texts(svg);
    assert.equal(new Set(shown).size, shown.length);
    assert.ok(shown.some((text) => text.endsWith("11 of the tower")));
    const turned = [...svg.matchAll(/<text x="([\d.]+)"[^>]*transform="rotate\(30 [^>]*>([^<]*)</g)];
    assert.equal(turned.length, 4);
    for (const [, x, text] of turned) assert.ok(Number(x) + textWidth(text, 12) * Math.cos(Math.PI / 6) <= 460, text);
    const rows = svgOf([{ type: "bar", orientation: "h", x: [1, 2, 3, 4], y: long }]);
    assert.ok(long.every((name) => texts(rows).includes(name)));
  });

  it("with fewer labels where not all have room", () => {
    const names = Array.from({ length: 300 }, (_, i) => `category ${i}`);
    const svg = svgOf([{ type: "bar", x: names, y: names.map((_, i) => i) }]);
    const labels = texts(svg).filter((text) => text.startsWith("category"));
    assert.ok(labels.length > 10 && labels.length < 60, `${labels.length} labels`);
  });

  it("without labels that the author hides, and with those that the author writes", () => {
    const trace = { x: [1, 2, 3], y: [10, 20, 30] };
    const bare = svgOf([trace], { xaxis: { showticklabels: false }, yaxis: { showticklabels: false } });
    assert.deepEqual(texts(bare), []);
    const own = svgOf([trace], { xaxis: { tickvals: [1, 3], ticktext: ["<b>one</b>", "a &amp; b"] } });
    assert.deepEqual(
      texts(own).filter((text) => /[a-z]/.test(text)),
      ["one", "a &amp; b"],
    );
  });

  it("on every pair of axes, with lines and words where they belong", () => {
    const svg = svgOf(
      [
        { x: [0, 1], y: [0, 1] },
        { x: [0, 1], y: [0, 1], xaxis: "x2", yaxis: "y2" },
      ],
      {
        showlegend: false,
        xaxis: { domain: [0, 0.4] },
        xaxis2: { domain: [0.6, 1] },
        shapes: [{ type: "line", xref: "x2", yref: "paper", x0: 0.5, x1: 0.5, y0: 0, y1: 1, line: { dash: "dot" } }],
        annotations: [{ text: "middle", xref: "x2", yref: "y2 domain", x: 0.5, y: 1, showarrow: false }],
      },
    );
    wellFormed(svg);
    assert.doesNotMatch(svg, /Not drawn/);
    const paths = [...svg.matchAll(/<path d="M([\d.]+) /g)].map(([, x]) => Number(x));
    assert.ok(paths.length === 2 && paths[1] > paths[0] + 300, `${paths}`);
    const [, dotted] = /<line x1="([\d.]+)"[^>]*stroke-dasharray="2 3"/.exec(svg) ?? [];
    const [, word] = /<text x="([\d.]+)"[^>]*>middle</.exec(svg) ?? [];
    assert.ok(Number(dotted) > paths[1] && dotted === word, `${dotted}, ${word}`);
  });
});
