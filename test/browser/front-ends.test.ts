/// <reference lib="dom" />
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { fixtureNotebook } from "./fixture";
import { LIMIT, openBrowser, PATIENCE, startLab, type Lab } from "./lab";
import { LabPage, Viewer } from "./lab-page";
import { notebook, readNotebook } from "./notebook";
import { screenshot } from "./screenshot";
import { twoWayNotebook } from "./widgets-fixture";

const LINES = 50_000;
const linesNotebook = notebook([{ source: `for (let i = 0; i < ${LINES}; i++) console.log("line " + i);` }]);

/** The package `notebook` is a server extension beside JupyterLab: the same server, another page. */
describe("Notebook 7 and JupyterLab", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;

  before(async () => {
    [lab, browser] = await Promise.all([
      startLab({
        files: {
          "match.ipynb": fixtureNotebook(),
          "slider.ipynb": twoWayNotebook(),
          "lines.ipynb": linesNotebook,
        },
      }),
      openBrowser(),
    ]);
  });
  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  /** The page says idle before there is any kernel, and cells that run then do nothing: only the server knows. */
  async function kernelConnected(name: string): Promise<void> {
    for (;;) {
      const answer = await fetch(`${lab.url}/api/sessions?token=${lab.token}`);
      const sessions = (await answer.json()) as {
        path: string;
        kernel: { connections: number; execution_state: string };
      }[];
      const kernel = sessions.find(({ path }) => path === name)?.kernel;
      if (kernel?.execution_state === "idle" && kernel.connections > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Opens a notebook in Notebook 7 and runs it. */
  async function runInNotebook(name: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1100 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(`${lab.url}/notebooks/${name}?token=${lab.token}`);
    await kernelConnected(name);
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
    return page;
  }

  it("Notebook 7 runs the cells and shows a viewer that answers the mouse", async () => {
    const page = await runInNotebook("match.ipynb");
    const viewer = new Viewer(page, page.locator(".jp-FoveaCorrespondence").first());
    await viewer.ready();
    await viewer.hover(0, 0.4, 0.5);
    const { similarity } = await viewer.match();
    assert.ok(similarity > 0.5, `similarity ${similarity}`);
    await screenshot({ page }, "notebook-7");
    await page.close();
  });

  it("Notebook 7 has the panel, and its kernel answers there", async () => {
    const page = await runInNotebook("match.ipynb");
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^View$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Fovea Panel$/ }).click();
    await page.locator(".jp-FoveaOverview").getByText("zoo/parts-hybrid", { exact: true }).waitFor();
    await screenshot({ page }, "notebook-7-panel");
    await page.close();
  });

  it("two browsers on one notebook answer alike", async () => {
    const [first, second] = await Promise.all([
      LabPage.open(browser, lab, "match.ipynb"),
      LabPage.open(browser, lab, "match.ipynb"),
    ]);
    await first.runAll();
    await first.save();
    await second.goto("match.ipynb");
    for (const page of [first, second]) {
      const viewer = page.viewer();
      await viewer.ready();
      await viewer.says("status", /Full features/);
      await viewer.hover(0, 0.4, 0.5);
    }
    assert.deepEqual(await first.viewer().match(), await second.viewer().match());
    // The kernel speaks to all pages at once: JupyterLab says of each message that it was for another one's comm.
    const own = [...first.errors, ...second.errors].filter((text) => !text.startsWith("Comm not found for comm id"));
    assert.deepEqual(own, []);
    await first.close();
    await second.close();
  });

  it("in Notebook 7 a slider and the kernel set each other, and an output captures what a handler says", async () => {
    const page = await runInNotebook("slider.ipynb");
    const output = (cell: number) => page.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea").first();
    const says = (cell: number, text: string) => output(cell).getByText(text, { exact: true }).waitFor();
    await says(0, "40");
    await output(0).locator(".noUi-handle").focus();
    await page.keyboard.press("PageUp");
    await says(0, "seen 45");
    await page.keyboard.press("End");
    await says(1, "255");
    for (const text of ["Set by kernel", "200", "seen 200"]) await says(0, text);
    const speak = output(2).getByRole("button", { name: "Speak" });
    await speak.click();
    await output(2).locator("b").waitFor();
    await speak.click();
    const captured = output(2).locator(".jupyter-widgets .jp-OutputArea");
    await captured.locator("b").nth(1).waitFor();
    assert.deepEqual((await captured.innerText()).split(/\s+/), ["spoken", "1", "bold", "spoken", "2", "bold"]);
    assert.equal(await output(2).locator("> .jp-OutputArea-child").count(), 1, "nothing is below the cell");
    await screenshot({ page }, "notebook-7-widgets");
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
