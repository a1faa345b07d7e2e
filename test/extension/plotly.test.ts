import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readFigure, themedLayout } from "../../extension/src/plots/figure";
import { offline } from "../../extension/src/plots/offline";

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

describe("plotly figures of a notebook that nobody trusts", () => {
  const leftOf = (figure: object): unknown => offline(readFigure(figure));

  it("load nothing: pictures, outlines and servers at addresses are left out", () => {
    const picture = { source: "data:image/png;base64,AA==", x: 0 };
    const remote = ["https://a.example/x.png", "//a.example/x.png", "x.png", "HTTP://a.example"];
    const layout = {
      title: { text: "see https://a.example" },
      images: [picture, ...remote.map((source) => ({ source, x: 1 }))],
      template: { layout: { images: [{ source: "//a.example" }] } },
      geo: { scope: "europe" },
      map2: { style: "https://a.example/style.json" },
    };
    const config = { topojsonURL: "https://a.example/", plotlyServerURL: "https://a.example", responsive: true };
    const data = [
      { type: "scatter", y: [1, 2], text: ["https://a.example", "b"] },
      { type: "image", source: "https://a.example/x.png" },
      ...["scattergeo", "choropleth", "scattermap", "densitymapbox"].map((type) => ({ type })),
    ];
    assert.deepEqual(leftOf({ data, layout, config }), {
      figure: {
        data: [data[0], { type: "image" }],
        layout: {
          title: layout.title,
          images: [picture, ...remote.map(() => ({ x: 1 }))],
          template: { layout: { images: [{}] } },
        },
        config: { responsive: true },
      },
      isWhole: false,
    });
  });

  it("are whole where they load nothing", () => {
    const data = [
      { type: "sankey", link: { source: [0, 1], target: [1, 2] } },
      { type: "image", source: "data:," },
    ];
    const figure = { data, layout: { xaxis: { title: "url" } }, config: {} };
    assert.deepEqual(leftOf(figure), { figure, isWhole: true });
  });
});
