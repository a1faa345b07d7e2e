/** The drawing style that live views and still pictures share. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as laws from "../../kernel/law";
import {
  counted,
  fitText,
  LAW_MIME,
  padded,
  readLaw,
  scatterFigure,
  scatterLayout,
  shortNames,
  textWidth,
  tickText,
} from "../../kernel/protocol";
import { initialState } from "../../extension/src/law/state";
import { law } from "../../kernel/view/law";

describe("the style of figures", () => {
  it("leaves the same margin on both sides, also of a single value", () => {
    assert.deepEqual(padded([0, 100]).map(Math.round), [-7, 107]);
    assert.deepEqual(padded([2, 2]), [1.93, 2.07]);
    assert.equal(tickText(1234.5), "1230");
  });

  it("shortens names so that they can still be told apart", () => {
    const names = ["zoo/clip-vit layer 3", "zoo/clip-vit layer 11", "short"];
    assert.deepEqual(shortNames(names, 12), ["zoo/cl…yer 3", "zoo/cl…er 11", "short"]);
    const middles = ["model-one-of-two/x", "model-two-of-two/x", "model-six-of-two/x"];
    const short = shortNames(middles, 14);
    assert.equal(new Set(short).size, 3, String(short));
    assert.ok([...short, ...shortNames(names, 12, "..")].every((name) => name.length <= 14));
  });

  it("counts one thing as one", () => {
    assert.deepEqual([counted(1, "benchmark"), counted(8, "benchmark")], ["1 benchmark", "8 benchmarks"]);
    assert.equal(counted(2, "axis", "axes"), "2 axes");
  });

  it("gives the law's live figure and its still picture one layout", () => {
    const table = laws.publishedTable();
    const payload = readLaw(law(table, (options) => laws.fit(table, options)).bundle[LAW_MIME]);
    const trans = { __: (text: string) => text };
    for (const leaveOneOut of [false, true]) {
      const state = { ...initialState(payload), leaveOneOut };
      const live = scatterFigure({ trans, payload, fit: payload.fits[0], state, colormap: "viridis" });
      const { range, points } = scatterLayout(payload, payload.fits[0], payload.current, leaveOneOut);
      assert.deepEqual((live.layout["xaxis"] as { range: number[] }).range, range);
      assert.equal(points.length, payload.encoders.length);
    }
  });
});

describe("names that are cut", () => {
  it("never lose digits of a number, which would be another", () => {
    const names = ["zoo/clip-vit layer 3 of the tower", "zoo/clip-vit layer 11 of the tower"];
    for (const most of [22, 24, 26, 28, 30]) {
      const short = shortNames(names, most);
      assert.equal(new Set(short).size, 2);
      assert.ok(!/…1 /.test(short[1]), short[1]);
    }
  });

  it("fit into pixels with both their ends", () => {
    const short = fitText("zoo/clip-vit layer 11 of the tower", 120, 12);
    assert.ok(textWidth(short, 12) <= 120 && short.startsWith("zoo") && short.endsWith("tower"), short);
    assert.equal(fitText("short", 120, 12), "short");
  });
});
