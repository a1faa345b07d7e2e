/** The attention viewer without a page: its state, rows, words and code. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerState } from "../../extension/src/attention/answer";
import { dropAnswer, exportCode, exportData } from "../../extension/src/attention/exports";
import { headScene } from "../../extension/src/attention/scenes";
import { sayAnswer, sayCaption, sayStatus } from "../../extension/src/attention/speech";
import { initialState, kindQuery, moveHead, moveQuery, showLayer } from "../../extension/src/attention/state";
import { RowStore } from "../../extension/src/attention/store";
import { ENGLISH as trans, saveRows, shapeOf, tokensOfShape, type AttentionPayload } from "../../kernel/protocol";

/** Two heads on a 2 x 3 grid behind a class token: query `q` looks at token `q + 1`, and 0.25 of it goes to the class token. */
function rowsOf(query: number): Float32Array {
  const rows = new Float32Array(2 * 7);
  for (const head of [0, 1]) {
    rows[head * 7] = 0.25;
    rows[head * 7 + Math.min(6, query + 1)] += head === 0 ? 0.75 : 0.5;
    if (head === 1) rows[7 + 3] += 0.25;
  }
  return rows;
}

function saved(layer: number, queries: number[]): AttentionPayload["saved"][number] {
  const all = Float32Array.from(queries.flatMap((query) => [...rowsOf(query)]));
  return { picture: 0, layer, queries, ...saveRows(all, 7) };
}

const image = { label: "bird.jpg", path: "bird.jpg", width: 30, height: 20, mime: "image/jpeg" as const, data: "" };
const numbers = [
  { entropy: 0.5, distance: 0.25 },
  { entropy: 0.7, distance: 0.4 },
];
const payload: AttentionPayload = {
  version: 1,
  view: "v",
  title: "T",
  encoder: "zoo/clip-vit",
  load: { model: "zoo/clip-vit", options: "{}" },
  device: "cpu",
  pictures: [{ image, region: [0, 0, 30, 20] }],
  prefix: 1,
  grid: [2, 3],
  layers: [
    { layer: 0, heads: 2 },
    { layer: 5, heads: 2 },
  ],
  numbers: [[numbers, numbers]],
  saved: [saved(1, [0, 2, 5, 7])],
  picture: 0,
  layer: 1,
  head: 0,
  query: 0,
  scale: "heads",
  colormap: "viridis",
  opacity: 0.5,
};
const state = initialState(payload);
const shape = shapeOf(payload, 1);

describe("the attention viewer's state", () => {
  it("moves the query by patches on the grid, from the middle where it had no place", () => {
    const first = moveQuery(state, shape, 1, 0);
    assert.equal(first.query, 1 + 4, "the first key shows the middle");
    assert.equal(moveQuery(first, shape, 1, 0).query, 1 + 5);
    assert.equal(moveQuery(first, shape, 9, -9).query, 1 + 2);
  });

  it("goes round the heads and stops at the first and last layer", () => {
    assert.deepEqual([moveHead(state, shape, -1).head, moveHead({ ...state, head: 1 }, shape, 1).head], [1, 0]);
    assert.deepEqual([showLayer(state, payload, 9).layer, showLayer(state, payload, -1).layer], [1, 0]);
  });

  it("asks the class token and the mean, and no class token where there is none", () => {
    assert.deepEqual(
      [kindQuery({ ...state, query: 3 }, payload, "class").query, kindQuery(state, payload, "mean").query],
      [0, 7],
    );
    const none = { ...payload, prefix: 0 };
    assert.equal(kindQuery({ ...state, query: 3 }, none, "class").query, 3);
  });
});

describe("the rows at hand", () => {
  it("are the saved ones, or those of the nearest saved patch, then the kernel's", () => {
    const store = new RowStore(payload);
    assert.deepEqual([store.find(0, 1, 2)?.query, store.find(0, 1, 3)?.query, store.find(0, 1, 6)?.query], [2, 2, 5]);
    assert.equal(store.find(0, 0, 0), undefined, "a layer that is not saved");
    const question = store.question(0, 0, 3);
    assert.deepEqual(question, { type: "rows", picture: 0, layer: 0, start: 0, count: 8 });
    const values = Float32Array.from({ length: 8 * 14 }, (_, i) => rowsOf(Math.floor(i / 14))[i % 14]);
    store.accept({ type: "rows", picture: 0, layer: 0, start: 0, count: 8, heads: 2, tokens: 7 }, values);
    assert.deepEqual([store.find(0, 0, 3)?.isSaved, store.question(0, 0, 3)], [false, undefined]);
    assert.deepEqual(store.find(0, 0, 3)?.rows, rowsOf(3));
  });

  it("ask for one query where a layer is too large for a message", () => {
    const large = { ...payload, grid: [40, 40] as const };
    assert.deepEqual(new RowStore(large).question(0, 0, 17), {
      type: "rows",
      picture: 0,
      layer: 0,
      start: 17,
      count: 1,
    });
  });

  it("refuse rows of another shape", () => {
    const reply = { type: "rows" as const, picture: 0, layer: 0, start: 0, count: 1, heads: 3, tokens: 7 };
    assert.throws(() => new RowStore(payload).accept(reply, new Float32Array(21)), /rows must be those of a picture/);
  });
});

