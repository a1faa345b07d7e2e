import assert from "node:assert/strict";
import { inspect } from "node:util";
import { describe, it } from "node:test";
import { describedNamespace } from "../../kernel/display/namespace.ts";
import { bundleOf } from "../../kernel/display/display.ts";

const module = (members: object): Record<string, unknown> =>
  Object.defineProperty({ ...members }, "__esModule", { value: true }) as Record<string, unknown>;

describe("a namespace", () => {
  const inner = module({ iou: () => 1 });
  const room = describedNamespace(
    "tasks",
    module({ fit: () => 1, boxes: inner, Trace: class {}, MODES: [1], also: () => 2 }),
  );
  const text = [
    "tasks: Tab behind the dot lists its members, Shift+Tab behind a name shows its documentation",
    "  functions   also, fit",
    "  classes     Trace",
    "  namespaces  boxes",
    "  values      MODES",
  ].join("\n");

  it("shows its members by kind, in a cell and in console.log", () => {
    assert.equal(bundleOf(room)["text/plain"], text);
    assert.match(String(bundleOf(room)["text/html"]), /<th scope="row" [^>]*>functions<\/th><td [^>]*>also, fit<\/td>/);
    assert.equal(inspect(room), text);
  });

  it("shows namespaces inside it by their whole names, and keeps its own keys", () => {
    assert.match(inspect(room["boxes"]), /^tasks\.boxes: .*\n {2}functions {2}iou$/);
    assert.deepEqual(Object.keys(room), ["fit", "boxes", "Trace", "MODES", "also"]);
  });

  it("that cannot be extended stays as it is", () => {
    const frozen = Object.freeze(module({ a: 1 }));
    assert.equal(describedNamespace("x", frozen), frozen);
  });
});
