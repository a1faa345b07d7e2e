import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as laws from "../../kernel/law";
import type { ScoreTable } from "../../kernel/law";
import { law, type LawFitLike, type LawTableLike } from "../../kernel/view/law";
import { acceptView } from "../../kernel/view/live";
import {
  fittedSurface,
  isTight,
  LAW_MIME,
  lawPoints,
  predictScore,
  ProtocolError,
  readFit,
  readLaw,
  readLawReply,
  readLawRequest,
  type LawPayload,
} from "../../kernel/protocol";
import { ViewError } from "../../kernel/protocol/core/error";
import { changed } from "./changed";
import { FakeComm } from "./fake-comm";

const published = laws.publishedTable();
const view = law(published, (options) => laws.fit(published, options), { title: "T", benchmark: "mme" });
const payload = JSON.parse(JSON.stringify(view.bundle[LAW_MIME])) as LawPayload;

describe("view.law", () => {
  it("saves the view, a PNG and a text, in that order and in little room", () => {
    assert.deepEqual(Object.keys(view.bundle), [LAW_MIME, "image/png", "text/plain"]);
    assert.ok(JSON.stringify(view.bundle).length < 80_000);
    assert.equal(Buffer.from(String(view.bundle["image/png"]), "base64").toString("latin1", 1, 4), "PNG");
    // R² and Q² of the published table (arXiv 2408.16357), and of the regression's own tests.
    assert.match(view.toString(), /^T: 13 encoders on 8 benchmarks/);
    assert.match(
      view.toString(),
      /mme: R² 0\.974 in sample, adjusted R² 0\.955, leave-one-out Q² 0\.918, n = 13, 6 coef/,
    );
    assert.match(view.toString(), /mean of vision: R² 0\.957/);
  });

  it("is read back as written, with both degrees for use without a kernel", () => {
    assert.deepEqual(readLaw(payload), payload);
    assert.deepEqual(
      payload.fits.map((fit) => fit.choice),
      [{ degree: 2 }, { degree: 1 }],
    );
    assert.equal(payload.current, 1);
  });

  it("takes a finished fit, which cannot change", () => {
    const fixed = law(published, laws.fit(published, { terms: ["a", "c", "a*c"] }));
    const saved = readLaw(fixed.bundle[LAW_MIME]);
    assert.deepEqual([saved.refits, saved.fits.length], [false, 1]);
    assert.deepEqual(saved.fits[0].choice, { degree: 2, terms: ["a", "c", "a*c"] });
  });

  it("predicts as the fit does, in the units of the table", () => {
    const [fit] = payload.fits;
    for (const point of lawPoints(payload, fit, 1)) {
      const predictors = new Map(payload.predictors.map((name, i) => [name, point.predictors[i]]));
      assert.ok(Math.abs(predictScore(fit.benchmarks[1], predictors) - (point.predicted ?? NaN)) < 1e-8);
    }
    const surface = fittedSurface(payload, fit, 1);
    assert.deepEqual([surface?.axes, surface?.z.length, surface?.z[0].length], [["a", "c"], 41, 41]);
  });

  it("keeps encoders that were not trained, and encoders with names of objects' own", () => {
    const table: LawTableLike = {
      encoders: ["constructor", "b", "c", "e", "d"],
      benchmarks: ["x"],
      predictors: ["a", "c"],
      rows: ["constructor", "b", "c", "e", "d"].map((encoder, i) => ({
        encoder,
        benchmark: "x",
        predictors: { a: i, c: i * i },
        score: i === 4 ? null : i + 0.1 * (i % 2),
      })),
    };
    const saved = readLaw(
      law(table, laws.fit({ ...published, ...table, groups: {} } as ScoreTable, { degree: 1 })).bundle[LAW_MIME],
    );
    const points = lawPoints(saved, saved.fits[0], 0);
    assert.deepEqual([points[4].measured, points[4].leftOut], [null, null]);
    assert.ok(points[4].predicted !== null && points[0].predicted !== null);
    assert.equal(isTight(saved.fits[0].benchmarks[0]), true, "4 rows, 3 coefficients");
  });

  it("refuses what breaks a rule, by name", () => {
    const fit = laws.fit(published);
    const broken = { ...fit, benchmarks: {} } as LawFitLike;
    assert.throws(
      () => law(published, broken),
      /view\.law: the fit must hold every benchmark of the table, received "mm/,
    );
    assert.throws(() => law({ ...published, encoders: [] }, fit), /table\.encoders must be 1 to 200 different names/);
    assert.throws(() => law(published, fit, { benchmark: "none" }), /benchmark must be one of mmbench_en/);
    assert.throws(() => law(published, (o) => laws.fit(published, o), { degree: 3 as 2 }), ViewError);
    const rows = [{ encoder: "?", benchmark: "mme", predictors: { a: 1, c: 1 }, score: 1 }];
    assert.throws(() => law({ ...published, rows }, fit), /table\.rows\[0\]\.encoder must be one of CLIP336/);
  });
});

