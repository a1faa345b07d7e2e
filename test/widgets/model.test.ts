import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { inspect } from "node:util";
import { Prng } from "../../kernel/prng";
import type { JSONValue } from "../../kernel/view/host";
import { WidgetError, widgets, type Widget } from "../../kernel/widgets";
import { FrontEnd } from "./front-end";

const esm = "export default { render() {} }";
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
let frontEnd: FrontEnd;

/** What the kernel says on a comm, its buffers as lists. */
function said(widget: { id: string }): unknown[] {
  return frontEnd
    .of(widget)
    .take()
    .map(({ data, buffers }) => (buffers.length ? [data, ...buffers.map((b) => [...b])] : data));
}

const update = (state: object, bufferPaths: JSONValue = []): object => ({
  method: "update",
  state,
  buffer_paths: bufferPaths,
});
const echo = (state: object, bufferPaths: JSONValue = []): object => ({
  ...update(state, bufferPaths),
  method: "echo_update",
});
const refused =
  (rule: RegExp) =>
  (error: unknown): boolean =>
    error instanceof WidgetError && rule.test(error.message);

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

describe("a message of the front end that is not as it should be", () => {
  const state = { count: 1, list: [1, 2] as unknown[], words: "a", pixels: Float32Array.of(1), any: null as unknown };
  const deep = JSON.parse("[".repeat(100) + "]".repeat(100)) as unknown;
  const cases: [string, unknown, RegExp, Uint8Array[]?][] = [
    ["no object", "nonsense", /the data must be an object, received "nonsense"/],
    ["no method", {}, /method must be update, request_state or custom, received undefined/],
    ["an unknown method", { method: "eval" }, /method must be .*, received "eval"/],
    ["no state", { method: "update" }, /the state must be an object, received null/],
    ["a list for a state", update([1]), /the state must be an object/],
    ["another kind of value", update({ count: "2" }), /count must be a number as it was made .*, received "2"/],
    ["null for a number", update({ count: null }), /count must be a number/],
    ["text for binary", update({ pixels: "AAAA" }), /pixels must be binary/],
    ["fewer paths than buffers", update({}, []), /must name a place for each of the 1 buffers, received 0/, [bytes(1)]],
    ["more paths than buffers", update({}, [["any"]]), /for each of the 0 buffers, received 1/],
    ["paths that are no list", update({}, { 0: ["any"] } as never), /buffer_paths must be a list/],
    ["an empty path", update({}, [[]]), /must be a list of keys and indices that begins with a key/, [bytes(1)]],
    ["a path into the prototype", update({}, [["__proto__", "polluted"]]), /list of keys and indices/, [bytes(1)]],
    [
      "a path through a constructor",
      update({ any: {} }, [["any", "constructor", "polluted"]]),
      /free place/,
      [bytes(1)],
    ],
    [
      "a path to nowhere",
      update({}, [["any", "deep"]]),
      /must name a free place in the state, received "any.deep"/,
      [bytes(1)],
    ],
    ["a path to what is there", update({ any: 1 }, [["any"]]), /must name a free place/, [bytes(1)]],
    ["a path past a list", update({ list: [null] }, [["list", 1]]), /must name a free place/, [bytes(1)]],
    ["two buffers for a place", update({}, [["any"], ["any"]]), /must name a free place/, [bytes(1), bytes(2)]],
    ["a path into a buffer", update({}, [["any"], ["any", "buffer"]]), /must name a free place/, [bytes(1), bytes(2)]],
    [
      "half a number",
      update({}, [["pixels"]]),
      /pixels is a Float32Array, its bytes must come in multiples of 4, received 3/,
      [bytes(1, 2, 3)],
    ],
    [
      "__proto__ as a key",
      update(JSON.parse('{ "any": { "__proto__": { "polluted": 1 } } }') as object),
      /must not name __proto__/,
    ],
    ["a depth of a hundred", update({ any: deep }), /must not nest deeper than 64/],
    ["another module", update({ _view_module: "evil" }), /_view_module is for the kernel to set, received "evil"/],
    ["other code", update({ _esm: "alert(1)" }), /_esm is for the kernel to set/],
    ["too much", update({ words: "x".repeat(65 * 1024 * 1024) }), /must not hold more than 67108864 bytes/],
  ];

  for (const [what, data, rule, buffers] of cases) {
    it(`${what}: is refused by name, and the next one is heard`, async () => {
      const model = widgets.anywidget({ esm, state });
      await assert.rejects(frontEnd.of(model).receive(data, buffers), refused(rule));
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
      assert.deepEqual([model.get("count"), model.get("words"), model.get("any")], [1, "a", null]);
      await frontEnd.of(model).receive(update({ count: 2 }));
      assert.equal(model.get("count"), 2);
    });
  }

  it("is answered by what holds, so that the page does not show what was refused", async () => {
    const slider = widgets.intSlider({ value: 5 });
    said(slider);
    await assert.rejects(
      frontEnd.of(slider).receive(update({ value: 1000 })),
      refused(/value must be a number in 0..100, received 1000/),
    );
    assert.deepEqual(said(slider), [update({ value: 5 })]);
  });

  it("names a key that the state does not have once, and sets the others", async () => {
    const model = widgets.anywidget({ esm, state: { count: 1 } });
    const message = update({ count: 2, cuont: 3 });
    said(model);
    await assert.rejects(
      frontEnd.of(model).receive(message),
      refused(/set what the state does not have, its keys are .*count, received \[cuont\]/),
    );
    await frontEnd.of(model).receive(message);
    assert.deepEqual([model.get("count"), said(model)], [2, [echo({ count: 2 }), echo({ count: 2 })]]);
  });

  it("may hold the whole state, as a view's save sends it", async () => {
    const slider = widgets.intSlider();
    const [{ data }] = frontEnd.of(slider).take();
    await frontEnd.of(slider).receive(update({ ...(data.state as object), value: 9 }));
    assert.deepEqual([slider.get("value"), slider.get("layout").closed], [9, false]);
  });

  it("made by chance is either taken or refused by name, and leaves every value of its kind", async () => {
    const chance = new Prng(7);
    const keys = [...Object.keys(state), "state", "method", "buffer_paths", "_esm", "0", "constructor", "layout"];
    const value = (depth: number): unknown => {
      const leaf = chance.pick<unknown>([
        null,
        true,
        -1,
        1e300,
        "",
        "update",
        "custom",
        "IPY_MODEL_x",
        "request_state",
      ]);
      if (depth === 0 || chance.chance(0.4)) return leaf;
      const items = Array.from({ length: chance.int(4) }, () => value(depth - 1));
      return chance.chance(0.5) ? items : Object.fromEntries(items.map((item) => [chance.pick(keys), item]));
    };
    const model = widgets.anywidget({ esm, state });
    let refusals = 0;
    for (let i = 0; i < 5000; i++) {
      const buffers = Array.from({ length: chance.int(3) }, () => bytes(1, 2, 3, 4));
      const paths = Array.from({ length: buffers.length }, () => value(2)) as JSONValue;
      const whole = {
        method: chance.pick(["update", "custom", "request_state"]),
        state: value(3),
        buffer_paths: paths,
      };
      await frontEnd
        .of(model)
        .receive(chance.chance(0.8) ? whole : value(4), buffers)
        .catch((error: unknown) => {
          assert.ok(error instanceof WidgetError, String(error));
          refusals++;
        });
    }
    assert.ok(refusals > 1000 && refusals < 4900, String(refusals));
    const kinds = [typeof model.get("count"), typeof model.get("words"), Array.isArray(model.get("list"))];
    assert.deepEqual([kinds, model.get("pixels") instanceof Float32Array], [["number", "string", true], true]);
  });

  it("lets the front end put anything where null was", async () => {
    const model = widgets.anywidget({ esm, state: { any: null as unknown } });
    await frontEnd.of(model).receive(update({ any: [1] }));
    await frontEnd.of(model).receive(update({ any: "text" }));
    assert.equal(model.get("any"), "text");
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
    await assert.rejects(never, refused(/the widget was closed before value came to be as wanted/));
    await assert.rejects(widgets.until(slider, "value"), refused(/closed/));
  });
});

