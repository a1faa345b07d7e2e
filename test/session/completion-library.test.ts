/** Completion with the library's namespaces, as users type them. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { Notebook } from "./notebook.ts";
import { stockService } from "./stock.ts";

const NAMESPACES =
  "backend data encoders features grounding hub law lora models nn onnx refine report safetensors sak similarity studies tasks train vce view widgets".split(
    " ",
  );
const EARLIER = [
  `import { ${NAMESPACES.join(", ")}, display } from "fovea";`,
  "const obj = { alpha: 1, beta: { gamma: 'x' } };",
];

/** Surroundings of what is typed, with the cursor between them. */
const AROUND: [before: string, behind: string][] = [
  ["", ""],
  ["await ", ""],
  ["const x = ", ";\nx.toString();"],
  ["const y = await ", "\nconst z = 1;"],
  ["function f() {\n  return ", "\n}\nf();"],
  ["const broken = ;\nlet = 5;\n", ""],
  ["obj.;\nif (\n", ""],
  ["`text ${", "} more`"],
  ["console.log(", ")"],
  ["[1, 2].map((n) => ", ")"],
  ["const f = <T,>(x: T) => x;\nf<number>(1);\n", ""],
  ["const o = { a: 1, b: ", " };"],
  ["for (const a of ", ") {}"],
  ["switch (1) { case 1: ", " }"],
  ["class Q { m() { ", " } }"],
  ["try { ", " } catch {}"],
  ["new Map([[1, ", "]])"],
  ["() => ", ""],
];
const TYPED = NAMESPACES.map((name) => `${name}.`);
const OPTIONS = [
  'encoders.load("zoo/',
  'encoders.load("zoo/clip-vit", { ',
  'encoders.load("zoo/clip-vit", { precision: "',
  'encoders.load("zoo/clip-vit", { device: "w", pre',
  "law.fit([], { ",
  "law.fit([], { terms: [], ",
  "data.world.",
  "data.spair.",
  "data.world.scene({ ",
  "display({}, { ",
  "view.law([], { ",
  "new nn.Linear(",
  "let x: law.",
  "let x: law.Fit",
  "let x: Promise<encoders.",
  "const scores: law.ScoreTable = [{ ",
  "lora.",
  "train.fit({ ",
];

const isBuilt = existsSync(join(import.meta.dirname, "..", "..", "kernel", "dist", "index.d.ts"));

describe("completion with the library", { skip: isBuilt ? false : "npm run build:kernel makes what it reads" }, () => {
  const notebook = new Notebook();
  const cells = [
    ...AROUND.flatMap(([ahead, behind]) => TYPED.map((typed) => ({ code: ahead + typed, behind }))),
    ...OPTIONS.flatMap((typed) => ["", "\nconst behind = 1;"].map((behind) => ({ code: typed, behind }))),
  ];
  const stock = stockService(
    notebook.folder,
    EARLIER,
    cells.map(({ code, behind }) => code + behind),
  );
  before(() => notebook.run(...EARLIER));

  it("is TypeScript's own after each namespace and in the options of functions", () => {
    for (const { code, behind } of cells) {
      const typed = /[\w$]*$/.exec(code)![0].toLowerCase();
      const right = stock(code + behind, code.length).filter((name) => name.toLowerCase().includes(typed));
      const found = notebook.completions(code + behind, code.length);
      assert.deepEqual([...found].sort(), [...new Set(right)].sort(), code + behind);
      assert.ok(found.length > 0, code);
    }
  });
});
