import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bundleOf as libraryBundleOf } from "../../kernel/display/display";
import { toJSON, toJSONObject } from "../../kernel/session/json";
import { bundleOf, checkBundle } from "../../kernel/session/mime";
import { promised } from "../../kernel/session/run/steps";

/** First bytes of every PNG file. */
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

describe("toJSON", () => {
  it("converts what JSON has no word for", () => {
    const value = {
      f: new Float32Array([1, NaN]),
      d: new Date(0),
      u: undefined,
      i: Infinity,
      g: () => 1,
      m: [undefined, Symbol("s")],
    };
    assert.deepEqual(toJSON("x", value), { f: [1, null], d: "1970-01-01T00:00:00.000Z", i: null, m: [null, null] });
  });

  it("names the place of what it refuses", () => {
    assert.throws(
      () => toJSON("data", { a: [{ b: 1n }] }),
      /^TypeError: data\.a\[0\]\.b: a bigint is no JSON value, received 1n/,
    );
    const loop: Record<string, unknown> = {};
    loop["in"] = { again: loop };
    assert.throws(() => toJSON("data", loop), /data\.in\.again: must not contain itself/);
    assert.throws(() => toJSONObject("metadata", [1]), /metadata: must be an object, received an array/);
  });

  it("lets one value stand in two places", () => {
    const shared = { a: 1 };
    assert.deepEqual(toJSON("x", [shared, shared]), [shared, shared]);
  });
});

describe("mime bundles", () => {
  it("hold text beside what a value says of itself", async () => {
    const value = { [Symbol.for("Jupyter.display")]: async () => ({ "text/html": "<b>" }) };
    assert.deepEqual(Object.keys(await promised(bundleOf(value))), ["text/html", "text/plain"]);
    assert.deepEqual(await promised(bundleOf("a")), { "text/plain": "'a'" });
  });

  it("say of a promise that it is awaited", async () => {
    // A process that traces asynchronous calls shows their numbers among the promise's properties.
    const hinted = (inside: string): RegExp =>
      new RegExp(`^Promise \\{\\s+${inside}[^]*\\}\\n\\(a promise: write await before it to see its value\\)$`);
    const pending = new Promise(() => {});
    const textOf = (bundle: object): string => (bundle as { "text/plain": string })["text/plain"];
    assert.match(textOf(await promised(bundleOf(pending))), hinted("<pending>"));
    assert.match(textOf(await promised(bundleOf(Promise.resolve(3)))), hinted("3"));
    assert.deepEqual(await promised(bundleOf({ then: 1 })), { "text/plain": "{ then: 1 }" });
    assert.match(textOf(libraryBundleOf(pending)), hinted("<pending>"));
  });

  it("turn bytes into base64 and leave JSON be", () => {
    const bundle = checkBundle("display", {
      "image/png": PNG,
      "application/octet-stream": new Uint8Array([1, 2]),
      "application/x+json": new Uint8Array([1, 2]),
    });
    assert.deepEqual(bundle, {
      "image/png": "iVBORw0KGgo=",
      "application/octet-stream": "AQI=",
      "application/x+json": [1, 2],
    });
  });

  it("leave out parts that are too large, and say so", () => {
    const large = 34 << 20;
    for (const part of [
      "x".repeat(large),
      new Uint8Array(large),
      Array.from({ length: 100 }, () => "x".repeat(large / 100)),
    ]) {
      const bundle = checkBundle("display", { "text/plain": "a", "image/svg+xml": "<svg/>", "application/x": part });
      assert.deepEqual(Object.keys(bundle), ["image/svg+xml", "text/plain"]);
      assert.equal(
        bundle["text/plain"],
        "a\n[fovea: application/x is left out: an output holds at most 33554432 characters]",
      );
    }
    const numbers = { "application/json": Array.from({ length: 5e6 }, () => 1) };
    assert.match(String(checkBundle("display", numbers)["text/plain"]), /application\/json is left out/);
    const plain = String(checkBundle("display", { "text/plain": "x".repeat(2e6) })["text/plain"]);
    assert.match(plain, /^x{1048576}… \[fovea: cut after 1048576 of 2000000 characters\]$/);
    const half = "x".repeat(20 << 20);
    const picture = `iVBORw0KGgoA${"A".repeat(half.length)}`;
    assert.deepEqual(Object.keys(checkBundle("display", { "text/html": half, "image/png": picture })), [
      "text/html",
      "text/plain",
    ]);
    assert.deepEqual(Object.keys(checkBundle("display", { "text/html": half, "image/png": PNG })), [
      "text/html",
      "image/png",
    ]);
  });

  it("refuse what is none", () => {
    assert.throws(() => checkBundle("display", { html: "x" }), /keys must be mime types, received "html"/);
    assert.throws(() => checkBundle("display", null), /received null/);
    assert.throws(() => checkBundle("display", { "text/plain": 5 }), /display: text\/plain must be text, received 5/);
    assert.throws(
      () => checkBundle("display", { "image/png": "a.png" }),
      /display: image\/png must be the bytes of a PNG file, or their base64, received "a.png"/,
    );
    assert.throws(
      () => checkBundle("display", { "image/jpeg": PNG }),
      /image\/jpeg must be the bytes of a JPEG file, or their base64, received Uint8Array of 8 bytes/,
    );
  });

  it("survive a value whose inspection throws", async () => {
    const value = {
      [Symbol.for("nodejs.util.inspect.custom")]() {
        throw new Error("no");
      },
    };
    assert.match(String((await promised(bundleOf(value)))["text/plain"]), /inspect failed: no/);
  });
});
