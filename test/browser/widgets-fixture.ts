/** The notebook of the widget tests. */
import { notebook } from "./notebook";

const SLIDER = `import { view, widgets } from "fovea";

const slider = widgets.intSlider({ value: 40, max: 255, description: "Threshold" });
const seen = widgets.label({ value: "nothing seen" });
slider.on("change:value", (_, value) => seen.update({ value: \`seen \${value}\` }));
widgets.vbox([slider, seen])`;

/** Awaits a value in the middle of a cell, then sets another. */
const UNTIL = `const reached = await widgets.until(slider, "value", (value) => value >= 100);
slider.update({ value: 200, description: "Set by kernel" });
reached`;

/** The button adds one to a number, and one to each byte of a buffer; both sides see both. */
const COUNTER = `const esm = \`export default {
  render({ model, el }) {
    const button = document.createElement("button");
    button.className = "counter";
    const bytes = () => Array.from(new Uint8Array(model.get("pixels").buffer));
    const draw = () => { button.textContent = "count " + model.get("count") + ", bytes " + bytes().join(" ") };
    button.onclick = () => {
      model.set("count", model.get("count") + 1);
      model.set("pixels", new DataView(Uint8Array.from(bytes(), (byte) => byte + 1).buffer));
      model.save_changes();
      model.send({ kind: "clicked" }, undefined, [new Uint8Array([1, 2, 3]).buffer]);
    };
    model.on("change:count", draw);
    model.on("change:pixels", draw);
    model.on("msg:custom", (message, buffers) => {
      button.title = message.answer + " " + new Uint8Array(buffers[0].buffer, buffers[0].byteOffset, buffers[0].byteLength).join(" ");
    });
    draw();
    el.append(button);
  },
};\`;
const pixels = Uint8Array.of(10, 20);
const counter = widgets.anywidget({ esm, css: ".counter { color: rgb(1, 2, 3); }", state: { count: 1, pixels } });
const heard = widgets.label({ value: "nothing heard" });
counter.on("change", () => heard.update({ value: \`kernel has \${counter.get("count")}: \${counter.get("pixels").join(" ")}\` }));
counter.on("msg:custom", (_, buffers) => counter.send({ answer: "heard" }, undefined, [new Uint8Array(buffers[0].buffer).reverse()]));
widgets.hbox([counter, heard])`;

/** One of each kind that the tests do not touch, to be looked at. */
const GALLERY = `const output = widgets.output();
output.show(view.image({ data: Uint8Array.from({ length: 64 }, (_, i) => 4 * i), width: 8, height: 8, channels: 1 }, { scale: 8 }));
const facet = widgets.dropdown({ options: ["token", "key", "query"], value: "key", description: "Facet" });
const run = widgets.button({ description: "Run", button_style: "primary" });
const log = widgets.textarea({ rows: 2, description: "Log" });
run.onClick(() => log.update({ value: \`ran \${facet.get("value")}\` }));
widgets.tab([
  widgets.vbox([facet, run, log, widgets.checkbox({ value: true, description: "Snap" })]),
  widgets.vbox([
    widgets.floatSlider({ min: -1, max: 1, description: "Cosine" }),
    widgets.intRangeSlider({ description: "Layers" }),
    widgets.progress({ value: 60, bar_style: "info", description: "Extracting" }),
    widgets.radioButtons({ options: [14, 16], description: "Patch" }),
    widgets.toggleButtons({ options: ["raw", "centered", "softmax"] }),
    widgets.colorPicker({ description: "Pin" }),
    widgets.html({ value: "<b>bold</b>" }),
  ]),
  output,
], { titles: ["Facets", "Numbers", "Output"] })`;

/** The button prints into the output beside it. */
const LOG = `import { display } from "fovea";
const log = widgets.output();
const speak = widgets.button({ description: "Speak" });
let spoken = 0;
speak.onClick(() => log.capture(async () => {
  console.log(\`spoken \${++spoken}\`);
  await null;
  display({ "text/html": "<b>bold</b>" });
}));
widgets.hbox([speak, log])`;

/** A slider that the kernel follows and sets, and an output that captures. */
export function twoWayNotebook(): object {
  return notebook([SLIDER, UNTIL, LOG].map((source) => ({ source })));
}

export function widgetsNotebook(): object {
  return notebook([SLIDER, UNTIL, COUNTER, GALLERY].map((source) => ({ source })));
}
