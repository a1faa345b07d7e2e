import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import type { JSONObject, JSONValue } from "../../kernel/display/host";
import * as widgets from "../../kernel/widgets";
import type { WidgetHandle } from "../../kernel/widgets";
import { FrontEnd, type FakeComm } from "./front-end";

interface Opened {
  state: JSONObject;
  buffer_paths: JSONValue;
  buffers: string[];
  metadata: JSONObject;
}

/** Written by ipywidgets 8.1.9 and anywidget 0.11.0 through golden/make_states.py: per control, the comms it opens, in order. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, "golden", "states.json"), "utf8")) as {
  [name: string]: Opened[];
};

const options = ["token", "key", "value"];
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const COUNTER = { esm: "export default { render() {} }", css: ".counter { color: red }" };

/** The same calls as in make_states.py. */
const makers: { [name: string]: () => WidgetHandle } = {
  intSlider: () => widgets.intSlider({ value: 40, max: 255, description: "Threshold" }),
  floatSlider: () => widgets.floatSlider({ min: -1, max: 1 }),
  intRangeSlider: () => widgets.intRangeSlider({ value: [2, 4], max: 8 }),
  floatRangeSlider: () => widgets.floatRangeSlider(),
  intText: () => widgets.intText(),
  floatText: () => widgets.floatText({ value: 0.5 }),
  progress: () => widgets.progress({ bar_style: "info" }),
  play: () => widgets.play({ interval: 200 }),
  checkbox: () => widgets.checkbox({ value: true }),
  toggleButton: () => widgets.toggleButton(),
  button: () => widgets.button({ description: "Run", style: { button_color: "green" } }),
  text: () => widgets.text({ placeholder: "a layer" }),
  textarea: () => widgets.textarea({ rows: 3 }),
  label: () => widgets.label({ value: "hello" }),
  html: () => widgets.html({ value: "<b>hello</b>" }),
  colorPicker: () => widgets.colorPicker(),
  datePicker: () => widgets.datePicker({ day: "2026-11-30", min: { year: 2026, month: 0, date: 31 } }),
  fileUpload: () => widgets.fileUpload({ accept: "image/*", multiple: true }),
  dropdown: () => widgets.dropdown({ options, value: "key" }),
  radioButtons: () => widgets.radioButtons({ options }),
  select: () => widgets.select({ options }),
  toggleButtons: () => widgets.toggleButtons({ options }),
  box: () => widgets.box([]),
  hbox: () => widgets.hbox([widgets.label(), widgets.label()]),
  vbox: () => widgets.vbox([], { layout: { width: "50%" } }),
  tab: () => widgets.tab([widgets.label()], { titles: ["one"] }),
  accordion: () => widgets.accordion([]),
  output: () => widgets.output(),
  image: () => widgets.image({ value: bytes(0x89, 0x50, 0x4e, 0x47), width: "64" }),
  jslink: () => widgets.jslink(widgets.play(), "value", widgets.intSlider(), "value"),
  anywidget: () => widgets.anywidget({ ...COUNTER, state: { count: 3, pixels: bytes(1, 2) } }),
};

/** With ids in the order of opening, as in the golden file. */
function opened(comms: FakeComm[]): Opened[] {
  return comms.map(({ sent: [{ data, buffers }], metadata }) => {
    let text = JSON.stringify(data);
    comms.forEach(({ id }, index) => (text = text.replaceAll(id, `model-${index}`)));
    const { state, buffer_paths } = JSON.parse(text) as { state: JSONObject; buffer_paths: JSONValue };
    return { state, buffer_paths, buffers: buffers.map((each) => Buffer.from(each).toString("hex")), metadata };
  });
}

describe("the state of each widget is what ipywidgets sends", () => {
  afterEach(() => widgets.closeAll());

  it("has a case for every maker of the library", () => {
    // Classes of widgets are not made by their names alone.
    const rest = ["Button", "Output", "Widget", "WidgetError", "closeAll", "layout", "model", "until"];
    assert.deepEqual([...Object.keys(makers), ...rest].sort(), Object.keys(widgets).sort());
    assert.deepEqual(Object.keys(golden).sort(), Object.keys(makers).sort());
  });

  for (const [name, make] of Object.entries(makers)) {
    it(name, () => {
      const frontEnd = FrontEnd.install();
      make();
      const ours = opened(frontEnd.comms);
      const theirs = structuredClone(golden[name]);
      if (name === "anywidget") {
        const { state } = theirs[1];
        // Theirs is the name of a Python class and the range of the version installed.
        for (const key of ["_anywidget_id", "_model_module_version", "_view_module_version"])
          state[key] = ours[1].state[key];
      }
      assert.deepEqual(ours, theirs);
    });
  }
});
