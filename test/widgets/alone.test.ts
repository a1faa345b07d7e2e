import assert from "node:assert/strict";
import { it } from "node:test";
import { bundleOf } from "../../kernel/display/display";
import * as widgets from "../../kernel/widgets";

it("without a session a widget is an observable object that shows itself as text", () => {
  const slider = widgets.intSlider({ value: 3 });
  const heard: number[] = [];
  slider.on("change:value", (_, value) => heard.push(value));
  slider.update({ value: 4 });
  slider.send({ nobody: "hears" });
  assert.deepEqual(
    [heard, bundleOf(widgets.vbox([slider]))["text/plain"]],
    [[4], "VBox(children: [IntSlider(value: 4)])"],
  );
  slider.close();
  assert.equal(slider.closed, true);
});
