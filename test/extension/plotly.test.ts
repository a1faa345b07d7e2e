import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readFigure, themedLayout } from "../../extension/src/plots/figure";

const page = { text: "#eee", line: "#444", paper: "#111" };

describe("plotly figures", () => {
  it("are read with defaults, and refused by rule", () => {
    assert.deepEqual(readFigure({}), { data: [], layout: {}, config: {} });
    assert.throws(() => readFigure("x"), /a plotly figure must be an object, received string/);
    assert.throws(() => readFigure({ data: [1] }), /data of a plotly figure must be an array of traces/);
    assert.throws(() => readFigure({ layout: [] }), /layout of a plotly figure must be an object/);
  });

  it("take no option of a notebook that names an address or puts something onto the page", () => {
    const harmless = { staticPlot: true, scrollZoom: "gl3d", displayModeBar: false };
    const refused = {
      plotlyServerURL: "https://elsewhere.example",
      topojsonURL: "https://elsewhere.example/",
      showSendToCloud: true,
      showEditInChartStudio: true,
      modeBarButtonsToAdd: [{ name: "x", icon: { svg: "<svg/>" } }],
      locales: { en: { dictionary: {} } },
      setBackground: "opaque",
      responsive: { toString: "x" },
    };
    const read = readFigure(JSON.parse(JSON.stringify({ config: { ...harmless, ...refused } })));
    assert.deepEqual(read.config, harmless);
    assert.deepEqual(readFigure(JSON.parse('{ "config": { "__proto__": { "staticPlot": true } } }')).config, {});
  });

  it("take the page's colours where the author set none", () => {
    const layout = themedLayout({ yaxis2: { side: "right" }, xaxis: { gridcolor: "red" } }, page);
    assert.equal(layout.paper_bgcolor, "#111");
    assert.deepEqual(layout.font, { color: "#eee" });
    assert.equal((layout.xaxis as { gridcolor: string }).gridcolor, "red");
    assert.equal((layout.yaxis2 as { gridcolor: string }).gridcolor, "#444");
  });

  it("keep what the author set", () => {
    const layout = themedLayout({ paper_bgcolor: "white", font: { size: 20 }, margin: { t: 5 }, title: "t" }, page);
    assert.equal(layout.paper_bgcolor, "white");
    assert.deepEqual(layout.font, { color: "#eee", size: 20 });
    assert.equal((layout.margin as { t: number }).t, 5);
  });
});
