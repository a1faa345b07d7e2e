import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { LIMIT, openBrowser, repository, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";

const FOLDER = join(repository, "notebooks");

/** Notebooks and their text forms by name. */
function committed(): Record<string, string> {
  const names = readdirSync(FOLDER).filter((name) => /\.(ipynb|md)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]));
}

/** Removes the fields that a run may change. */
function withoutOutputs(text: string): unknown {
  const notebook = JSON.parse(text) as { cells: Record<string, unknown>[] };
  const cells = notebook.cells.map((cell) => ({ ...cell, outputs: undefined }));
  return { ...notebook, cells };
}

describe("a committed notebook in JupyterLab", { timeout: LIMIT }, () => {
  const files = committed();
  let lab: Lab;
  let browser: Browser;

  before(async () => {
    [lab, browser] = await Promise.all([startLab({ files }), openBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  const saved = (name: string): string => readFileSync(join(lab.root, name), "utf8");

  async function save(page: LabPage, name: string): Promise<void> {
    const written = page.page.waitForResponse(
      (reply) => reply.request().method() === "PUT" && reply.url().includes(`/api/contents/${name}`),
    );
    await page.menu("File", "Save Notebook");
    assert.equal((await written).status(), 200);
  }

  for (const name of Object.keys(files).filter((each) => each.endsWith(".ipynb")))
    it(`${name} keeps every byte when it is opened, has met its kernel and is saved`, async () => {
      const page = await LabPage.open(browser, lab, name);
      await page.kernelReady();
      await save(page, name);
      assert.equal(saved(name), files[name]);
      const text = name.replace(/ipynb$/, "md");
      assert.equal(saved(text), files[text]);
      await page.close();
    });

  it("changes in nothing but its outputs when all of it is run", async () => {
    const name = "04-choosing-an-encoder.ipynb";
    const page = await LabPage.open(browser, lab, name);
    await page.runAll();
    await save(page, name);
    assert.deepEqual(withoutOutputs(saved(name)), withoutOutputs(files[name]));
    const text = name.replace(/ipynb$/, "md");
    assert.equal(saved(text), files[text]);
    await page.close();
  });
});
