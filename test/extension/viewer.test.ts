import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FeatureStore } from "../../extension/src/correspondence/features";
import { correspondenceKeys } from "../../extension/src/correspondence/keys";
import { PinAnswers } from "../../extension/src/correspondence/pin-answers";
import { answerQuery, answersOf, layerPCK } from "../../extension/src/correspondence/query";
import { buildScenes } from "../../extension/src/correspondence/scene";
import { sayAnswer, sayPCK, sayProbe, sayStatus } from "../../extension/src/correspondence/speech";
import type { Translate } from "../../extension/src/parts/translate";
import {
  activeQuery,
  addPin,
  clearPins,
  initialState,
  moveCursor,
  removePin,
  turnRound,
} from "../../extension/src/correspondence/state";
import { fullFeatures, smallPayload } from "./payload";

const trans: Translate = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, n: string) => String(values[Number(n) - 1])),
};
const payload = smallPayload();
const state = initialState(payload);
const [source, target] = payload.layers[1].placements;

describe("the viewer's state", () => {
  it("opens on the first keypoint's patch, or on the last pin", () => {
    assert.deepEqual(activeQuery(state), { side: 0, point: [5, 5] });
    const pinned = initialState(smallPayload({ pins: [{ side: 1, patch: 3 }] }));
    assert.deepEqual(activeQuery(pinned), { side: 1, point: [15, 15] });
  });

  it("moves the cursor by patches and stops at the edges", () => {
    const right = moveCursor(state, source, 1, 1);
    assert.deepEqual(right.cursor.point, [15, 15]);
    assert.deepEqual(moveCursor(right, source, 5, -5).cursor.point, [25, 5]);
  });

  it("replaces pins on a click, adds with Shift, and selects a patch pinned before", () => {
    const one = addPin(state, { side: 0, point: [5, 5] }, false);
    const two = addPin(one, { side: 0, point: [15, 5] }, true);
    assert.deepEqual([two.pins.length, two.selected], [2, 1]);
    assert.deepEqual(
      [
        addPin(two, { side: 0, point: [5, 5] }, true).pins.length,
        addPin(two, { side: 0, point: [5, 5] }, true).selected,
      ],
      [2, 0],
    );
    assert.equal(addPin(two, { side: 0, point: [25, 5] }, false).pins.length, 1);
    assert.deepEqual(removePin(two).pins, one.pins);
    assert.deepEqual(activeQuery(clearPins(two)), { side: 0, point: [15, 5] });
    assert.deepEqual(removePin(state).pins, [], "nothing to remove is no error");
  });

  it("turns the direction of queries round", () => {
    const reverse = turnRound(state, [source, target]);
    assert.deepEqual(reverse.cursor, { side: 1, point: [15, 15] });
    assert.equal(turnRound(reverse, [source, target]).cursor.side, 0);
  });
});

describe("the feature store", () => {
  it("starts with the saved features and says that they are approximate", () => {
    const store = new FeatureStore(payload);
    assert.equal(store.layer(1)?.approximate, true);
    assert.equal(store.layer(0), undefined, "this layer was not saved");
  });

  it("takes full features in parts, for both images, before it uses them", () => {
    const store = new FeatureStore(payload);
    const part = { type: "features" as const, layer: 0, channels: 3 };
    assert.equal(
      store.accept({ ...part, image: 0, start: 3, tokens: 3, total: 6 }, fullFeatures[0].subarray(9)),
      false,
    );
    assert.equal(store.accept({ ...part, image: 1, start: 0, tokens: 4, total: 4 }, fullFeatures[1]), false);
    assert.equal(
      store.accept({ ...part, image: 0, start: 0, tokens: 3, total: 6 }, fullFeatures[0].subarray(0, 9)),
      true,
    );
    assert.deepEqual(store.layer(0), {
      set: { channels: 3, features: fullFeatures, prefix: undefined },
      approximate: false,
    });
  });

  it("refuses features of another shape or layer", () => {
    const store = new FeatureStore(payload);
    const reply = {
      type: "features" as const,
      layer: 0,
      image: 0 as const,
      channels: 3,
      start: 0,
      tokens: 5,
      total: 5,
    };
    assert.throws(() => store.accept(reply, new Float32Array(15)), /total must be 6 x 3, received \[5, 3\]/);
    assert.throws(
      () => store.accept({ ...reply, layer: 9 }, new Float32Array(15)),
      /layer must be below 2, received 9/,
    );
  });
});

