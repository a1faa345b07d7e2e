/** The atlas viewer without a page: its state, predictions, words and code. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { exportCode, exportData } from "../../extension/src/atlas/exports";
import { AtlasStore } from "../../extension/src/atlas/predictions";
import { sayCaption, sayStatus, sayWeights } from "../../extension/src/atlas/speech";
import {
  type AtlasState,
  initialState,
  isRouters,
  reset,
  setWeight,
  toggleTeacher,
  weightsOf,
} from "../../extension/src/atlas/state";
import { ATLAS_MIME, type AtlasPayload, ENGLISH as trans, readAtlas } from "../../kernel/protocol";
import { atlas } from "../../kernel/view/index";
import { GAINS, makeSource } from "../view/atlas-source";

const close = (actual: readonly number[], expected: readonly number[]): void =>
  expected.forEach((value, i) =>
    assert.ok(Math.abs(actual[i] - value) < 1e-4, `${actual.join()} for ${expected.join()}`),
  );

describe("the atlas viewer", () => {
  let payload: AtlasPayload;
  let start: AtlasState;
  before(async () => {
    const { source } = makeSource();
    const { bundle } = await atlas(source, { gains: GAINS });
    payload = readAtlas((bundle as Record<string, unknown>)[ATLAS_MIME]);
    start = initialState(payload);
  });

  it("begins with the routers, and comes back to them", () => {
    assert.ok(isRouters(start));
    close(weightsOf(payload, start), [0.2, 0.2, 0.3, 0.3]);
    const changed = toggleTeacher(setWeight(payload, start, 1, 0.6), 2);
    assert.ok(!isRouters(changed) && isRouters(reset(changed)));
  });

  it("sets one weight, and the others share the rest in proportion", () => {
    close(weightsOf(payload, setWeight(payload, start, 1, 0.6)), [0.1, 0.6, 0.15, 0.15]);
    close(weightsOf(payload, setWeight(payload, start, 0, 7)), [1, 0, 0, 0]);
    close(weightsOf(payload, setWeight(payload, setWeight(payload, start, 0, 1), 0, 0.4)), [0.4, 0.2, 0.2, 0.2]);
  });

  it("switches teachers off, never the stem", () => {
    const off = toggleTeacher(start, 3);
    close(weightsOf(payload, off), [2 / 7, 2 / 7, 3 / 7, 0]);
    assert.equal(toggleTeacher(start, 0), start);
    assert.equal(setWeight(payload, off, 3, 0.5).weights, undefined);
    assert.ok(isRouters(toggleTeacher(off, 3)));
  });

  it("shows the notebook's predictions at once, then the kernel's, and drops older answers", () => {
    const store = new AtlasStore(payload);
    assert.equal(store.shown(start).milliseconds, undefined);
    const moved = setWeight(payload, start, 1, 1);
    const [first, second] = [store.ask(start)!, store.ask(moved)!];
    assert.equal(store.ask(moved), undefined, "asked once");
    const full = store.shown(moved).values;
    store.accept({ type: "predict", serial: first, milliseconds: 5 }, []);
    assert.equal(store.shown(moved).milliseconds, undefined);
    store.accept({ type: "predict", serial: second, milliseconds: 7 }, full);
    assert.equal(store.shown(moved).milliseconds, 7);
    assert.deepEqual(store.shown(moved).size, [48, 48]);
    assert.equal(store.shown(start).milliseconds, undefined);
  });

  it("says weights, change and origin", () => {
    const store = new AtlasStore(payload);
    assert.match(sayWeights(trans, payload, start, store), /^semseg: the router gives stem 20.%, dino 20.%/);
    const moved = toggleTeacher(setWeight(payload, start, 1, 1), 2);
    assert.match(
      sayWeights(trans, payload, moved, store),
      /dino 100.%, siglip off, .*set by hand\. \d+.% of the cells/,
    );
    assert.match(sayStatus(trans, payload, store.shown(moved), "none"), /^Approximate: .* 10 saved mixtures/);
    assert.match(sayStatus(trans, payload, store.shown(moved), "stale"), /run its cell again/);
    assert.match(sayCaption(trans, payload, true), /gain of a linear probe/);
  });

  it("gives data and code", () => {
    const moved = toggleTeacher(setWeight(payload, start, 1, 0.6), 3);
    const data = exportData(payload, moved) as { closed: string[]; byHand: boolean };
    assert.deepEqual([data.closed, data.byHand], [["masks"], true]);
    const code = exportCode(payload, moved);
    assert.match(code, /student\.setRoutes\(\[\{ weights: \[/);
    assert.match(code, /student\.bypass\("masks"\)/);
    assert.match(code, /view\.atlas\(source, \{ task: "semseg" \}\)/);
  });
});
