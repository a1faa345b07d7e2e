import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as widgets from "../../kernel/widgets/index.ts";

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
