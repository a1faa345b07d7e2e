import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FitStore } from "../../extension/src/law/fits";
import { lawKeys } from "../../extension/src/law/keys";
import { sayEncoder, sayFit, sayOrigin, sayTight } from "../../extension/src/law/speech";
import {
  activeEncoder,
  clearSelection,
  initialState,
  moveBenchmark,
  moveCursor,
  select,
} from "../../extension/src/law/state";
import type { Translate } from "../../extension/src/parts/translate";
import * as laws from "../../kernel/law";
import { law } from "../../kernel/view/law";
import { facetsFigure, LAW_MIME, planeFigure, readLaw, scatterFigure } from "../../kernel/protocol";

const trans: Translate = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, n: string) => String(values[Number(n) - 1])),
};
const table = laws.publishedTable();
const payload = readLaw(law(table, (options) => laws.fit(table, options)).bundle[LAW_MIME]);
const [fit] = payload.fits;
const state = initialState(payload);

describe("the law viewer's state", () => {
  const all = payload.encoders.map((_, i) => i);

  it("shows the cursor where it stands, then moves it round the ends", () => {
    const first = moveCursor(state, all, 1);
    assert.deepEqual([activeEncoder(state), activeEncoder(first)], [undefined, 0]);
    assert.equal(moveCursor(first, all, -1).cursor, 12);
    assert.equal(moveCursor(first, all, 5).cursor, 5);
    assert.equal(moveCursor(first, [0, 4, 7], 1).cursor, 4, "encoders without a row are passed over");
  });

  it("selects once, lets go when selected again, and hovers without selecting", () => {
    const one = select(state, 3);
    assert.deepEqual([one.selected, activeEncoder(one)], [3, 3]);
    assert.equal(activeEncoder({ ...one, hover: 5 }), 5);
    assert.equal(select(one, 3).selected, undefined);
    assert.equal(activeEncoder(clearSelection(one)), undefined);
    assert.equal(moveBenchmark(state, payload, -1).benchmark, 7);
  });

  it("takes its keys and leaves JupyterLab's", () => {
    const key = (name: string, shiftKey = false, ctrlKey = false) =>
      lawKeys(trans).actionOf({ key: name, shiftKey, ctrlKey, metaKey: false, altKey: false });
    assert.deepEqual(key("ArrowUp", true), { type: "move", by: -5 });
    assert.deepEqual(key("]"), { type: "benchmark", by: 1 });
    for (const name of ["Tab", "a", "F5"]) assert.equal(key(name), undefined);
    assert.deepEqual([key("Enter", true), key("s", false, true)], [undefined, undefined]);
  });
});

describe("the fits at hand", () => {
  it("are the saved ones, then what the kernel answers last", () => {
    const fits = new FitStore(payload);
    assert.deepEqual([fits.has({ degree: 1 }), fits.has({ degree: 2, terms: ["a"] })], [true, false]);
    const late = fits.choose({ degree: 1 });
    const serial = fits.choose({ degree: 2, terms: ["a"] });
    assert.equal(fits.shown.choice.degree, 1, "shown until the answer comes");
    const reply = { type: "fit" as const, milliseconds: 0.31, fit };
    assert.equal(fits.accept({ ...reply, serial: late }), false);
    assert.equal(fits.accept({ ...reply, serial }), true);
    assert.equal(sayOrigin(trans, payload, fits, "live"), "Fitted in the kernel in 0.3\u00a0ms.");
    assert.throws(() => fits.accept({ ...reply, serial, fit: { ...fit, benchmarks: [] } }), /fit\.benchmarks must be/);
  });
});

describe("what the law viewer says", () => {
  it("names the encoder, its figures and what they are", () => {
    assert.match(
      sayEncoder(trans, payload, fit, { ...state, selected: 0 }),
      /^CLIP336 \(1\) on mmbench_en: measured 64\.26, predicted 64\.51, predicted without it 64\.73; A score 0\.788, C score 15\.66\. Selected\.$/,
    );
    assert.match(
      sayFit(trans, payload, fit, state),
      /R² 0\.963 in sample.*The fit has seen|the fit has seen every encoder/,
    );
  });

  it("warns while rows are at most twice the coefficients", () => {
    const of = fit.benchmarks[0];
    assert.equal(sayTight(trans, of), "");
    assert.match(sayTight(trans, { ...of, n: 12 }), /^Only 12 encoders for 6 coefficients/);
  });
});

describe("the panels", () => {
  const input = {
    trans,
    payload,
    fit,
    state: { ...state, selected: 4, residuals: true },
    colormap: "viridis" as const,
  };

  it("mark the selected encoder by shape in every one, and draw it last", () => {
    const traces = scatterFigure(input).data as { customdata?: number[]; marker?: { symbol: string[] } }[];
    const encoders = traces.filter(({ customdata }) => customdata);
    assert.equal(encoders.length, 13, "a trace an encoder");
    assert.deepEqual([encoders[12].customdata, encoders[12].marker?.symbol], [[4], ["square"]]);
    assert.equal(encoders[12], traces.at(-1));
    const facets = facetsFigure(input, 800)?.data as { customdata: number[]; marker: { symbol: string[] } }[];
    for (const { customdata, marker } of facets) assert.deepEqual([customdata[12], marker.symbol[12]], [4, "square"]);
  });

  it("escape names: markup in a table stays text", () => {
    const encoders = ["<a href='javascript:x'>", ...payload.encoders.slice(1)];
    const written = JSON.stringify(scatterFigure({ ...input, payload: { ...payload, encoders } }));
    assert.ok(!written.includes("<a") && written.includes("&lt;a href"));
  });

  it("say scores by their names, and all encoders that lie under the pointer", () => {
    const texts = (figure: { data: object[] }): string[] =>
      (figure.data as { hovertext?: string[] }[]).flatMap(({ hovertext }) => hovertext ?? []);
    const plane = planeFigure(input);
    assert.ok(plane);
    assert.ok(texts(plane).includes("CLIP336: A score 0.788, C score 15.66; predicted score 64.51"));
    assert.equal((plane.layout.xaxis as { title: { text: string } }).title.text, "A score");
    const near = texts(scatterFigure(input)).find((text) => text.startsWith("CLIP224:"));
    assert.match(near ?? "", /^CLIP224: measured score 64\.18, predicted score [\d.]+<br>CLIP.*measured score/);
  });

  it("move markers that cover each other aside, with a line to their places", () => {
    const traces = scatterFigure({ ...input, width: 460 }).data as Record<string, (number | null)[]>[];
    const [wide, thin, dots] = traces.slice(1);
    assert.deepEqual([wide.x, thin.x.length], [thin.x, 3 * dots.x.length]);
    assert.ok(dots.x.length >= 3, `${dots.x.length} leaders`);
    const measured = new Set(payload.rows.filter(({ benchmark }) => benchmark === 0).map(({ score }) => score));
    assert.ok(
      dots.y.every((y) => measured.has(y)),
      "the dots lie at the exact places",
    );
  });

  it("leave the plane out for one predictor, and facets for one benchmark", () => {
    const single = { ...payload, predictors: ["a"] };
    assert.equal(planeFigure({ ...input, payload: single }), undefined);
    assert.equal(facetsFigure({ ...input, payload: { ...payload, benchmarks: ["x"] } }, 800), undefined);
  });
});
