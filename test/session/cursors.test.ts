import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toCodePoints, toUtf16 } from "../../kernel/session/ask/queries";

describe("cursors", () => {
  const text = "a😀b👩‍👩‍👧é";

  it("agree at every code point", () => {
    const points = [...text];
    for (let count = 0; count <= points.length; count++) {
      const offset = points.slice(0, count).join("").length;
      assert.equal(toUtf16(text, count), offset);
      assert.equal(toCodePoints(text, offset), count);
    }
  });

  it("stay inside the text", () => {
    assert.equal(toUtf16(text, 99), text.length);
    assert.equal(toCodePoints(text, 99), [...text].length);
    assert.equal(toUtf16("", 1), 0);
  });
});
