/** The training viewer without a page: its state, keys, figures and words. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Translate } from "../../extension/src/parts/translate";
import { exportCode, exportData } from "../../extension/src/training/exports";
import { trainingKeys } from "../../extension/src/training/keys";
import { numberRows } from "../../extension/src/training/numbers";
import { sayControl, sayLatest, sayLive, sayPlace } from "../../extension/src/training/speech";
import {
  evaluationsOf,
  INITIAL,
  moveChart,
  moveCursor,
  moveEvaluation,
  showEvaluation,
  sideChart,
} from "../../extension/src/training/state";
import {
  balancedColumns,
  chartFigure,
  encodeCells,
  frameAt,
  matrixFigure,
  RunRecord,
  shortText,
  stageNames,
  type ChartInput,
  type RunEvent,
  type RunState,
} from "fovea/protocol";

const trans: Translate = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, n: string) => String(values[Number(n) - 1])),
};

/** 100 updates in two stages; an evaluation with a picture every 20. */
function record(name = "", state: RunState = "running", checkpoint = true): RunRecord {
  const run = new RunRecord(name);
  const groups = [{ label: "<b>head</b>", learningRate: 0.01, size: 10 }];
  const stages = [
    { name: "first", steps: 40, groups },
    { name: "second", steps: 160, groups },
  ];
  const plan = { stages, totalSteps: 200, step: 0, accumulate: 1, batches: 10, device: "wasm", checkpoint };
  const events: RunEvent[] = [{ kind: "began", plan }];
  for (let step = 1; step <= 100; step++) {
    const stage = step > 40 ? 1 : 0;
    const matrix = { title: "Mean gate", rows: ["a", "<i>b</i>"], columns: ["1", "2"], note: "" };
    const axes = ["task", "unit"] as [string, string];
    const evaluated = step % 20 === 0;
    const made = {
      step,
      stage,
      stageStep: step - 40 * stage,
      epoch: step / 10,
      loss: 1 / step,
      gradientNorm: 1,
      metrics: { "<script>": step },
      rates: { "<b>head</b>": 0.01 },
      milliseconds: 100,
      remainingMilliseconds: 100 * (200 - step),
      examples: 4,
      memory: { tensors: 9, bytes: 1e6, resident: 2e8 },
      validation: evaluated ? { loss: 2 / step } : null,
      matrices: evaluated ? [{ ...matrix, axes, ...encodeCells([0, step, NaN, 1]) }] : [],
    };
    events.push({ kind: "stepped", step: made });
  }
  events.push({ kind: "changed", state, message: state === "failed" ? "why" : "" });
  for (const event of events) run.apply(event);
  return run;
}

const STYLE = { colormap: "viridis", width: 400 } as const;
const run = record();
const input: ChartInput = { trans, runs: [run], state: INITIAL, width: 400 };

describe("the training viewer's state", () => {
  it("moves a cursor along the updates, between the ends", () => {
    const last = moveCursor(INITIAL, run, 1);
    assert.equal(last.cursor, 100);
    assert.equal(moveCursor(last, run, -10).cursor, 90);
    assert.equal(moveCursor(last, run, 1).cursor, 100);
    assert.equal(moveCursor(last, run, -Infinity).cursor, 1);
    assert.equal(moveCursor(INITIAL, run, -Infinity).cursor, 1);
    assert.equal(moveCursor(INITIAL, new RunRecord(""), 1).cursor, undefined);
  });

  it("goes round the charts, and falls back to the first metric", () => {
    assert.equal(sideChart([run], { ...INITIAL, chart: "metric gone" }).key, "metric <script>");
    const next = moveChart(INITIAL, [run], -1);
    assert.equal(next.chart, "norm");
    assert.equal(moveChart(next, [run], 1).chart, "metric <script>");
  });

  it("follows the evaluations until an earlier one is asked for", () => {
    assert.deepEqual(evaluationsOf(run), [20, 40, 60, 80, 100]);
    const before = moveEvaluation(INITIAL, run, -1);
    assert.equal(before.evaluation, 80);
    assert.equal(moveEvaluation(before, run, 1).evaluation, undefined);
    assert.equal(showEvaluation(INITIAL, run, 0).evaluation, 20);
    const [matrix] = run.matrices;
    assert.deepEqual([frameAt(matrix, 79)?.step, frameAt(matrix, 19)], [60, undefined]);
  });

  it("takes its keys and leaves JupyterLab's", () => {
    const key = (name: string, shiftKey = false, ctrlKey = false) =>
      trainingKeys(trans).actionOf({ key: name, shiftKey, ctrlKey, metaKey: false, altKey: false });
    assert.deepEqual(key("ArrowLeft", true), { type: "cursor", by: -10 });
    assert.deepEqual(key("p"), { type: "pause" });
    for (const name of ["Tab", "a", "ArrowUp", "Enter"]) assert.equal(key(name), undefined);
    assert.deepEqual([key("s", false, true), key("Enter", true)], [undefined, undefined]);
    assert.equal(
      ["s", "S", "x", "Delete"].some((name) => key(name)?.type === "stop"),
      false,
      "no single key stops a training",
    );
  });
});