describe("what the attention viewer shows", () => {
  const store = new RowStore(payload);
  const answer = answerState(payload, store, { ...state, query: 2 });
  assert.ok(answer);

  it("the map of each head over the patches, on one scale or on its own", () => {
    const [first, second] = answer.heads;
    assert.equal(tokensOfShape(shape), 7);
    assert.deepEqual([first.best, second.best], [2, 2]);
    assert.ok(Math.abs(first.end - 0.75) < 0.01 && first.end === second.end);
    assert.ok(Math.abs(first.prefix - 0.25) < 0.01);
    const own = answerState(payload, store, { ...state, query: 2, scale: "head" });
    assert.equal(own?.heads[1].end, 0.75);
    assert.equal(answerState(payload, store, { ...state, query: 2, scale: "absolute" })?.heads[1].end, 1);
  });

  it("the query and the strongest patch over the picture", () => {
    const { marks, heat } = headScene(payload, { ...state, query: 2 }, answer, 0, true);
    assert.deepEqual(
      marks.map(({ kind, at }) => [kind, at]),
      [
        ["patch", [15, 5]],
        ["best", [25, 5]],
      ],
    );
    assert.equal(heat?.values.length, 6);
    assert.deepEqual(headScene(payload, { ...state, hideHeat: true }, answer, 0, true), { marks: [] });
  });

  it("in words: layer, head, query, the strongest patch, the rest, the numbers", () => {
    assert.equal(
      sayAnswer(trans, payload, { ...state, query: 2 }, answer),
      "Layer 5, head 1 of 2. Query: patch row 1, column 2. Most on patch row 1, column 3, 0.750; 25\u00a0% on the class token. Entropy 0.29 of 1, mean distance 33\u00a0% of the picture.",
    );
    assert.match(
      sayCaption(trans, payload, state),
      /to all 7 tokens sums to 1\. Colors end at the largest value of all heads\./,
    );
    assert.match(sayStatus(trans, answer, "none"), /^Approximate: saved in the notebook in 8 bits\. No kernel/);
    const near = answerState(payload, store, { ...state, query: 3 });
    assert.match(
      sayStatus(trans, near, "stale"),
      /nearest query saved in the notebook, patch row 1, column 2\. The kernel no/,
    );
    assert.match(sayStatus(trans, undefined, "none"), /^This query is not saved/);
  });

  it("as numbers and as code", () => {
    const { heads, query } = exportData(payload, { ...state, query: 2 }, answer) as {
      heads: { map: number[] }[];
      query: number;
    };
    assert.deepEqual([heads.length, heads[0].map.length, query], [2, 6, 2]);
    const code = exportCode(payload, { ...state, query: 2 });
    assert.match(
      code,
      /^import \{ encoders, view \} from "fovea";\n\nconst picture = "bird\.jpg";\nconst encoder = await encoders\.load\("zoo\/clip-vit"\);/,
    );
    assert.match(
      code,
      /await view\.attention\(\n {2}picture,\n {2}encoder,\n[^]*layer: 5,\n {4}head: 0,\n {4}query: \[15, 5\],/,
    );
    assert.match(exportCode(payload, state), /query: "class"/);
  });
});

describe("a file dropped on the attention view", () => {
  const state = initialState(payload);

  it("is the picture on screen, with the same layer and head", () => {
    const { code, isComplete } = dropAnswer(payload, state, { kind: "picture", path: "mine.jpg" });
    assert.match(code, /const picture = "mine\.jpg";\nconst encoder = await encoders\.load\("zoo\/clip-vit"\);/);
    assert.match(code, /indices: \[0, 5\],?\s+layer: 5,/);
    assert.equal(isComplete, true);
  });

  it("is another encoder, which has layers of its own", () => {
    const { code } = dropAnswer(payload, state, { kind: "model", path: "mine.onnx" });
    assert.match(code, /encoders\.load\("mine\.onnx"\)/);
    assert.doesNotMatch(code, /indices|layer:|head:/);
  });
});
