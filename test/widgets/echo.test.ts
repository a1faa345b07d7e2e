import assert from "node:assert/strict";
import { it } from "node:test";
import { FrontEnd } from "./front-end";

it("JUPYTER_WIDGETS_ECHO=0 switches echoes off", async () => {
  process.env.JUPYTER_WIDGETS_ECHO = "0";
  const widgets = await import("../../kernel/widgets");
  const frontEnd = FrontEnd.install();
  const slider = widgets.intSlider();
  frontEnd.of(slider).take();
  await frontEnd.of(slider).receive({ method: "update", state: { value: 5 }, buffer_paths: [] });
  assert.deepEqual([slider.get("value"), frontEnd.of(slider).sent], [5, []]);
});