describe("what the training viewer draws", () => {
  type Drawn = {
    name: string;
    line: { dash: string; color: string };
    marker?: { symbol: string };
    showlegend?: boolean;
  }[];

  it("measured and smoothed curves, and validation by markers; runs differ in more than colour", () => {
    const loss = { key: "loss", name: "loss", kind: "loss" } as const;
    const one = chartFigure(loss, input).data as Drawn;
    assert.deepEqual(
      one.map(({ name, showlegend }) => [name, showlegend]),
      [
        ["train", false],
        ["train", undefined],
        ["validation", undefined],
      ],
    );
    const plain = chartFigure(loss, { ...input, state: { ...INITIAL, smooth: false } }).data as Drawn;
    assert.equal(plain.length, 2);
    const two = chartFigure(loss, { ...input, runs: [record("seed 1"), record("seed 2")] }).data as Drawn;
    const lines = two.filter(({ showlegend, marker }) => showlegend !== false && !marker);
    assert.deepEqual(
      lines.map(({ name, line }) => [name, line.dash]),
      [
        ["seed 1", "solid"],
        ["seed 2", "dash"],
      ],
    );
    const symbols = two.flatMap(({ marker }) => marker?.symbol ?? []);
    assert.deepEqual(symbols, ["circle", "square"]);
  });

  it("a line where a stage ended, and a logarithmic axis on request", () => {
    const { layout } = chartFigure(
      { key: "loss", name: "loss", kind: "loss" },
      { ...input, state: { ...INITIAL, log: true } },
    );
    assert.deepEqual(
      (layout.shapes as { x0: number }[]).map(({ x0 }) => x0),
      [40],
    );
    assert.equal((layout.yaxis as { type: string }).type, "log");
  });

  it("a stage's name where it begins, its number where there is room for no more, the last name in any case", () => {
    const names = (steps: [number, number], width: number) => {
      const one = new RunRecord("");
      Object.assign(one, {
        plan: { stages: [{ name: "cues" }, { name: "adapters" }] },
        progress: { stageSteps: steps },
      });
      return stageNames(one, { last: steps[0] + steps[1], width }) as { text: string; x: number }[];
    };
    const texts = (...of: Parameters<typeof names>) => names(...of).map(({ text }) => text);
    assert.deepEqual(texts([100, 100], 400), ["1 cues", "2 adapters"]);
    assert.deepEqual(texts([20, 225], 400), ["1", "2 adapters"]);
    assert.deepEqual(texts([20, 20_000], 400), ["2 adapters"]);
    assert.deepEqual(texts([200, 0], 400), [], "one stage needs no name");
    const [first, last] = names([400, 2], 400);
    assert.deepEqual([first.text, first.x, last.text], ["1 cues", 0, "2 adapters"]);
    assert.ok(last.x < 400 * 0.85, `${last.x}: a stage that has just begun is named inside the chart`);
  });

  it("escapes names: markup in metrics, groups and rows stays text", () => {
    const charts = [
      { key: "rate", name: "learning rate", kind: "rate" },
      { key: "metric <script>", name: "<script>", kind: "metric" },
    ] as const;
    const figures: object[] = charts.map((chart) => chartFigure(chart, input));
    figures.push(matrixFigure(run.matrices[0], run.matrices[0].frames[0], STYLE));
    // Fields that plotly reads as markup. `customdata` is not among them: the viewer shows it as text.
    const written = JSON.stringify(figures, (key, value: unknown) => (key === "customdata" ? undefined : value));
    assert.ok(!/<(script|b|i)>/.test(written) && written.includes("&lt;script&gt;") && written.includes("&lt;i&gt;"));
  });

  it("pictures on one scale over time, with empty cells empty", () => {
    const [matrix] = run.matrices;
    const { data } = matrixFigure(matrix, matrix.frames[0], STYLE);
    const [{ z, zmin, zmax }] = data as { z: (number | null)[][]; zmin: number; zmax: number }[];
    assert.deepEqual([z[1][0], zmin, zmax], [null, 0, 100]);
    assert.ok(Math.abs((z[0][1] as number) - 20) < 0.1);
  });

  it("maps with square cells, at the height that the width asks for", () => {
    const [matrix] = run.matrices;
    const heights = [300, 400].map((width) => {
      const map = { ...matrix, axes: ["row", "column"] as [string, string] };
      return matrixFigure(map, matrix.frames[0], { ...STYLE, width }).layout.height as number;
    });
    assert.equal(heights[1] - heights[0], 100);
    assert.equal(matrixFigure(matrix, matrix.frames[0], STYLE).layout.height, 130);
  });

  it("pictures in rows that are filled alike", () => {
    const columns = (width: number, count: number) => balancedColumns(width, Array<number>(count).fill(260));
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7].map((count) => columns(840, count)),
      [1, 2, 3, 2, 3, 3, 3],
    );
    assert.deepEqual([columns(100, 5), columns(840, 0)], [1, 1]);
  });

  it("long titles with both their ends", () => {
    assert.equal(shortText("Active units, encoder.blocks.11.attn.q_proj", 21), "Active uni…ttn.q_proj");
    assert.equal(shortText("Mean gate", 9), "Mean gate");
  });
});

