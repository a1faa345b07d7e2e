/** The correspondence viewer with several targets, encoders, facets and tokens. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exportCode, exportData, dropAnswer } from "../../extension/src/correspondence/exports";
import { FeatureStore } from "../../extension/src/correspondence/features";
import { PinAnswers } from "../../extension/src/correspondence/pin-answers";
import { answerQuery, answersOf } from "../../extension/src/correspondence/query";
import { buildScenes, smallScene } from "../../extension/src/correspondence/scene";
import { sayAnswer, sayLayer, sayOthers } from "../../extension/src/correspondence/speech";
import {
  activeQuery,
  addPin,
  chooseTarget,
  followCursor,
  initialState,
  moveCursor,
  nextToken,
  swapSides,
} from "../../extension/src/correspondence/state";
import { moved, showing, WHOLE, zoomed } from "../../extension/src/panes/zoom";
import { ENGLISH as trans, quantize, readCorrespondence, type CorrespondencePayload } from "../../kernel/protocol";
import { fullFeatures, smallPayload } from "./payload";

const base = smallPayload();
const [placed, answering] = base.layers[1].placements;
/** The class token of each image: like the last patch of the source, and like the first of the targets. */
const CLASS = [0.8, 0, 0.6];
const rows = (image: 0 | 1): Float32Array => Float32Array.from([...fullFeatures[image], ...CLASS]);
const reversed = Float32Array.from(
  [...Array.from({ length: 4 }, (_, i) => 3 - i)]
    .flatMap((i) => [...fullFeatures[1].subarray(3 * i, 3 * i + 3)])
    .concat(CLASS),
);

/** A source and two targets, the second with the patches of the first in reverse order; two encoders, one with keys. */
function payload(): CorrespondencePayload {
  const features = [rows(0), rows(1), reversed].map((values) => quantize(values, 3));
  const layer = { layer: 5, label: "Layer 5", channels: 3, placements: [placed, answering, answering], prefix: 1 };
  return readCorrespondence({
    ...base,
    groundTruth: undefined,
    images: [...base.images, { ...base.images[1], label: "c.png", path: "c.png" }],
    others: [{ name: "second", device: "cpu", load: { model: "zoo/second", options: "{}" } }],
    layers: [
      { ...layer, reduced: features },
      { ...layer, facet: "key", reduced: features },
      { ...layer, encoder: 1 },
    ],
    current: 0,
  });
}

describe("several targets", () => {
  const view = payload();
  const store = new FeatureStore(view);
  const state = { ...initialState(view), cursor: { side: 0, point: [5, 5] as [number, number] } };
  const answers = answersOf(view, store, state, activeQuery(state));

  it("answer one query together, each in its place", () => {
    assert.deepEqual(
      answers.map(({ other, best }) => [other, best]),
      [
        [1, 2],
        [2, 1],
      ],
    );
    const scenes = buildScenes({ payload: view, state, answers, pins: [] });
    assert.deepEqual(
      scenes.map(({ heat, marks }) => [heat !== undefined, marks.filter(({ kind }) => kind === "best").length]),
      [
        [false, 0],
        [true, 1],
        [true, 1],
      ],
    );
    assert.equal(scenes[0].marks.filter(({ kind }) => kind === "patch").length, 1);
  });

  it("are spoken of one by one, the others in a line below", () => {
    assert.match(sayAnswer(trans, view, state, answers[0]), /^In b\.png: Row 1, column 1\. Best match row 2, column 1/);
    assert.equal(sayOthers(trans, view, state, answers), "Also: c.png row 1, column 2, 1.00.");
    const second = chooseTarget(state, 2, view.layers[0].placements);
    assert.equal(sayOthers(trans, view, second, answers), "Also: b.png row 2, column 1, 1.00.");
  });

  it("ask back one at a time, and the cursor goes along", () => {
    const swapped = swapSides(state, view.layers[0].placements);
    assert.deepEqual([swapped.swapped, swapped.reverse, swapped.cursor.side], [true, true, 1]);
    const second = chooseTarget(swapped, 2, view.layers[0].placements);
    assert.deepEqual([second.target, second.cursor.side], [2, 2]);
    assert.deepEqual(
      answersOf(view, store, second, { side: 2, point: [15, 5] }).map(({ other, best }) => [other, best]),
      [[0, 0]],
    );
    assert.deepEqual(
      [swapSides(second, view.layers[0].placements)].map((one) => [one.swapped, one.reverse]),
      [[false, false]],
    );
  });

  it("have pins with the same number, and matches in the exported numbers", () => {
    const pinned = addPin(state, { side: 0, point: [5, 5] }, true);
    const pins = new PinAnswers().answers(view, store, pinned);
    const scenes = buildScenes({ payload: view, state: pinned, answers, pins });
    for (const { marks } of scenes)
      assert.equal(marks.filter((mark) => mark.kind === "pin" && mark.number === 1).length, 1);
    const data = exportData(view, pinned, pins, true) as {
      pins: { target: number; matches: { target: number; match: number[] }[] }[];
    };
    assert.equal(data.pins[0].target, 1);
    assert.deepEqual(
      data.pins[0].matches.map(({ target, match }) => [target, match]),
      [
        [1, [5, 15]],
        [2, [15, 5]],
      ],
    );
  });
});

