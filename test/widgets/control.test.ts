import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { JSONObject } from "../../kernel/display/host";
import * as widgets from "../../kernel/widgets";
import { WidgetError, type Widget, type WidgetHandle } from "../../kernel/widgets";
import { MAX_STATES } from "../../kernel/widgets/control";
import { all } from "../../kernel/widgets/live";
import { FrontEnd, type FakeComm } from "./front-end";

const CONTROL = "jupyter.widget.control";
let frontEnd: FrontEnd;

beforeEach(() => (frontEnd = FrontEnd.install()));
afterEach(() => widgets.closeAll());

async function requestStates(): Promise<FakeComm> {
  const comm = frontEnd.open(CONTROL, {}, { version: "1.0.0" });
  await comm.receive({ method: "request_states" });
  return comm;
}

describe("a front end that comes late", () => {
  it("gets all open models in one message, with the places of their buffers", async () => {
    const slider = widgets.intSlider({ value: 7 });
    const picture = widgets.image({ value: Uint8Array.of(1, 2) });
    widgets.label().close();
    const [{ data, buffers }] = (await requestStates()).sent;
    const states = data.states as { [id: string]: JSONObject };
    assert.deepEqual(
      Object.keys(states).sort(),
      all()
        .map(({ id }) => id)
        .sort(),
    );
    assert.deepEqual(data.buffer_paths, [[picture.id, "state", "value"]]);
    assert.deepEqual([...buffers[0]], [1, 2]);
    assert.deepEqual(states[slider.id], {
      model_name: "IntSliderModel",
      model_module: "@jupyter-widgets/controls",
      model_module_version: "2.0.0",
      state: frontEnd.of(slider).sent[0].data.state,
    });
  });

  it("is told by a closed comm to ask one by one where one message would be too large", async () => {
    const half = new Uint8Array(MAX_STATES / 2);
    const pictures = [1, 2].map(() => widgets.image({ value: half }));
    const comm = await requestStates();
    assert.equal(comm.closed, true);
    for (const picture of pictures) {
      frontEnd.of(picture).take();
      await frontEnd.of(picture).receive({ method: "request_state" });
      assert.equal(frontEnd.of(picture).sent[0].buffers[0].length, half.length);
    }
    pictures[0].close();
    assert.equal((await requestStates()).sent[0].data.method, "update_states");
  });

  it("is refused if it speaks another version, or says something else", async () => {
    widgets.label();
    assert.equal(frontEnd.open(CONTROL, {}, { version: "2.0.0" }).closed, true);
    const comm = frontEnd.open(CONTROL, {}, { version: "1.0.0" });
    await assert.rejects(
      comm.receive({ method: "eval" }),
      /jupyter.widget.control: method must be request_states, received "eval"/,
    );
    await assert.rejects(comm.receive(null), WidgetError);
  });

  it("finds a hundred widgets as they are now, and none that was closed meanwhile", async () => {
    const sliders = Array.from({ length: 100 }, (_, value) => widgets.intSlider({ value }));
    sliders[3].close();
    sliders[4].update({ value: 99 });
    const states = (await requestStates()).sent[0].data.states as { [id: string]: { state: { value: number } } };
    const values = sliders.map(({ id }) => states[id]?.state.value);
    assert.deepEqual(values, [0, 1, 2, undefined, 99, ...Array.from({ length: 95 }, (_, i) => i + 5)]);
    // Each has a layout and a style.
    assert.equal(Object.keys(states).length, 99 * 3);
    widgets.closeAll();
    assert.deepEqual(
      [all(), frontEnd.comms.filter(({ target, closed }) => target === "jupyter.widget" && !closed)],
      [[], []],
    );
  });
});

describe("a model that the front end makes", () => {
  const state = {
    _model_name: "ControllerButtonModel",
    _model_module: "m",
    _model_module_version: "1",
    pressed: false,
  };
  const open = (data: unknown, version: string = "2.1.0", buffers: Uint8Array[] = []): FakeComm =>
    frontEnd.open("jupyter.widget", data, { version }, buffers);

  it("becomes a widget here, which others can refer to", async () => {
    const holder = widgets.model({
      _model_name: "M",
      _model_module: "m",
      _model_module_version: "1",
      parts: [widgets.label()] as WidgetHandle[],
    });
    const comm = open({ state, buffer_paths: [["bytes"]] }, "2.0.0", [Uint8Array.of(5)]);
    await frontEnd.of(holder).receive({ method: "update", state: { parts: [`IPY_MODEL_${comm.id}`] } });
    const [part] = holder.get("parts") as Widget<{ pressed: boolean; bytes: Uint8Array }>[];
    await comm.receive({ method: "update", state: { pressed: true } });
    assert.deepEqual([part.get("pressed"), part.get("bytes")], [true, Uint8Array.of(5)]);
  });

  it("is refused, and its comm closed, where it breaks the protocol", () => {
    widgets.label();
    const before = all().length;
    const refused: [unknown, string, RegExp][] = [
      [{ state }, "1.0.0", /version must be 2.x, received "1.0.0"/],
      [{ state: [] }, "2.1.0", /the state must be an object/],
      [{ state: {} }, "2.1.0", /_model_module must be a text/],
      [{ state, buffer_paths: [["x"]] }, "2.1.0", /for each of the 0 buffers/],
    ];
    for (const [data, version, rule] of refused) assert.throws(() => open(data, version), rule);
    assert.equal(all().length, before);
    assert.ok(frontEnd.comms.slice(-refused.length).every(({ closed }) => closed));
  });
});