describe("what the training viewer says", () => {
  it("where the run stands, the update that is read, and the latest numbers", () => {
    assert.equal(sayPlace(trans, run), "running · update 100 of 200 · stage second (2 of 2) · about 10 s left");
    assert.equal(sayPlace(trans, new RunRecord("")), "has not begun");
    const charts = [{ key: "loss", name: "loss", kind: "loss" } as const];
    assert.equal(
      sayLive(trans, run, charts, { ...INITIAL, cursor: 50 }),
      "Update 50: loss 0.02, validation loss 0.05 at update 40.",
    );
    assert.match(sayLive(trans, run, charts, INITIAL), /^The training is running, stage second\./);
    assert.equal(sayLive(trans, record("seed 2", "failed"), charts, INITIAL), "seed 2 has failed after update 100.");
    assert.equal(sayLatest(trans, run), "Latest: loss 0.01, validation loss 0.02, <script> 100.");
    assert.deepEqual(numberRows(trans, run).slice(0, 2), [
      ["Updates a second", "10.0"],
      ["Examples a second", "40.0"],
    ]);
  });

  it("why the buttons do nothing", () => {
    assert.match(sayControl(trans, run, "none"), /^A recording: no kernel is connected/);
    assert.match(sayControl(trans, run, "stale"), /the kernel no longer knows this training/);
    assert.match(sayControl(trans, run, "live"), /stopping leaves a checkpoint/);
    assert.match(sayControl(trans, record("", "running", false), "live"), /No checkpoint is set/);
    assert.match(sayControl(trans, record("", "finished"), "none"), /recording of a training that has ended/);
  });
});

describe("what the training viewer gives away", () => {
  const payload = { version: 1 as const, view: "v", title: "T", runs: [] };

  it("every kept point and picture as numbers", () => {
    const { runs } = exportData(payload, [run]) as { runs: { curves: { points: object[] }[]; pictures: object[] }[] };
    assert.deepEqual(runs[0].curves[0].points[1], { step: 2, value: 0.5 });
    assert.equal(runs[0].pictures.length, 1);
  });

  it("the code that shows such a training", () => {
    assert.equal(
      exportCode(payload, [run]),
      [
        'import { display, train, view } from "fovea";',
        "",
        "const control = new train.TrainingControl();",
        'display(view.training(control, { title: "T" }));',
        "// The model, its data, loss and stages cannot be written here. Pass the control to their training:",
        "// await train.fit({ model, data, loss, stages, control });",
      ].join("\n"),
    );
    assert.match(
      exportCode(payload, [record("a"), record("b")]),
      /const controls = \[.*"a".*"b".*\];\n.*\n.*each training its control/,
    );
  });
});