describe("encoders and facets beside each other", () => {
  const view = payload();
  const state = initialState(view);

  it("open with the strip, which draws each answer small", () => {
    assert.equal(state.strip, true);
    assert.equal(initialState(base).strip, false);
    const answer = answerQuery(view, new FeatureStore(view), { ...state, layer: 1 }, activeQuery(state));
    assert.ok(answer);
    const { heat, marks } = smallScene(view, { ...state, layer: 1 }, answer);
    assert.deepEqual([heat?.placement, marks.map(({ kind }) => kind)], [answering, ["best"]]);
  });

  it("are named", () => {
    assert.deepEqual(
      view.layers.map((layer) => sayLayer(trans, view, layer)),
      ["e, layer 5", "e, layer 5, keys", "second, layer 5"],
    );
  });

  it("come back in the code of the view, and a dropped picture takes one place", () => {
    const code = exportCode(view, state);
    assert.match(code, /const target2 = "c\.png";/);
    assert.match(code, /const encoder2 = await encoders\.load\("zoo\/second"\);/);
    assert.match(code, /\[target1, target2\],?\s+\[encoder1, encoder2\]/);
    assert.match(code, /facets: \["token", "key"\]/);
    const { code: dropped } = dropAnswer(view, state, { kind: "picture", path: "mine.jpg" }, 2);
    assert.match(dropped, /const target2 = "mine\.jpg";/);
    const { code: model } = dropAnswer(view, state, { kind: "model", path: "mine.onnx" }, 0);
    assert.match(model, /const encoder = await encoders\.load\("mine\.onnx"\);/);
  });
});

describe("class and register tokens", () => {
  const view = payload();
  const store = new FeatureStore(view);
  const state = nextToken(initialState(view), 1);

  it("are a query that has no place", () => {
    assert.deepEqual(state.cursor.token, 0);
    const answers = answersOf(view, store, state, activeQuery(state));
    assert.deepEqual(
      answers.map(({ best, mutual, patch }) => [best, mutual, patch]),
      [
        [2, false, -1],
        [1, false, -1],
      ],
    );
    assert.match(
      sayAnswer(trans, view, state, answers[0]),
      /^In b\.png: Query: class token\. Best match row 2, column 1, similarity 0\.80\.$/,
    );
    const [source] = buildScenes({ payload: view, state, answers, pins: [] });
    assert.deepEqual(source.marks, []);
    assert.deepEqual(addPin(state, state.cursor, true).pins, [], "there is no place for a pin");
  });

  it("never are a match, nor move the mean of the patches", () => {
    const plain = new FeatureStore(base);
    const centered = { ...initialState(base), similarity: "centered" as const };
    const query = { side: 0, point: [5, 5] as [number, number] };
    const without = answerQuery(base, plain, { ...centered, layer: 1 }, query);
    const beside = answerQuery(view, store, { ...centered, layer: 0 }, query);
    assert.deepEqual(beside?.values, without?.values);
  });

  it("give way to the patch after the last one, and to the arrows", () => {
    assert.equal(nextToken(state, 1).cursor.token, undefined);
    assert.equal(moveCursor(state, placed, 1, 0).cursor.token, undefined);
  });
});

describe("colors of the features", () => {
  it("are opaque, one a patch, and computed once", () => {
    const view = payload();
    const store = new FeatureStore(view);
    const colors = store.colors(0);
    assert.deepEqual(
      colors?.map(({ length }) => length),
      [24, 16, 16],
    );
    assert.ok(colors?.every((image) => image.every((value, i) => i % 4 !== 3 || value === 255)));
    assert.deepEqual(
      [...(colors?.[1].subarray(8, 12) ?? [])],
      [...(colors?.[2].subarray(4, 8) ?? [])],
      "like patches, like colors",
    );
    assert.equal(store.colors(0), colors);
    assert.equal(store.colors(2), undefined, "no features are here");
  });
});

describe("the window of all images", () => {
  it("grows about a point that stays where it is, and stays inside", () => {
    const twice = zoomed(WHOLE, 2, [0.25, 0.75]);
    assert.deepEqual(twice, { zoom: 2, left: 0.125, top: 0.375 });
    assert.deepEqual(zoomed(twice, 0.1, [0, 0]), WHOLE);
    assert.deepEqual(zoomed(WHOLE, 2, [1, 0]), { zoom: 2, left: 0.5, top: 0 });
    assert.equal(zoomed(WHOLE, 1000, [0, 0]).zoom, 16);
    assert.deepEqual(moved(twice, [-1, 1]), { zoom: 2, left: 0, top: 0.5 });
  });

  it("follows the cursor of the arrow keys", () => {
    const view = payload();
    const state = { ...initialState(view), shown: zoomed(WHOLE, 2, [0, 0]) };
    const right = followCursor(moveCursor(state, placed, 5, 5), view);
    assert.deepEqual(right.cursor.point, [25, 15]);
    const [x, y] = [25 / 30, 15 / 20];
    assert.ok(right.shown.left + 1 / 2 > x && right.shown.top + 1 / 2 > y);
    assert.deepEqual(showing(WHOLE, [0.9, 0.9]), WHOLE);
  });
});

describe("a payload of several images", () => {
  it("is refused where a layer lacks an image or names no encoder", () => {
    const [first, ...others] = payload().layers;
    const broken = (layer: object): unknown => ({ ...payload(), layers: [{ ...first, ...layer }, ...others] });
    const says: [object, RegExp][] = [
      [{ placements: [placed, answering] }, /layers\[0\]\.placements must be 3 items, one an image, received 2/],
      [{ encoder: 3 }, /layers\[0\]\.encoder must be a position in 2 encoders, received 3/],
      [{ prefix: 2 }, /layers\[0\]\.reduced\[0\]\.data must be base64 of 24 bytes/],
      [{ facet: "output" }, /layers\[0\]\.facet must be one of token, query, key, value/],
    ];
    for (const [layer, rule] of says) assert.throws(() => readCorrespondence(broken(layer)), rule);
    assert.throws(
      () => readCorrespondence({ ...payload(), pins: [{ side: 3, patch: 0 }] }),
      /pins\[0\]\.patch must be on one of 3 images/,
    );
  });
});
