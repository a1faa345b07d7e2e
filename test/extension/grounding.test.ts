/** The grounding viewer without a page: its state, its store of answers, words and code. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { boxesOf } from "../../extension/src/grounding/boxes";
import { dropAnswer, exportCode } from "../../extension/src/grounding/exports";
import { sayStatus } from "../../extension/src/grounding/speech";
import {
  type GroundingState,
  initialState,
  moveLayer,
  movePhrase,
  moveThreshold,
  moveWord,
  reset,
  showEpoch,
  showPhrase,
} from "../../extension/src/grounding/state";
import { GroundingStore } from "../../extension/src/grounding/store";
import { ENGLISH as trans, GROUNDING_MIME, type GroundingPayload, readGrounding } from "../../kernel/protocol";
import { grounding } from "../../kernel/view/index";
import { LEFT, makeExplorer, PHRASES, picture, REPLAY, RIGHT } from "../view/grounding-source";

describe("the grounding viewer", () => {
  let payload: GroundingPayload;
  let start: GroundingState;
  before(async () => {
    const view = await grounding(makeExplorer().explorer, picture, { phrases: PHRASES, replay: REPLAY });
    payload = readGrounding((view.bundle as Record<string, unknown>)[GROUNDING_MIME]);
    start = initialState(payload);
  });

  const answer = (phrase: string, box: readonly [number, number, number, number]) => ({
    picture: 0,
    phrase,
    words: phrase.split(" "),
    boxes: { token: [{ box, score: 0.5 }], decoder: [{ box, score: 0.6 }] },
  });

  it("keeps word, layer, threshold and epoch within what there is", () => {
    assert.equal(moveWord(start, 3, -1).word, 2);
    assert.equal(moveWord(moveWord(start, 3, 1), 3, 1).word, 1);
    assert.equal(moveLayer(moveLayer(start, payload, -5), payload, 9).layer, 2);
    assert.equal(moveThreshold(start, 0.05).threshold, 0.75);
    assert.equal(moveThreshold({ ...start, threshold: 0.98 }, 0.05).threshold, 1);
    assert.equal(movePhrase(start, payload, -1).phrase, "the blue");
    assert.equal(showEpoch(start, payload, Infinity).epoch, 2);
    assert.equal(reset(showEpoch(start, payload, 0)).epoch, undefined);
    assert.equal(showEpoch(start, { ...payload, replay: undefined }, 1), start);
  });

  it("shows the last whole phrase until a later one is answered, and asks nothing twice", () => {
    const store = new GroundingStore(payload);
    const [the, blue] = [showPhrase(start, "the"), showPhrase(start, "the blue boat")];
    const first = store.question(the);
    assert.equal(first?.type, "ground");
    assert.equal(store.question(the), undefined);
    const second = store.question(blue);
    assert.equal(store.shown(blue)?.answer.phrase, "the red boat");
    store.accept({ type: "ground", serial: first!.serial, answer: answer("the", LEFT) }, []);
    assert.equal(store.shown(blue)?.answer.phrase, "the");
    store.accept({ type: "ground", serial: second!.serial, answer: answer("the blue boat", RIGHT) }, []);
    assert.deepEqual(boxesOf(payload, blue, store.shown(blue)).boxes[0].box, RIGHT);
    assert.equal(store.question(blue)?.type, "attend");
    assert.equal(store.question(blue), undefined);
    // An answer that was not asked for changes nothing.
    store.accept({ type: "ground", serial: 99, answer: answer("the red boat", RIGHT) }, []);
    assert.deepEqual(boxesOf(payload, start, store.shown(start)).boxes[1].box, LEFT);
  });

  it("names unknown words, asks them again of another kernel, and refuses answers of another shape", () => {
    const store = new GroundingStore(payload);
    const typed = showPhrase(start, "the smal");
    const { serial } = store.question(typed)!;
    store.accept({ type: "unknown", serial, words: ["smal"] }, []);
    assert.match(
      sayStatus(trans, typed, store.shown(typed), store, "live"),
      /“smal”\. The boxes are those of “the red boat”/,
    );
    assert.equal(store.question(typed), undefined);
    store.reconnect();
    const again = store.question(typed)!;
    const { token } = answer("the smal", LEFT).boxes;
    assert.throws(
      () =>
        store.accept(
          { type: "ground", serial: again.serial, answer: { ...answer("the smal", LEFT), boxes: { token } } },
          [],
        ),
      /answer.boxes.decoder must be 1 boxes/,
    );
  });

  it("keeps what the kernel said of a phrase that it could not answer, and asks it again of another kernel", () => {
    const store = new GroundingStore(payload);
    const state = showPhrase(initialState(payload), "the boat ".repeat(30));
    assert.ok(store.question(state) && !store.hasFailed(state));
    store.fail("at most 20 ids");
    assert.deepEqual(
      [store.hasFailed(state), store.problem(state), store.unknown(state), store.question(state)],
      [true, "at most 20 ids", [], undefined],
    );
    const other = showPhrase(state, "the boat");
    assert.deepEqual([store.hasFailed(other), store.problem(other)], [false, ""]);
    const said = (): string => sayStatus(trans, state, store.shown(state), store, "live");
    assert.match(said(), /^The kernel could not answer this phrase\. The boxes are those of “/);
    store.reconnect();
    assert.match(said(), /^Asking the kernel\./);
    assert.ok(store.question(state));
  });

  it("writes the code of the view with the phrase on screen first", () => {
    const code = exportCode(payload, showPhrase(start, "the left boat"));
    assert.ok(code.indexOf('"the left boat"') < code.indexOf('"the red boat"'));
    assert.match(code, /replay/);
  });

  it("asks for its phrase in a picture that is dropped on it, and has no use for a model", () => {
    const answer = dropAnswer(payload, showPhrase(start, "the left boat"), { kind: "picture", path: "mine.jpg" });
    assert.match(answer?.code ?? "", /const picture = "mine\.jpg";/);
    assert.match(answer?.code ?? "", /phrases: \["the left boat"\]/);
    assert.doesNotMatch(answer?.code ?? "", /replay/, "the epochs saw another picture");
    assert.equal(answer?.isComplete, false, "the reader's explorer may have another name");
    assert.equal(dropAnswer(payload, start, { kind: "model", path: "mine.onnx" }), undefined);
  });
});
