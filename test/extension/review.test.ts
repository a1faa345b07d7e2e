/** The review without a page: its state and words. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exportCode } from "../../extension/src/review/exports";
import { sayCaption, sayItem, stateText } from "../../extension/src/review/speech";
import {
  drawBox,
  dropDraft,
  initialState,
  nextOpen,
  nudge,
  sent,
  showItem,
  shownBox,
  verdictOf,
} from "../../extension/src/review/state";
import { type Box, ENGLISH as trans, type ReviewPayload } from "../../kernel/protocol";

const image = { label: "a.jpg", width: 64, height: 48, mime: "image/jpeg" as const, data: "" };
const BOX: Box = [4, 10, 28, 40];

const payload: ReviewPayload = {
  version: 1,
  view: "v",
  title: "",
  file: "notes/train.json",
  pictures: [image],
  items: [
    { picture: 0, phrase: "one", box: BOX, score: 0.1, decision: { verdict: "rejected", box: null } },
    { picture: 0, phrase: "two", box: BOX, score: 0.2 },
    { picture: 0, phrase: "three", box: BOX, score: 0.3 },
  ],
  threshold: 0.5,
  doubtful: 5,
  predictions: 9,
};
const start = initialState(payload);

describe("the review", () => {
  it("begins with the first open prediction and goes round the open ones", () => {
    assert.equal(start.item, 1);
    assert.equal(nextOpen(start).item, 2);
    assert.equal(nextOpen(showItem(start, 2)).item, 1);
    assert.equal(nextOpen(sent(showItem(start, 2), 1)).item, 2, "a decision on its way is not open");
    assert.equal(showItem(start, -1).item, 2);
    assert.equal(initialState({ ...payload, items: [] }).item, 0);
  });

  it("moves and resizes a box within its picture, and takes it back", () => {
    const moved = nudge(payload, start, 100, -3);
    assert.deepEqual(shownBox(payload, moved), [40, 7, 64, 37]);
    assert.equal(verdictOf(payload, moved), "redrawn");
    assert.equal(stateText(trans, moved, 1), "drawn, not saved");
    const sized = nudge(payload, { ...start, mode: "size" }, -100, 5);
    assert.deepEqual(shownBox(payload, sized), [4, 10, 5, 45]);
    assert.deepEqual(shownBox(payload, drawBox(payload, start, [70, 20, 10, -5])), [10, 0, 64, 20]);
    assert.equal(verdictOf(payload, dropDraft(moved)), "confirmed");
    assert.equal(verdictOf(payload, nudge(payload, nudge(payload, start, 1, 0), -1, 0)), "confirmed");
  });

  it("says what it shows and what is left", () => {
    assert.equal(sayItem(trans, payload, start), "2 of 3, “two”: score 0.20, open. Box left 4, top 10, 24 × 30 px.");
    assert.match(sayItem(trans, payload, showItem(start, 0)), /✗ rejected\. No annotation\.$/);
    assert.match(
      sayCaption(trans, payload, start),
      /^5 of 9 .* below 0\.50.*Decided here: 1 of 3\. .* for the 2 others\.$/,
    );
    assert.match(sayCaption(trans, { ...payload, threshold: 2 }, start), /^No score reaches the wanted precision/);
    const sure = { ...payload, items: payload.items.map((one) => ({ ...one, score: 0.99998 })) };
    assert.match(sayItem(trans, sure, start), /score 0\.99998, open/);
    assert.match(sayItem(trans, { ...payload, items: [] }, start), /nothing to review/);
    assert.match(exportCode(payload), /data\.refer\.read\("notes\/train\.json"\)/);
  });
});