describe("readLaw", () => {
  const broken: [what: string, path: (string | number)[], to: unknown, says: RegExp][] = [
    ["another version", ["version"], 2, /version must be one of 1, received 2/],
    ["a row of no encoder", ["rows", 0, "encoder"], 13, /rows\[0\]\.encoder must be below 13, received 13/],
    ["a row without a predictor", ["rows", 2, "predictors"], [1], /rows\[2\]\.predictors must be an array of 2 items/],
    ["an infinite score", ["rows", 0, "score"], "1e999", /rows\[0\]\.score must be a finite number/],
    ["no fit", ["fits"], [], /fits must be an array of 1\.\.8 items/],
    ["a third degree", ["fits", 0, "choice", "degree"], 3, /fits\[0\]\.choice\.degree must be one of 1, 2, received 3/],
    [
      "a lost coefficient",
      ["fits", 1, "benchmarks", 0, "coefficients"],
      [1],
      /coefficients must be an array of 3 items/,
    ],
    ["a lost prediction", ["fits", 0, "benchmarks", 3, "predictions"], [], /predictions must be an array of 13 items/],
    ["a lost benchmark", ["fits", 0, "benchmarks"], [], /fits\[0\]\.benchmarks must be an array of 1\.\.60 items/],
    ["a switch that is none", ["refits"], "yes", /refits must be true or false, received "yes"/],
    ["a benchmark out of range", ["current"], 8, /current must be below 8, received 8/],
  ];
  for (const [what, path, to, says] of broken)
    it(`refuses ${what} by its path`, () => {
      assert.throws(
        () => readLaw(changed(payload, path, to)),
        (error) => error instanceof ProtocolError && says.test(error.message),
      );
    });

  it("refuses what is no object", () => {
    for (const value of [null, undefined, 3, "x", []]) assert.throws(() => readLaw(value), ProtocolError);
  });
});

describe("the kernel's side of a law view", () => {
  const opened = (id: string): FakeComm => {
    const comm = new FakeComm();
    acceptView(comm, { data: { version: 1, view: id }, metadata: {}, buffers: [] });
    return comm;
  };

  it("fits again with the terms asked for, and says in what time", () => {
    const comm = opened(view.id);
    comm.receive({ type: "fit", serial: 7, choice: { degree: 2, terms: ["a", "a*c"] } });
    const reply = readLawReply(JSON.parse(JSON.stringify(comm.sent[1].data)));
    assert.equal(reply.serial, 7);
    assert.ok(reply.milliseconds > 0);
    const fit = readFit(reply.fit, payload, "test");
    assert.deepEqual(fit.benchmarks[0].terms, ["a", "a*c"]);
    const expected = laws.fit(published, { terms: ["a", "a*c"] }).benchmarks.mmbench_en.r2;
    assert.equal(fit.benchmarks[0].r2, expected);
  });

  it("answers terms that cannot be fitted, and features that it has not, in words", () => {
    const comm = opened(view.id);
    comm.receive({ type: "fit", serial: 0, choice: { degree: 2, terms: ["zebra"] } });
    comm.receive({ type: "features", layer: 0, image: 0 });
    assert.match(String(comm.sent[1].data.message), /a term may use a, c, received/);
    assert.equal(comm.sent[2].data.code, "malformed");
    assert.throws(
      () => readLawRequest({ type: "fit", serial: 0, choice: { degree: 4 } }),
      /choice\.degree must be one of 1, 2/,
    );
  });

  it("tells which encoder was selected, one call at a time and the last of several", async () => {
    const told: (string | null)[] = [];
    const release: (() => void)[] = [];
    const listening = law(published, laws.fit(published), {
      onSelect: (name) => {
        told.push(name);
        return new Promise<void>((done) => release.push(done));
      },
    });
    assert.equal(readLaw(listening.bundle[LAW_MIME]).selects, true);
    const comm = opened(listening.id);
    for (const encoder of [3, 4, null, 5]) comm.receive({ type: "select", encoder });
    assert.deepEqual(told, ["DINOv2"]);
    release[0]();
    await new Promise((done) => setImmediate(done));
    assert.deepEqual(told, ["DINOv2", "SD1.5"]);
    assert.equal(comm.sent.length, 1, "nothing went wrong");
  });

  it("answers a selection that is none, that nobody listens to, or whose listener fails, in words", async () => {
    const failing = law(published, laws.fit(published), {
      onSelect: () => {
        throw new Error("no such model");
      },
    });
    const comm = opened(failing.id);
    comm.receive({ type: "select", encoder: 13 });
    await new Promise((done) => setImmediate(done));
    assert.match(String(comm.sent[1].data.message), /encoder must be below 13, received 13/);
    comm.receive({ type: "select", encoder: 0 });
    await new Promise((done) => setImmediate(done));
    assert.match(String(comm.sent[2].data.message), /no such model/);
    const deaf = opened(view.id);
    deaf.receive({ type: "select", encoder: 0 });
    assert.match(String(deaf.sent[1].data.message), /nobody listens/);
    assert.throws(() => readLawRequest({ type: "select", encoder: -1 }), /encoder must be an integer in/);
  });

  it("no longer knows a view that was disposed", () => {
    const short = law(published, (options) => laws.fit(published, options));
    short.dispose();
    assert.equal(opened(short.id).sent[0].data.code, "unknown-view");
    const fixed = law(published, laws.fit(published));
    const comm = opened(fixed.id);
    comm.receive({ type: "fit", serial: 0, choice: { degree: 1 } });
    assert.match(String(comm.sent[1].data.message), /this view cannot fit/);
  });
});
