/** Properties that only some kinds of widgets have. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import * as widgets from "../../kernel/widgets";
import { FrontEnd } from "./front-end";
import { echo, refused, update } from "./wire";

let frontEnd: FrontEnd;
const said = (widget: { id: string }): unknown[] => frontEnd.said(widget);

beforeEach(() => (frontEnd = FrontEnd.install()));
afterEach(() => widgets.closeAll());

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
