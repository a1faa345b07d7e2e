/** The refinement viewer without a page: its state, words, figures and code. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { exportCode, exportData } from "../../extension/src/refinement/exports";
import { refinementKeys } from "../../extension/src/refinement/keys";
import { sayCaption, sayStatus, sayToken } from "../../extension/src/refinement/speech";
import {
  activeToken,
  choicesOf,
  choosePicture,
  initialState,
  movePicture,
  moveStage,
  moveToken,
  pin,
  type RefinementState,
} from "../../extension/src/refinement/state";
import {
  ENGLISH as trans,
  readRefinement,
  REFINEMENT_MIME,
  refinementLayers,
  refinementMeasures,
  type RefinementPayload,
  refinementPlane,
  RefinementValues,
} from "../../kernel/protocol";
import { refinement } from "../../kernel/view/index";
import { makeRefinement } from "../view/refinement-source";

interface Trace {
  x: number[];
  y: number[];
  customdata?: number[];
  text?: string[];
  error_y?: { array: number[] };
}

describe("the refinement viewer", () => {
  let payload: RefinementPayload;
  let values: RefinementValues;
  let start: RefinementState;
  before(async () => {
    const { bundle } = await refinement(makeRefinement(), { stage: "start" });
    payload = readRefinement((bundle as Record<string, unknown>)[REFINEMENT_MIME]);
    values = new RefinementValues(payload);
    start = initialState(payload);
  });

  it("moves over the tokens of a picture, and from picture to picture", () => {
    const moved = moveToken(payload, start, [2, 1]);
    assert.equal(moved.token, 6 + 2);
    assert.equal(moveToken(payload, moved, [-9, 9]).token, 3 * 6);
    assert.equal(movePicture(payload, moved, 1).token, 24 + 8);
    assert.equal(movePicture(payload, moved, -1).token, 4 * 24 + 8);
    assert.equal(choosePicture(payload, start, 2).token, 2 * 24 + 2 * 6 + 3);
    assert.equal(moveStage(payload, start, -1).stage, 0);
    assert.equal(moveStage(payload, start, 9).stage, 3);
  });

  it("follows the pointer until a token is pinned", () => {
    const hovered = { ...start, hover: 30 };
    assert.equal(activeToken(hovered), 30);
    assert.deepEqual(choicesOf(payload, hovered), { stage: 0, token: 30, picture: 1, named: false });
    const kept = pin(hovered, 30);
    assert.equal(activeToken({ ...kept, hover: 2 }), 30);
    assert.equal(pin(kept, 30).pinned, false);
    assert.equal(pin(kept, 31).pinned, true);
    assert.equal(moveToken(payload, hovered, [1, 0]).token, 31, "keys go on from the token under the pointer");
  });

  it("says where a token is and what lies nearest", () => {
    assert.match(
      sayToken(trans, payload, values, start),
      /^Stage 0 start\. Picture 1, row 1, column 1: nearest word \S+, distance [\d.]+\.$/,
    );
    const last = { ...moveStage(payload, start, 3), pinned: true };
    assert.match(
      sayToken(trans, payload, values, last),
      /^Stage 3 world knowledge\. .*; \S+, distance [\d.]+, at the start\. Kept\.$/,
    );
    assert.match(sayCaption(trans, payload), /5 pictures of 4 x 6 tokens, 8 words/);
    assert.match(
      sayCaption(trans, { ...payload, measured: 60 }),
      /5 of 60 pictures are shown, the measures are of all/,
    );
    assert.match(sayStatus(trans, payload), /All 4 stages are saved/);
  });

  it("draws the same axes at every stage, every token once and the chosen picture apart", () => {
    const planes = [0, 3].map((stage) =>
      refinementPlane({ trans, payload, values, choices: choicesOf(payload, { ...start, stage, token: 30 }) }),
    );
    const ranges = planes.map(({ layout }) => JSON.stringify([layout.xaxis, layout.yaxis]));
    assert.equal(ranges[0], ranges[1]);
    const [others, chosen, words] = planes[1].data as Trace[];
    assert.deepEqual(
      chosen.customdata,
      Array.from({ length: 24 }, (_, i) => 24 + i),
    );
    assert.equal(others.customdata?.length, 96);
    assert.ok(words.text?.includes("&lt;b&gt;cup&lt;/b&gt;"), "names are text, not markup");
    assert.equal(words.customdata, undefined);
    const at = values.token(3, 24);
    assert.deepEqual([chosen.x[0], chosen.y[0]], [...at]);
  });

  it("draws measures with their intervals, and layers beside those of the start", () => {
    const input = { trans, payload, values, choices: choicesOf(payload, { ...start, stage: 2 }) };
    const measures = refinementMeasures(input, 900)?.data as Trace[];
    assert.deepEqual(measures[0].error_y?.array, [0.3, 0.3, 0.3, 0.3]);
    assert.deepEqual(measures[2].error_y?.array, [0, 0, 0, 0]);
    assert.deepEqual(measures[1].y, [8, 4, 2.66667, 2]);
    assert.equal(refinementLayers(input)?.data.length, 6);
    assert.equal(refinementLayers({ ...input, choices: choicesOf(payload, start) })?.data.length, 3);
    const bare = { ...payload, measures: [], layers: [] };
    assert.equal(refinementMeasures({ ...input, payload: bare }, 900), undefined);
    assert.equal(refinementLayers({ ...input, payload: bare }), undefined);
  });

  it("has one table of keys, and gives data and code", () => {
    const keys = refinementKeys(trans);
    const press = (key: string): unknown =>
      keys.actionOf({ key, shiftKey: key === "P", ctrlKey: false, metaKey: false, altKey: false });
    assert.deepEqual(press("P"), { type: "picture", by: -1 });
    assert.deepEqual(press("]"), { type: "stage", by: 1 });
    assert.equal(press("x"), undefined);
    const data = exportData(payload, values, { ...start, stage: 1 }) as { stage: string; token: { way: unknown[] } };
    assert.equal(data.stage, "coarse alignment");
    assert.equal(data.token.way.length, 4);
    assert.match(
      exportCode(payload, { ...start, stage: 1 }),
      /await view\.refinement\(record, \{ stage: "coarse alignment" \}\)/,
    );
  });
});