describe("certain widgets", () => {
  it("a dropdown has any values in the kernel and labels in the browser", async () => {
    const [a, b] = [{ name: "a" }, { name: "b" }];
    const menu = widgets.dropdown({ options: [a, b], labels: ["first", "second"], value: b });
    const heard: unknown[] = [];
    menu.on("change:value", (_, value) => heard.push(value));
    assert.equal(menu.get("index"), 1);
    said(menu);
    await frontEnd.of(menu).receive(update({ index: 0 }));
    assert.deepEqual([menu.get("value"), heard, said(menu)], [a, [a], [echo({ index: 0 })]]);
    menu.update({ value: b });
    assert.deepEqual(said(menu), [update({ index: 1 })]);
    menu.update({ options: [b, a] });
    assert.deepEqual([menu.get("value"), menu.get("index")], [b, 0]);
    assert.throws(() => menu.set("value", { name: "a" }), refused(/value must be one of/));
    await assert.rejects(
      frontEnd.of(menu).receive(update({ index: 2 })),
      refused(/index must be an integer in 0..1, received 2/),
    );
    await assert.rejects(frontEnd.of(menu).receive(update({ value: "forged" })), refused(/does not have/));
    assert.equal(menu.get("value"), b);
    assert.throws(() => widgets.dropdown({ options: [] }), refused(/there must be an option/));
  });

  it("a button calls its handlers on a click, and not on other messages", async () => {
    const button = widgets.button();
    let clicks = 0;
    const stop = button.onClick(() => clicks++);
    const click = { method: "custom", content: { event: "click" } };
    await frontEnd.of(button).receive(click);
    await frontEnd.of(button).receive({ method: "custom", content: null });
    stop();
    await frontEnd.of(button).receive(click);
    assert.equal(clicks, 1);
  });

  it("a container names its children, and others of them later", async () => {
    const [a, b] = [widgets.label(), widgets.label()];
    const row = widgets.hbox([a]);
    said(row);
    row.update({ children: [b, a] });
    assert.deepEqual(said(row), [update({ children: [`IPY_MODEL_${b.id}`, `IPY_MODEL_${a.id}`] })]);
    await frontEnd.of(row).receive(update({ children: [`IPY_MODEL_${a.id}`] }));
    assert.deepEqual(row.get("children"), [a]);
    await assert.rejects(
      frontEnd.of(row).receive(update({ children: ["IPY_MODEL_none"] })),
      refused(/names a widget that is not open/),
    );
    await assert.rejects(frontEnd.of(row).receive(update({ children: [3] })), refused(/children must be widgets/));
    b.close();
    assert.throws(() => row.update({ children: [b] }), refused(/children must be widgets that are open/));
  });

  it("a container goes on without a child that was closed", async () => {
    const [a, b] = [widgets.label(), widgets.label()];
    const tabs = widgets.tab([a, b]);
    a.close();
    said(tabs);
    tabs.update({ titles: ["b"] });
    await frontEnd.of(tabs).receive(update({ selected_index: null }));
    await frontEnd.of(tabs).receive({ method: "request_state" });
    const [titles, echoed, whole] = said(tabs) as { state: { children?: unknown } }[];
    assert.deepEqual([titles, echoed], [update({ titles: ["b"] }), echo({ selected_index: null })]);
    assert.deepEqual(whole.state.children, [`IPY_MODEL_${b.id}`]);
  });

  it("text that looks like a reference stays text", async () => {
    const field = widgets.text();
    await frontEnd.of(field).receive(update({ value: `IPY_MODEL_${field.id}` }));
    assert.equal(field.get("value"), `IPY_MODEL_${field.id}`);
  });

  it("an output shows, adds and clears anything that a cell can show", () => {
    const output = widgets.output();
    said(output);
    output.show("text");
    output.append({ "text/html": "<b>b</b>" });
    output.clear();
    const entry = (data: object): object => ({ output_type: "display_data", data, metadata: {} });
    const [text, markup] = [entry({ "text/plain": "text" }), entry({ "text/html": "<b>b</b>" })];
    assert.deepEqual(said(output), [
      update({ outputs: [text] }),
      update({ outputs: [text, markup] }),
      update({ outputs: [] }),
    ]);
  });

  it("an output captures a cell until what it runs has ended, also by an error", async () => {
    const output = widgets.output();
    said(output);
    const [begin, end] = [update({ msg_id: "cell" }), update({ msg_id: "" })];
    assert.equal(
      output.capture(() => said(output)[0] && 7),
      7,
    );
    assert.deepEqual(said(output), [end]);
    let finish: () => void = assert.fail;
    const first = output.capture(() => new Promise<void>((resolve) => (finish = resolve)));
    const second = output.capture(async () => 8);
    assert.equal(await second, 8);
    assert.deepEqual(said(output), [begin], "the first goes on");
    finish();
    await first;
    assert.deepEqual(said(output), [end]);
    assert.throws(() => output.capture(() => assert.fail("inside")), /inside/);
    await assert.rejects(
      output.capture(() => Promise.reject(new Error("later"))),
      /later/,
    );
    assert.deepEqual(said(output), [begin, end, begin, end]);
  });

  it("an interrupt ends an output's captures, and what they wait for ends them no second time", async () => {
    const output = widgets.output();
    said(output);
    let finish: () => void = assert.fail;
    const captures = [
      output.capture(() => new Promise<void>((resolve) => (finish = resolve))),
      output.capture(() => new Promise<void>(() => {})),
    ];
    for (const undo of [...frontEnd.undo]) undo();
    assert.deepEqual(said(output), [update({ msg_id: "cell" }), update({ msg_id: "" })]);
    assert.equal(frontEnd.undo.size, 0);
    finish();
    await captures[0];
    assert.deepEqual(said(output), []);
  });
});
