import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as widgets from "../../kernel/widgets/index.ts";
import { FrontEnd } from "./front-end";

describe("choices and days", () => {
  it("pairs of labels and values, and a map, are labels and values", () => {
    for (const options of [
      [
        ["Token", 1],
        ["Key", 2],
      ] as [string, number][],
      new Map<string, number>([
        ["Token", 1],
        ["Key", 2],
      ]),
    ]) {
      const menu = widgets.dropdown<number>({ options, value: 2 });
      assert.deepEqual(
        [menu.get("options"), menu.get("_options_labels")],
        [
          [1, 2],
          ["Token", "Key"],
        ],
      );
      assert.deepEqual([menu.get("value"), menu.get("index")], [2, 1]);
      menu.set("options", [
        ["Two", 2],
        ["Three", 3],
      ] as never);
      assert.deepEqual([menu.get("_options_labels"), menu.get("value"), menu.get("index")], [["Two", "Three"], 2, 0]);
    }
    const points = widgets.select({
      options: [
        [1, 2],
        [3, 4],
      ],
      labels: ["a", "b"],
    });
    assert.deepEqual(points.get("value"), [1, 2], "values may be lists");
    const ranges = widgets.select({
      options: [
        ["a", 1],
        ["b", 2],
      ],
      labels: ["first", "second"],
    });
    assert.deepEqual(ranges.get("value"), ["a", 1], "with labels beside them, pairs are values");
    assert.throws(() => widgets.dropdown({ options: "abc" as never }), /options must be a list of values, of pairs/);
  });

  it("unknown options, keys and pictures that are no bytes are refused", () => {
    assert.throws(
      () => widgets.anywidget({ esm: "export default {}", sate: {} } as never),
      /widgets\.anywidget: options are esm, css, state, layout, received "sate"/,
    );
    const [play, slider] = [widgets.play(), widgets.intSlider()];
    const ends: [unknown, unknown, unknown, unknown][] = [
      [play, "valeu", slider, "value"],
      [play, "value", slider, "on"],
      [[play, "value"], [slider, "value"], undefined, undefined],
    ];
    for (const [source, key, target, other] of ends)
      assert.throws(
        () => widgets.jslink(source as never, key as never, target as never, other as never),
        /widgets\.jslink: each end must be a widget and a key of its state/,
      );
    assert.throws(
      () => widgets.image({ value: "a.png" as never }),
      /widgets\.image: value must be bytes, received "a\.png"/,
    );
  });

  it("a day is text here and numbers there", () => {
    const picker = widgets.datePicker({ value: { year: 2024, month: 1, date: 29 } });
    assert.equal(picker.get("day"), "2024-02-29");
    picker.set("day", "0099-12-31");
    assert.deepEqual(picker.get("value"), { year: 99, month: 11, date: 31 });
    picker.set("value", null);
    assert.equal(picker.get("day"), null);
    assert.equal(widgets.datePicker().get("value"), null);
  });

  it("a reader chooses and clears a day, and uploads files", async () => {
    const frontEnd = FrontEnd.install();
    const update = (state: object, paths: unknown[] = []) => ({ method: "update", state, buffer_paths: paths });
    const picker = widgets.datePicker({ day: "2026-11-30" });
    await frontEnd.of(picker).receive(update({ value: { year: 2025, month: 0, date: 2 } }));
    assert.equal(picker.get("day"), "2025-01-02");
    await frontEnd.of(picker).receive(update({ value: null }));
    assert.deepEqual([picker.get("day"), picker.get("value")], [null, null]);
    const upload = widgets.fileUpload({ multiple: true });
    const file = { name: "a.bin", type: "", size: 2, last_modified: 1 };
    await frontEnd.of(upload).receive(update({ value: [file] }, [["value", 0, "content"]]), [Uint8Array.of(1, 2)]);
    const [{ name, content }] = upload.get("value");
    assert.deepEqual([name, [...content]], ["a.bin", [1, 2]]);
    widgets.closeAll();
  });

  it("days that no calendar has, or outside the bounds, are refused", () => {
    const may = { year: 2026, month: 4, date: 1 };
    for (const day of ["2026-02-29", "2026-13-01", "2026-1-1", "today", ""])
      assert.throws(() => widgets.datePicker({ day }), /datePicker: day must be a day as 2026-11-30/);
    assert.throws(() => widgets.datePicker({ value: { ...may, month: 12 } }), /value must be a day/);
    assert.throws(() => widgets.datePicker({ max: "2026" as never }), /max must be a day/);
    assert.throws(
      () => widgets.datePicker({ day: "2026-04-30", min: may }),
      /a day of 2026-05-01 to any.*"2026-04-30"/,
    );
    assert.throws(() => widgets.datePicker({ day: "2026-05-02", max: may }), /a day of any to 2026-05-01/);
    assert.throws(() => widgets.datePicker({ step: 0 }), /step must be a whole number of days/);
  });
});

describe("options that no front end can show are refused", () => {
  const wrong: [string, () => unknown, RegExp][] = [
    [
      "an endless slider",
      () => widgets.floatSlider({ max: Infinity }),
      /floatSlider: max must be a finite number.*Infinity/,
    ],
    ["a bound that is no number", () => widgets.intSlider({ min: NaN }), /intSlider: min must be a finite number.*NaN/],
    ["a step of nothing", () => widgets.floatSlider({ step: 0 }), /step must be a finite number above 0.*0/],
    ["a step back", () => widgets.intRangeSlider({ step: -1 }), /step must be a finite number above 0.*-1/],
    ["an endless step", () => widgets.intText({ step: Infinity }), /step must be .*Infinity/],
    ["a value that is none", () => widgets.floatText({ value: NaN }), /value must be a finite number.*NaN/],
    ["no time between frames", () => widgets.play({ interval: 0 }), /play: interval must be .*above 0.*0/],
    ["an endless bar", () => widgets.progress({ max: Infinity }), /progress: max must be a finite number/],
    [
      "a color that is none",
      () => widgets.colorPicker({ value: "reddish" }),
      /value must be a color of CSS.*"reddish"/,
    ],
    ["half of a color", () => widgets.colorPicker({ value: "#12345" }), /value must be a color of CSS.*"#12345"/],
    [
      "a style's color",
      () => widgets.progress({ style: { bar_color: "1px" } }),
      /bar_color must be a color of CSS.*"1px"/,
    ],
  ];
  for (const [name, make, rule] of wrong) it(name, () => assert.throws(make, rule));

  it("and every way in which CSS writes a color is taken", () => {
    for (const value of [
      "Teal",
      "#abc",
      "#aabbcc80",
      "rgb(1 2 3 / 50%)",
      "hsl(20deg, 3%, 4%)",
      "var(--jp-brand-color1)",
    ])
      assert.equal(widgets.colorPicker({ value }).get("value"), value);
  });

  it("a later change is held to the same rules, and what was stays", () => {
    const slider = widgets.intSlider({ value: 3 });
    assert.throws(() => slider.set("max", Infinity), /max must be a finite number/);
    assert.throws(() => slider.set("step", 0), /step must be/);
    assert.deepEqual([slider.get("max"), slider.get("step"), slider.get("value")], [100, 1, 3]);
  });
});
