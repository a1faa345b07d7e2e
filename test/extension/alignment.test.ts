import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { alignmentKeys } from "../../extension/src/alignment/keys";
import { patchScene } from "../../extension/src/alignment/scenes";
import { sayAlignment, sayCaption, sayPrecision, valueText } from "../../extension/src/alignment/speech";
import { initialState, movePatch, moveToken } from "../../extension/src/alignment/state";
import { AlignmentValues, answerState } from "../../extension/src/alignment/values";
import type { Translate } from "../../extension/src/parts/translate";
import { saveCosines, type AlignmentPayload } from "../../kernel/protocol";

const trans: Translate = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, n: string) => String(values[Number(n) - 1])),
};

/** Two tokens against 2 x 2 patches. */
const payload: AlignmentPayload = {
  version: 1,
  title: "",
  encoder: "e",
  channels: 8,
  image: { label: "i", width: 20, height: 20, mime: "image/png", data: "" },
  placement: { grid: [2, 2], region: [0, 0, 20, 20] },
  tokens: { labels: ["a", "bird"] },
  cosines: saveCosines({ tokens: 2, patches: 4, values: Float32Array.of(0, 0.2, 0.5, 1, -0.5, 0.5, 0, 0.25) }),
  best: [0.6, 0.75],
  current: 1,
  normalization: "cosine",
  temperature: 0.1,
  scale: "view",
  colormap: "viridis",
  opacity: 0.5,
};
const values = new AlignmentValues(payload);
const state = initialState(payload, 0);

describe("the alignment viewer", () => {
  it("answers token and patch together, on one scale for all", () => {
    const answer = answerState(values, state);
    assert.deepEqual([answer.token, answer.patch, answer.bestPatch, answer.bestToken], [1, 0, 1, 0]);
    assert.ok(Math.abs(answer.range[0] + 0.5) < 0.01 && Math.abs(answer.range[1] - 1) < 0.01);
    assert.deepEqual(answerState(values, { ...state, scale: "absolute" }).range, [0, 1]);
  });

  it("says both in one line, and what is computed", () => {
    assert.equal(
      sayAlignment(trans, payload, answerState(values, state)),
      "Token 2, “bird”: best patch row 1, column 2, 0.500. Patch row 1, column 1: −0.500 with this token, best token “a”, 0.000.",
    );
    assert.match(
      sayCaption(trans, payload, state),
      /^Cosine between 4 image patches and 2 text tokens: not a model's att/,
    );
    assert.match(
      sayCaption(trans, payload, { ...state, normalization: "tokens" }),
      /^Softmax over the 2 text tokens .* 4 pat/,
    );
    assert.match(sayPrecision(trans, payload), /every cosine, 8 bits each/);
    assert.equal(valueText(0.00123), "0.0012");
  });

  it("previews what is hovered and keeps the rest", () => {
    const answer = answerState(values, { ...state, hoverPatch: 3 });
    assert.deepEqual([answer.token, answer.patch, answer.bestToken], [1, 3, 0]);
  });

  it("moves inside the grid and round the tokens", () => {
    assert.equal(movePatch(state, [2, 2], 5, 1).patch, 3);
    assert.equal(movePatch(state, [2, 2], -1, -1).patch, 0);
    assert.equal(moveToken(state, 2, 1).token, 0);
  });

  it("draws the heat-map with the patch and the best patch, or the bare image", () => {
    const answer = answerState(values, state);
    assert.deepEqual(
      patchScene(payload, state, answer).marks.map((mark) => mark.kind),
      ["patch", "best"],
    );
    assert.deepEqual(patchScene(payload, { ...state, hideHeat: true }, answer), { marks: [] });
  });

  it("takes its keys and leaves JupyterLab's", () => {
    const key = (name: string, ctrlKey = false) =>
      alignmentKeys(trans).actionOf({ key: name, shiftKey: false, ctrlKey, metaKey: false, altKey: false });
    assert.deepEqual(key("]"), { type: "token", by: 1 });
    assert.deepEqual(key("ArrowLeft"), { type: "move", dx: -1, dy: 0 });
    assert.deepEqual([key("Tab"), key("s", true)], [undefined, undefined]);
  });
});
