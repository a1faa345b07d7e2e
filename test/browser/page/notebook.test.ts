/** A notebook in a page, cell by cell: it prints the same as the kernel's process printed when the notebook was committed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Output } from "../../../kernel/browser/outputs.ts";
import { repository } from "../lab.ts";
import { openKernelPage, run, startKernel, type KernelPage } from "./page.ts";

interface StoredOutput {
  output_type: string;
  text?: string | string[];
  data?: Record<string, string | string[]>;
}

interface StoredCell {
  cell_type: string;
  source: string | string[];
  outputs?: StoredOutput[];
}

const joined = (text: string | string[] = ""): string => (Array.isArray(text) ? text.join("") : text);

/** Words of a progress display, which tell a time; front ends take those away that stay for a moment only. */
const PROGRESS = /^\w+ \[[#-]+\]/;

function wordsOf(outputs: readonly (Output | StoredOutput)[]): string[] {
  return outputs
    .map((output) => {
      const { text, data } = output as StoredOutput;
      return output.output_type === "error" ? JSON.stringify(output) : data ? joined(data["text/plain"]) : joined(text);
    })
    .filter((words) => !PROGRESS.test(words));
}

describe("notebook 01 in a page", () => {
  let opened: KernelPage;
  before(async () => {
    opened = await openKernelPage();
    assert.equal(await startKernel(opened.page), "");
  });
  after(() => opened?.close());

  const text = readFileSync(join(repository, "notebooks", "01-correspondence.ipynb"), "utf8");
  const { cells } = JSON.parse(text) as { cells: StoredCell[] };
  for (const [i, { cell_type: type, source, outputs = [] }] of cells.entries())
    if (type === "code")
      it(`cell ${i} prints what is stored`, async () => {
        const start = performance.now();
        const found = await run(opened.page, joined(source));
        console.log(`cell ${i}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
        assert.deepEqual(wordsOf(found.outputs), wordsOf(outputs));
      });
});