describe("an answer", () => {
  const store = new FeatureStore(payload);
  const answer = answerQuery(payload, store, state, activeQuery(state));

  it("names best match, mutual neighbours, cycle and error to the truth", () => {
    assert.ok(answer);
    assert.deepEqual([answer.patch, answer.best, answer.mutual, answer.cycle], [0, 2, true, 0]);
    assert.deepEqual(answer.runnersUp, [3, 0, 1]);
    assert.deepEqual(answer.truth, {
      keypoint: 0,
      name: "beak",
      point: [5, 15],
      error: 0,
      threshold: 2,
      correct: true,
    });
    const wrong = answerQuery(payload, store, state, { side: 0, point: [15, 15] });
    assert.deepEqual([wrong?.best, wrong?.mutual], [0, false]);
  });

  it("is said in one sentence a screen reader can follow", () => {
    assert.ok(answer);
    assert.equal(
      sayAnswer(trans, payload, state, answer),
      "Row 1, column 1. Best match row 2, column 1, similarity 1.00. Mutual nearest neighbors. beak: correct, 0.0 px off, 2.0 allowed.",
    );
    assert.equal(sayProbe(trans, state, payload, answer, 3), "Under the pointer: row 2, column 2, similarity 0.60.");
  });

  it("works in reverse and in every similarity", () => {
    const back = answerQuery(payload, store, state, { side: 1, point: [5, 15] });
    assert.deepEqual([back?.other, back?.best, back?.truth?.name], [0, 0, "beak"]);
    const soft = answerQuery(payload, store, { ...state, similarity: "softmax" }, activeQuery(state));
    assert.ok(Math.abs((soft?.values.reduce((sum, value) => sum + value, 0) ?? 0) - 1) < 1e-5);
    const centered = answerQuery(payload, store, { ...state, similarity: "centered" }, activeQuery(state));
    assert.deepEqual([centered?.range, centered?.colormap], [[-1, 1], "coolwarm"]);
  });

  it("is missing for a layer without features and for a point off the grid", () => {
    assert.equal(answerQuery(payload, store, { ...state, layer: 0 }, activeQuery(state)), undefined);
    assert.equal(answerQuery(payload, store, state, { side: 0, point: [99, 0] }), undefined);
  });

  it("counts PCK over the keypoints", () => {
    const pck = layerPCK(payload, store, state);
    assert.ok(pck);
    assert.equal(sayPCK(trans, 0.1, pck), "PCK@0.10 on this pair, by patch centers: 1 of 1 keypoints, 100.0\u00a0%.");
  });
});

describe("the status line", () => {
  const store = new FeatureStore(payload);

  it("never lets approximate features pass for full ones", () => {
    assert.equal(
      sayStatus(trans, payload, store, 1, "stale"),
      "Approximate: 3 of 3 dimensions, 8 bits, saved in the notebook. The kernel no longer knows this view: run its cell again for full features.",
    );
    assert.equal(
      sayStatus(trans, payload, store, 0, "none"),
      "This layer is not saved in the notebook. No kernel is connected.",
    );
  });
});

describe("what is drawn", () => {
  const store = new FeatureStore(payload);
  const answers = answersOf(payload, store, state, activeQuery(state));

  it("puts the heat-map and the match on the other image, the query on its own", () => {
    const [from, to] = buildScenes({ payload, state: { ...state, grid: true }, answers, pins: [] });
    assert.deepEqual(
      from.marks.map((mark) => mark.kind),
      ["keypoint", "patch"],
    );
    assert.deepEqual(
      to.marks.map((mark) => mark.kind),
      ["runner-up", "runner-up", "runner-up", "truth", "best"],
    );
    assert.ok(!from.heat && to.heat?.opacity === 0.5 && from.grid);
  });

  it("shows the bare images while the key is held", () => {
    const scenes = buildScenes({ payload, state: { ...state, hideHeat: true }, answers, pins: [] });
    assert.deepEqual(scenes, [{ marks: [] }, { marks: [] }]);
  });

  it("numbers pins alike on both images, and keeps their answers while hovering", () => {
    const pinned = addPin(state, { side: 0, point: [15, 5] }, true);
    const known = new PinAnswers();
    const pins = known.answers(payload, store, pinned);
    assert.equal(known.answers(payload, store, { ...pinned, hover: { side: 0, point: [5, 5] } })[0], pins[0]);
    const [from, to] = buildScenes({ payload, state: pinned, answers, pins });
    for (const scene of [from, to])
      assert.equal(scene.marks.filter((mark) => mark.kind === "pin" && mark.number === 1).length, 1);
  });
});

describe("keys", () => {
  const key = (name: string, modifiers: Partial<Record<"shiftKey" | "ctrlKey" | "metaKey" | "altKey", boolean>> = {}) =>
    correspondenceKeys(trans).actionOf({
      key: name,
      shiftKey: false,
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      ...modifiers,
    });

  it("move by one patch, with Shift by five", () => {
    assert.deepEqual(key("ArrowUp"), { type: "move", dx: 0, dy: -1 });
    assert.deepEqual(key("ArrowRight", { shiftKey: true }), { type: "move", dx: 5, dy: 0 });
  });

  it("leave JupyterLab's keys and Tab alone", () => {
    for (const name of ["Tab", "a", "F5"]) assert.equal(key(name), undefined);
    assert.equal(key("Enter", { shiftKey: true }), undefined);
    assert.equal(key("s", { ctrlKey: true }), undefined);
    assert.equal(key("ArrowUp", { altKey: true }), undefined);
  });

  it("work on keyboards where the question mark needs Shift", () => {
    assert.deepEqual(key("?", { shiftKey: true }), { type: "help" });
  });
});
