/** Malformed messages of a front end about a widget. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Prng } from "../../kernel/numeric/prng";
import type { JSONValue } from "../../kernel/display/host";
import * as widgets from "../../kernel/widgets";
import { WidgetError } from "../../kernel/widgets";
import { FrontEnd } from "./front-end";
import { bytes, echo, esm, refused, update } from "./wire";

let frontEnd: FrontEnd;
const said = (widget: { id: string }): unknown[] => frontEnd.said(widget);

beforeEach(() => (frontEnd = FrontEnd.install()));
afterEach(() => widgets.closeAll());

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
