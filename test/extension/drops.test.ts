import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromNotebook, kindOf } from "../../extension/src/frame/drops";

describe("a dropped file", () => {
  it("is a picture or a model by its name", () => {
    assert.deepEqual(["a.JPG", "b.webp", "c.onnx", "d.txt", "onnx", ""].map(kindOf), [
      "picture",
      "picture",
      "model",
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("has a path from the notebook's folder", () => {
    const paths = [
      ["a.png", "n.ipynb", "a.png"],
      ["x/a.png", "n.ipynb", "x/a.png"],
      ["a.png", "x/y/n.ipynb", "../../a.png"],
      ["x/z/a.png", "x/y/n.ipynb", "../z/a.png"],
      ["x/a.png", "x/n.ipynb", "a.png"],
      ["x/y", "x/y/n.ipynb", "../y"],
    ];
    for (const [path, notebook, expected] of paths) assert.equal(fromNotebook(path, notebook), expected, path);
  });
});
