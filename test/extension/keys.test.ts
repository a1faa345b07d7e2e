/** One table gives a viewer its keys, its help and the tooltips of its buttons. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { alignmentKeys } from "../../extension/src/alignment/keys";
import { attentionKeys } from "../../extension/src/attention/keys";
import { correspondenceKeys } from "../../extension/src/correspondence/keys";
import { galleryKeys } from "../../extension/src/gallery/keys";
import { lawKeys } from "../../extension/src/law/keys";
import { ARROWS, Keys, arrowStep, type Key } from "../../extension/src/parts/keys";
import type { Translate } from "../../extension/src/parts/translate";
import { trainingKeys } from "../../extension/src/training/keys";

const trans: Translate = { __: (text) => text };
const press = (key: string, held: Partial<Key> = {}): Key => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...held,
});

describe("a table of keys", () => {
  type Action = { type: "go"; by: number } | { type: "stop" } | { type: "clear" };
  const keys = new Keys<Action>([
    { key: ARROWS, name: "Arrows", action: (event) => ({ type: "go", by: arrowStep(event, 5)[0] }), words: "Go" },
    { key: ["Escape", "s"], action: { type: "stop" }, words: "Stop" },
    { action: { type: "clear" }, name: "Clear", words: "Remove all" },
  ]);

  it("gives the action of a key, one step or several with Shift", () => {
    assert.deepEqual(keys.actionOf(press("ArrowLeft")), { type: "go", by: -1 });
    assert.deepEqual(keys.actionOf(press("ArrowRight", { shiftKey: true })), { type: "go", by: 5 });
    assert.deepEqual(keys.actionOf(press("s")), { type: "stop" });
  });

  it("leaves all other keys, and those with Ctrl, Cmd or Alt, to JupyterLab", () => {
    for (const event of [
      press("x"),
      press("s", { ctrlKey: true }),
      press("s", { metaKey: true }),
      press("s", { altKey: true }),
    ])
      assert.equal(keys.actionOf(event), undefined);
  });

  it("gives a button its tooltip: the words, and the keys if there are any", () => {
    assert.equal(keys.tip("stop"), "Stop (Esc s)");
    assert.equal(keys.tip("clear"), "Remove all");
  });
});

describe("the keys of every viewer", () => {
  const tables = [
    galleryKeys(trans),
    alignmentKeys(trans),
    attentionKeys(trans),
    correspondenceKeys(trans),
    lawKeys(trans),
    trainingKeys(trans),
  ];

  it("list themselves under a question mark, and say so on a button", () => {
    for (const keys of tables) {
      assert.deepEqual(keys.actionOf(press("?", { shiftKey: true })), { type: "help" });
      assert.equal(keys.tip("help"), "Show or hide the list of keys (?)");
    }
  });

  it("never hold Tab, nor Shift+Enter, which runs a cell", () => {
    for (const keys of tables)
      for (const event of [press("Tab"), press("Enter", { shiftKey: true })])
        assert.equal(keys.actionOf(event), undefined);
  });

  it("of the correspondence viewer close with Esc: no key drops all pins", () => {
    const keys = correspondenceKeys(trans);
    assert.deepEqual(keys.actionOf(press("Escape")), { type: "close" });
    const named = ["Enter", "Delete", "Backspace", "Escape", "[", "]", "r", "g", "h", "?", ...ARROWS];
    assert.ok(named.every((key) => keys.actionOf(press(key))?.type !== "clear"));
    assert.equal(keys.tip("clear"), "Remove all pins");
  });
});
