/// <reference lib="dom" />
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { fixtureNotebook } from "./fixture";
import { openBrowser, startLab, type Lab } from "./lab";
import { LabPage, Viewer } from "./lab-page";
import { notebook, readNotebook } from "./notebook";
import { screenshot } from "./screenshot";

const LINES = 50_000;
const linesNotebook = notebook([{ source: `for (let i = 0; i < ${LINES}; i++) console.log("line " + i);` }]);

/** The package `notebook` is a server extension beside JupyterLab: the same server, another page. */
describe("Notebook 7 and JupyterLab", { timeout: 150_000 }, () => {
  let lab: Lab;
  let browser: Browser;

  before(async () => {
    [lab, browser] = await Promise.all([
      startLab({ files: { "match.ipynb": fixtureNotebook(), "lines.ipynb": linesNotebook } }),
      openBrowser(),
    ]);
  });
  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("Notebook 7 runs the cells and shows a viewer that answers the mouse", async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1100 } });
    await page.goto(`${lab.url}/notebooks/match.ipynb?token=${lab.token}`, { timeout: 60_000 });
    await page
      .locator(".jp-NotebookKernelStatus-idle, .jp-Notebook-ExecutionIndicator[data-status=idle]")
      .first()
      .waitFor();
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
    const viewer = new Viewer(page, page.locator(".jp-FoveaCorrespondence").first());
    await viewer.ready();
    await viewer.hover(0, 0.4, 0.5);
    const { similarity } = await viewer.match();
    assert.ok(similarity > 0.5, `similarity ${similarity}`);
    await screenshot({ page }, "notebook-7");
    await page.close();
  });

  it("JupyterLab loses no line of 50,000, and is idle afterwards", async () => {
    const page = await LabPage.open(browser, lab, "lines.ipynb");
    await page.runAll();
    await page.save();
    const [cell] = readNotebook(join(lab.root, "lines.ipynb")).cells;
    const text = (cell.outputs as { text: string[] }[]).flatMap((output) => output.text).join("");
    assert.equal(text, Array.from({ length: LINES }, (_, i) => `line ${i}\n`).join(""));
    await page.close();
  });
});
