/** The gallery viewer without a page: its state, what it keeps, its words and code. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dropAnswer, exportCode, exportData } from "../../extension/src/gallery/exports";
import { sayCaption, sayNeighbors, sayStatus, sayUnreadable } from "../../extension/src/gallery/speech";
import {
  goBack,
  initialState,
  movePatch,
  movePicture,
  showPicture,
  togglePatch,
} from "../../extension/src/gallery/state";
import { GalleryStore } from "../../extension/src/gallery/store";
import { ENGLISH as trans, quantize, savePlaces, type GalleryPayload } from "../../kernel/protocol";

const COUNT = 12;
const circle = Float32Array.from({ length: 2 * COUNT }, (_, i) => {
  const angle = (2 * Math.PI * Math.floor(i / 2)) / COUNT;
  return i % 2 ? Math.sin(angle) : Math.cos(angle);
});
const payload: GalleryPayload = {
  version: 1,
  view: "v",
  title: "T",
  encoder: "zoo/clip-vit",
  layer: 3,
  channels: 128,
  grid: [4, 5],
  count: COUNT,
  total: 20,
  skipped: [{ path: "broken.png", reason: "no picture" }],
  skippedCount: 1,
  names: ["a.png", "b.png"],
  places: savePlaces(circle),
  ratio: [0.4, 0.2],
  reduced: quantize(circle, 2),
  thumbs: [{ index: 0, data: "AAAA" }],
  current: 0,
};
const state = initialState(payload);

describe("the gallery's state", () => {
  it("moves over the grid, inside its ends", () => {
    assert.equal(movePicture(state, COUNT, 5, 1, 0).index, 1);
    assert.equal(movePicture(state, COUNT, 5, 0, 2).index, 10);
    assert.deepEqual([movePicture(state, COUNT, 5, 0, 9).index, movePicture(state, COUNT, 5, -1, 0).index], [11, 0]);
  });

  it("goes back the way it came, as far as there is one", () => {
    const there = showPicture(showPicture(state, 4), 7);
    assert.deepEqual([goBack(there).index, goBack(goBack(there)).index, goBack(state)], [4, 0, state]);
    assert.equal(showPicture(there, 7).before.length, 2, "the same picture is no step");
  });

  it("asks with a patch, from the middle, and with the whole picture again", () => {
    const one = togglePatch(state, payload.grid);
    assert.equal(one.patch, 2 * 5 + 2);
    assert.equal(movePatch(one, payload.grid, 1, -1).patch, 1 * 5 + 3);
    assert.equal(movePatch(one, payload.grid, 9, 9).patch, 19);
    assert.equal(togglePatch(one, payload.grid).patch, undefined);
    assert.equal(showPicture(one, 3).patch, undefined);
  });
});

describe("what the gallery keeps", () => {
  it("finds neighbors by the features in the notebook until the kernel answers", () => {
    const store = new GalleryStore(payload);
    const near = store.neighbors(3, undefined);
    assert.deepEqual(
      near?.neighbors
        .slice(0, 2)
        .map(({ index }) => index)
        .sort(),
      [2, 4],
    );
    assert.equal(near?.milliseconds, undefined);
    assert.equal(store.neighbors(3, 0), undefined, "patches need the kernel");
    store.acceptNear({
      type: "near",
      serial: 1,
      index: 3,
      patch: 0,
      milliseconds: 5,
      neighbors: [
        { index: 9, score: 0.5 },
        { index: 99, score: 0.4 },
      ],
    });
    assert.deepEqual(store.neighbors(3, 0), { milliseconds: 5, neighbors: [{ index: 9, score: 0.5 }] });
    assert.deepEqual([store.has(3, 0), store.has(3, undefined)], [true, false]);
  });

  it("asks for small pictures once, 64 at a time, and remembers why one cannot be read", () => {
    const store = new GalleryStore({ ...payload, count: 200 });
    assert.deepEqual(store.missing([0, 1, 2]), [1, 2]);
    assert.equal(store.missing(Array.from({ length: 200 }, (_, i) => i)).length, 64);
    const items = [
      { index: 1, name: "b.png", bytes: 2 },
      { index: 2, name: "c.png", bytes: 0, reason: "gone" },
    ];
    store.acceptThumbs({ type: "thumbs", items }, [Uint8Array.of(255, 216), undefined]);
    assert.deepEqual(store.missing([0, 1, 2]), []);
    assert.deepEqual([store.thumb(1), store.thumb(2)], [{ url: "data:image/jpeg;base64,/9g=" }, { reason: "gone" }]);
    assert.deepEqual([store.name(2), store.name(5)], ["c.png", "6"]);
    assert.equal(sayUnreadable(trans, store), "c.png cannot be read: gone");
  });
});

describe("what the gallery says", () => {
  const store = new GalleryStore(payload);

  it("the picture, its neighbors, a patch and its own", () => {
    const found = { neighbors: [{ index: 1, score: 0.9876 }], milliseconds: 1 };
    assert.equal(sayNeighbors(trans, payload, state, store, found), "Picture 1 of 12, a.png. Nearest: b.png 0.988.");
    const patch = { ...state, patch: 7 };
    assert.equal(
      sayNeighbors(trans, payload, patch, store, found),
      "Picture 1 of 12, a.png. Patch row 2, column 3. Nearest patches: b.png 0.988.",
    );
    assert.match(sayNeighbors(trans, payload, patch, store, undefined), /Looking through the patches of all pictures/);
  });

  it("what is compared, what is left out, and what is approximate", () => {
    const caption = sayCaption(trans, payload);
    assert.match(caption, /^zoo\/clip-vit, layer 3: cosine of the pictures' mean features/);
    assert.match(
      caption,
      /with 40\s% and 20\s% of the variance\. The first 12 of 20 pictures\. 1 picture has no features: broken\.png \(no picture\)\.$/,
    );
    assert.match(
      sayStatus(trans, payload, { neighbors: [] }, "none"),
      /^Approximate: 2 of 128 dimensions, 8 bits, saved in the notebook\. No kernel/,
    );
    assert.match(
      sayStatus(trans, payload, undefined, "stale"),
      /^Neighbors of a patch need the kernel\. The kernel no longer/,
    );
  });

  it("the same as numbers and as code", () => {
    const found = { neighbors: [{ index: 1, score: 0.5, box: [0, 0, 0.2, 0.25] as const }], milliseconds: 1 };
    const data = exportData(payload, { ...state, patch: 7 }, store, found) as Record<string, unknown>;
    assert.deepEqual(data.patch, { row: 1, column: 2 });
    assert.deepEqual(data.neighbors, [{ picture: "b.png", cosine: 0.5, box: [0, 0, 0.2, 0.25] }]);
    const code = exportCode({ ...payload, folder: "features", root: "pictures" }, state, store);
    assert.ok(
      code.startsWith('import { features, view } from "fovea";\n\nconst folder = await features.open("features");\n'),
    );
    assert.ok(code.includes('{ pictures: "pictures", title: "T", layer: 3, current: "a.png", limit: 12 }'), code);
    assert.match(
      exportCode(payload, state, store),
      /\/\/ The folder that features\.extract wrote with zoo\/clip-vit: put it here\.\n/,
    );
  });
});

describe("a file dropped on the gallery", () => {
  const placed = { ...payload, folder: "features", root: "pictures/" };
  const store = new GalleryStore(placed);
  const drop = (kind: "picture" | "model", path: string) => dropAnswer(placed, state, store, { kind, path });

  it("shows the neighbors of a picture that has features, and has no use for another", () => {
    const answer = drop("picture", "pictures/b.png");
    assert.match(answer?.code ?? "", /current: "b\.png"/);
    assert.equal(answer?.isComplete, true);
    assert.equal(drop("picture", "elsewhere/b.png"), undefined);
  });

  it("makes a gallery of the same pictures by a model", () => {
    const answer = drop("model", "models/mine.onnx");
    assert.match(
      answer?.code ?? "",
      /features\.extract\(\{ encoder: "models\/mine\.onnx", images: pictures, out: "features-mine" \}\)/,
    );
    assert.match(answer?.code ?? "", /const pictures = "pictures\/";/);
    assert.equal(answer?.isComplete, true);
    const unknown = dropAnswer(payload, state, new GalleryStore(payload), { kind: "model", path: "x.onnx" });
    assert.match(unknown?.code ?? "", /put it here/);
    assert.equal(unknown?.isComplete, false);
  });
});
