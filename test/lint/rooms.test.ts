import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Linter } from "eslint";
import fovea, { KERNEL_FLOORS, KNOW_METHODS, METHODS } from "./rooms.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const linter = new Linter({ cwd: root });

/** Complaints about a file of the project with this code. */
function complaints(file: string, code: string): string {
  const config = { plugins: { fovea }, rules: { "fovea/rooms": "error" } } as unknown as Linter.Config;
  const found = linter.verify(code, [config, { files: ["**/*.ts"] }], { filename: `${root}${file}` });
  return found.map(({ message }) => message).join();
}

describe("the lint of rooms", () => {
  const REFUSED: [file: string, code: string, complaint: RegExp][] = [
    ["kernel/nn/a.ts", 'import { fit } from "../train/fit";', /nn must not import train: arrows lead down/],
    ["kernel/nn/a.ts", 'export * from "../train";', /arrows lead down/],
    ["kernel/nn/a.ts", 'const late = import("../train/fit");', /arrows lead down/],
    ["kernel/sak/a.ts", 'import { cScore } from "../law";', /must not import the method law/],
    ["kernel/sak/biases/a.ts", 'import { cScore } from "../../law/pck/pck";', /must not import the method law/],
    ["kernel/models/a.ts", 'import { vce } from "../vce";', /must not import the method vce/],
    ["kernel/nn/a.ts", 'import { a } from "../attic/a";', /attic is no room/],
    ["extension/src/dom.ts", 'import { a } from "./frame/frame";', /dom must not import frame/],
    ["extension/src/law/a.ts", 'import { a } from "../gallery/map";', /arrows lead down/],
  ];
  for (const [file, code, complaint] of REFUSED)
    it(`refuses in ${file}: ${code}`, () => assert.match(complaints(file, code), complaint));

  const ALLOWED: [file: string, code: string][] = [
    ["kernel/train/a.ts", 'import { nn } from "../nn/layers"; import { b } from "./b";'],
    ["kernel/sak/a.ts", 'import { attach } from "../lora/model";'],
    ["kernel/cli/law/fit.ts", 'import { law } from "../../law";'],
    ["kernel/nn/a.ts", 'import { tidy } from "@tensorflow/tfjs-core";'],
  ];
  for (const [file, code] of ALLOWED) it(`allows in ${file}: ${code}`, () => assert.equal(complaints(file, code), ""));
});

describe("the map of the rooms in CONTRIBUTING", () => {
  const floorOf = (room: string): number => KERNEL_FLOORS.findIndex((floor) => floor.includes(room));
  const rows = [
    ...readFileSync(`${root}CONTRIBUTING.md`, "utf8").matchAll(/^\| `kernel\/([\w-]+)` +\|[^|]*\|([^|]*)\|$/gm),
  ];

  it("has a row for every folder of the kernel, and for no other", () => {
    const folders = readdirSync(`${root}kernel`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const rooms = folders
      .map(({ name }) => name)
      .filter((name) => !["dist", "dist-browser", "node_modules"].includes(name));
    assert.deepEqual(rows.map(([, room]) => room).sort(), rooms.sort());
  });

  for (const [, room, uses] of rows)
    it(`lets ${room} use rooms below it only`, () => {
      const used = (uses.match(/[\w-]+/g) ?? []).filter((name) => floorOf(name) >= 0);
      for (const name of used) {
        assert.ok(floorOf(name) < floorOf(room) || floorOf(room) < 0, `${room} uses ${name}`);
        assert.ok(!METHODS.includes(name) || KNOW_METHODS.includes(room), `${room} uses the method ${name}`);
      }
    });
});
