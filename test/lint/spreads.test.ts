import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Linter } from "eslint";
import fovea from "./rooms.mjs";

const linter = new Linter();
const complaints = (code: string): string[] => {
  const config = { plugins: { fovea }, rules: { "fovea/spreads": "error" } } as unknown as Linter.Config;
  return linter.verify(code, [config]).map(({ message }) => message);
};

describe("the lint of spreads", () => {
  const REFUSED = [
    "Math.min(...values)",
    "Math.max(0, ...rows.map((row) => row.length))",
    "Math.hypot(...vector)",
    "list.push(...others)",
    "list.push(first, ...others.slice(1))",
    "list.push(...others.slice(at, end))",
    "list.unshift(...others)",
    "list.splice(0, 1, ...others)",
    "list.concat(...lists)",
    "String.fromCharCode(...bytes)",
    "String.fromCodePoint(...points.map(Number))",
    "Math.max.apply(null, values)",
    "list.push.apply(list, others)",
  ];
  for (const code of REFUSED)
    it(`refuses ${code}`, () => assert.match(complaints(code).join(), /must not take an array of any length/));

  const ALLOWED = [
    "Math.max(width, height)",
    "Math.max(...dims)",
    "Math.min(...tensor.shape.map(Math.abs))",
    "list.push(...options.inputSize)",
    "String.fromCharCode(...bytes.subarray(i, i + CHUNK))",
    "String.fromCharCode(...bytes.subarray(4, 8))",
    "const all = [...values, ...others]",
    "call(...given)",
    "list.push([...others])",
  ];
  for (const code of ALLOWED) it(`allows ${code}`, () => assert.deepEqual(complaints(code), []));
});
