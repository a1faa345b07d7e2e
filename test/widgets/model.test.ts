/** A widget in the kernel: its state, its handlers, and what it says on the wire. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { inspect } from "node:util";
import * as widgets from "../../kernel/widgets";
import { WidgetError, type Widget } from "../../kernel/widgets";
import { FrontEnd } from "./front-end";
import { bytes, echo, esm, refused, update } from "./wire";

let frontEnd: FrontEnd;
const said = (widget: { id: string }): unknown[] => frontEnd.said(widget);

beforeEach(() => (frontEnd = FrontEnd.install()));
afterEach(() => widgets.closeAll());

describe("a model", () => {
  it("keeps what is set until it is saved, then sends it in one message", () => {
    const counter = widgets.anywidget({ esm, state: { count: 0, name: "a" } });
    said(counter);
    counter.set("count", 1);
    counter.set("count", 2);
    counter.set("name", "a");
    assert.deepEqual([counter.get("count"), said(counter)], [2, []]);
    counter.save_changes();
    counter.save_changes();
    assert.deepEqual(said(counter), [update({ count: 2 })]);
    counter.update({ count: 3, name: "b" });
    assert.deepEqual(said(counter), [update({ count: 3, name: "b" })]);
  });

  it("calls handlers for each change, once for all, and not for a value that stays", () => {
    const heard: unknown[] = [];
    const counter = widgets.anywidget({ esm, state: { count: 0, name: "a", list: [1] } });
    const onCount = (model: Widget<{ count: number }>, value: number): void =>
      void heard.push(["count", value, model.get("count")]);
    counter.on("change:count", onCount);
    counter.on("change", () => heard.push("change"));
    counter.update({ count: 1, name: "b" });
    counter.update({ count: 1 });
    assert.deepEqual(heard.splice(0), [["count", 1, 1], "change"]);
    counter.off("change:count", onCount);
    counter.update({ count: 2 });
    // An object may have been altered in place.
    counter.set("list", counter.get("list"));
    assert.deepEqual(heard.splice(0), ["change", "change"]);
    counter.off();
    counter.update({ count: 3 });
    assert.deepEqual(heard, []);
  });

  it("echoes what the front end sets, tells handlers, and does not send it back", async () => {
    const counter = widgets.anywidget({ esm, state: { count: 0 } });
    const heard: number[] = [];
    counter.on("change:count", (_, value) => heard.push(value));
    said(counter);
    await frontEnd.of(counter).receive(update({ count: 5 }));
    assert.deepEqual([counter.get("count"), heard, said(counter)], [5, [5], [echo({ count: 5 })]]);
    counter.save_changes();
    assert.deepEqual(said(counter), []);
  });

  it("tells front ends before handlers, which may be slow", () => {
    const counter = widgets.anywidget({ esm, state: { count: 0 } });
    said(counter);
    const before: unknown[] = [];
    counter.on("change:count", () => before.push(...said(counter)));
    counter.update({ count: 1 });
    assert.deepEqual([before, said(counter)], [[update({ count: 1 })], []]);
  });

  it("sends what a handler makes of a value of the front end", async () => {
    const counter = widgets.anywidget({ esm, state: { count: 0 } });
    counter.on("change:count", (model, value) => model.update({ count: Math.min(value, 10) }));
    said(counter);
    await frontEnd.of(counter).receive(update({ count: 50 }));
    assert.deepEqual(said(counter), [echo({ count: 50 }), update({ count: 10 })]);
  });

  it("takes binary values out by their paths and gives them back as the type that they were", async () => {
    const state = {
      weights: Float32Array.of(1.5, -2),
      raw: bytes(7),
      deep: { items: [0, bytes(1, 2)], view: new DataView(new ArrayBuffer(2)) },
    };
    const model = widgets.anywidget({ esm, state });
    const [{ data, buffers }] = frontEnd.of(model).take();
    const paths = [["weights"], ["raw"], ["deep", "items", 1], ["deep", "view"]];
    assert.deepEqual(data.buffer_paths, paths);
    assert.deepEqual((data.state as { deep: unknown }).deep, { items: [0, null] });
    assert.deepEqual(
      buffers.map(({ length }) => length),
      [8, 1, 2, 2],
    );
    const sent = update({ deep: { items: [0, null] } }, paths);
    await frontEnd.of(model).receive(
      sent,
      [...buffers].map((buffer) => buffer.slice()),
    );
    assert.deepEqual(model.get("weights"), state.weights);
    assert.deepEqual([model.get("raw"), model.get("deep").items[1]], [bytes(7), bytes(1, 2)]);
    assert.ok(model.get("deep").view instanceof DataView);
    // Bytes that lie askew in their message are copied to where a Float32Array can hold them.
    const message = bytes(9, 0, 0, 192, 63, 0, 0, 0, 192);
    await frontEnd.of(model).receive(update({}, [["weights"]]), [message.subarray(1)]);
    assert.deepEqual(model.get("weights"), Float32Array.of(1.5, -2));
    const [echoed] = frontEnd.of(model).take().slice(-1);
    assert.deepEqual([echoed.data, [...echoed.buffers[0]]], [echo({}, [["weights"]]), [...message.subarray(1)]]);
  });

  it("speaks in messages of its own, with buffers both ways", async () => {
    const model = widgets.anywidget({ esm });
    said(model);
    model.on("msg:custom", async (content, [buffer]) => {
      await Promise.resolve();
      model.send({ got: content }, undefined, [new Uint8Array(buffer.buffer).map((byte) => byte + 1)]);
    });
    await frontEnd.of(model).receive({ method: "custom", content: { q: 1 } }, [bytes(1, 2)]);
    assert.deepEqual(said(model), [[{ method: "custom", content: { got: { q: 1 } } }, [2, 3]]]);
  });

  it("runs every handler whatever another throws, and reports all errors of a message", async () => {
    const model = widgets.anywidget({ esm, state: { a: 0, b: 0 } });
    let ran = 0;
    model.on("change:a", () => {
      throw new Error("first");
    });
    model.on("change:a", async () => {
      await Promise.resolve();
      throw new Error("second");
    });
    model.on("change:b", () => ran++);
    await assert.rejects(frontEnd.of(model).receive(update({ a: 1, b: 1 })), (error) => {
      return error instanceof AggregateError && /first.*second/.test(error.message);
    });
    assert.deepEqual([ran, model.get("a")], [1, 1]);
  });

  it("answers request_state with everything", async () => {
    const model = widgets.anywidget({ esm, state: { count: 4, pixels: bytes(1) } });
    const [{ data, buffers }] = frontEnd.of(model).take();
    await frontEnd.of(model).receive({ method: "request_state" });
    assert.deepEqual(frontEnd.of(model).take(), [{ data: { method: "update", ...data }, buffers }]);
  });

  it("shows itself as a view, with words for who cannot draw it", () => {
    const slider = widgets.intSlider({ value: 40, max: 255, description: "Threshold" });
    const bundle = slider[Symbol.for("Jupyter.display") as never] as unknown as () => object;
    const words = 'IntSlider(description: "Threshold", max: 255, value: 40)';
    const view = { version_major: 2, version_minor: 0, model_id: slider.id };
    assert.deepEqual(bundle.call(slider), { "application/vnd.jupyter.widget-view+json": view, "text/plain": words });
    assert.equal(inspect({ slider }), `{ slider: ${words} }`);
    slider.close();
    assert.deepEqual(bundle.call(slider), { "text/plain": `closed ${words}` });
  });

  it("closes once, with its layout and style, and does nothing more on the wire", async () => {
    const shared = widgets.layout({ width: "50%" });
    const slider = widgets.intSlider({ layout: shared });
    const closed: string[] = [];
    slider.on("close", () => closed.push("close"));
    const comm = frontEnd.of(slider);
    slider.close();
    slider.close();
    slider.update({ value: 5 });
    slider.send("late");
    await comm.receive(update({ value: 7 }));
    assert.deepEqual(
      [closed, slider.closed, slider.get("style").closed, shared.closed],
      [["close"], true, true, false],
    );
    assert.deepEqual(comm.take().slice(1), [{ data: { closed: {} }, buffers: [] }]);
  });

  it("ends when the front end closes it", () => {
    const slider = widgets.intSlider();
    frontEnd.of(slider).closeFromFrontEnd();
    assert.deepEqual([slider.closed, slider.get("layout").closed], [true, true]);
    assert.throws(() => widgets.vbox([slider]), refused(/children must be widgets that are open/));
  });

  it("makes nothing when it is refused", () => {
    assert.throws(
      () => widgets.intSlider({ value: 101 }),
      refused(/^widgets.intSlider: value must be a number in 0..100, received 101$/),
    );
    assert.throws(
      () => widgets.intSlider({ vale: 1 } as never),
      refused(/there is no option vale, the options are tabbable, tooltip, description,/),
    );
    assert.throws(
      () => widgets.button({ style: { handle_color: "red" } }),
      refused(/no option handle_color, the options are button_color,/),
    );
    assert.throws(() => widgets.button({ layout: { widht: "1px" } as never }), refused(/no option widht/));
    assert.throws(
      () => widgets.vbox([], { style: {} as never, layout: 1 as never, box_style: 1n as never }),
      WidgetError,
    );
    assert.throws(
      () => widgets.anywidget({ esm, state: { _esm: "x" } }),
      refused(/must not begin with _ or be a control's, received "_esm"/),
    );
    assert.throws(() => widgets.anywidget({ esm: "" }), refused(/esm must be a module as text/));
    assert.throws(
      () => widgets.anywidget({ esm, state: { f: () => 1 } }),
      refused(/f must be JSON, binary or a widget/),
    );
    const loop: { self?: unknown } = {};
    loop.self = loop;
    assert.throws(() => widgets.anywidget({ esm, state: { loop } }), refused(/must not nest deeper than 64/));
    assert.throws(
      () => widgets.model({ _model_module: "m", _model_name: "M" } as never),
      refused(/_model_module_version must be a text/),
    );
    assert.deepEqual(
      frontEnd.comms.filter(({ closed }) => !closed),
      [],
    );
  });

  it("refuses to be set to what cannot be sent or is not there, and keeps its state", () => {
    const model = widgets.anywidget({ esm, state: { value: 1 as unknown } });
    assert.throws(() => model.set("value", 1n), refused(/value must be JSON, binary or a widget, received 1/));
    assert.throws(
      () => model.set("vale" as never, 1 as never),
      refused(/the state has no vale, its keys are tabbable, tooltip, layout, value/),
    );
    assert.equal(model.get("value"), 1);
  });
});

describe("widgets.until", () => {
  it("resolves with the value that meets the condition, at once if it does already", async () => {
    const slider = widgets.intSlider({ value: 5 });
    assert.equal(await widgets.until(slider, "value", (value) => value === 5), 5);
    const big = widgets.until(slider, "value", (value) => value > 50);
    const next = widgets.until(slider, "value");
    await frontEnd.of(slider).receive(update({ value: 20 }));
    await frontEnd.of(slider).receive(update({ value: 60 }));
    assert.deepEqual(await Promise.all([next, big]), [20, 60]);
  });

  it("rejects when the widget is closed first, or the condition throws", async () => {
    const slider = widgets.intSlider();
    const broken = widgets.until(slider, "value", (value) => {
      if (value > 1) throw new Error("no");
      return false;
    });
    slider.update({ value: 2 });
    await assert.rejects(broken, /no/);
    const never = widgets.until(slider, "value");
    slider.close();
    await assert.rejects(never, refused(/the widget was closed before value met the condition/));
    await assert.rejects(widgets.until(slider, "value"), refused(/closed/));
  });
});
