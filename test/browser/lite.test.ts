/// <reference lib="dom" />
/** JupyterLite of the site: the kernel and the viewers without a server, in a real browser that reaches nothing but the site. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContext } from "playwright-core";
import { buildBrowser } from "../../binder/browser.mjs";
import { buildSite } from "../../binder/site.mjs";
import { buildViewers } from "../../binder/viewers.mjs";
import { openBrowser } from "./lab";
import { LabPage } from "./lab-page";
import { cutOff } from "./network";
import { serveFolders, type StaticHost } from "./page/static-host";
import { answer, NAME, publishedAnswer, ROOT } from "./saved-view";
import { screenshot } from "./screenshot";

describe("JupyterLite of the site", { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-lite-"));
  let elsewhere: string[] = [];
  let host: StaticHost;
  let browser: Browser;
  let context: BrowserContext;
  let lab: LabPage;
  let expected = "";

  before(async () => {
    await buildViewers();
    await buildBrowser();
    const output = join(folder, "site");
    const { withoutLite } = await buildSite({ output, repository: "owner/name", reference: false });
    assert.equal(withoutLite, null);
    host = await serveFolders({ "/below/": output });
    browser = await openBrowser();
    expected = await publishedAnswer(browser, folder);
    context = await browser.newContext({ viewport: { width: 1280, height: 1100 } });
    elsewhere = await cutOff(context, host.url, ["data:", "blob:"]);
  });
  after(async () => {
    await browser?.close();
    host?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Puts code in the place of a cell's. */
  async function write(index: number, code: string): Promise<void> {
    await lab.cell(index).locator(".cm-content").click();
    await lab.page.keyboard.press("Control+A");
    await lab.page.keyboard.insertText(code);
  }
  async function run(index: number, code?: string): Promise<string> {
    if (code !== undefined) await write(index, code);
    await lab.startCell(index);
    await lab.cellEnded(index);
    return lab.cell(index).locator(".jp-OutputArea").first().innerText();
  }

  it("opens from a tutorial's page; in both the saved view answers as everywhere", async () => {
    const page = await context.newPage();
    await page.goto(`${host.url}/below/tutorials/00-start.html`);
    assert.equal(await answer(page.locator(ROOT)), expected);
    const link = await page.getByText("Open in JupyterLite").evaluate((node) => (node as HTMLAnchorElement).href);
    await page.close();
    lab = await LabPage.openIn(context, () => link, NAME);
    await lab.viewer().ready();
    assert.equal(await answer(lab.page.locator(ROOT).first()), expected);
  });

  it("runs typed cells, and a view of theirs asks the kernel for all its features", async () => {
    await lab.kernelReady();
    await run(0);
    assert.match(await run(1), /numbers: \[5, 256, 128\]/);
    await run(2);
    const viewer = lab.viewer();
    await viewer.ready();
    await viewer.says("status", /Full features/);
    await viewer.hover(0, 5.5 / 16, 3.5 / 16);
    const { row, column } = await viewer.match();
    assert.deepEqual([row, column], [4, 6]);
    await screenshot(lab, "jupyterlite");
  });

  it("answers a view while a cell runs", async () => {
    await write(3, "await new Promise<void>((resolve) => { Object.assign(globalThis, { go: resolve }); }); 'gone on'");
    await lab.startCell(3);
    await lab.cell(3).locator(".jp-InputPrompt", { hasText: "[*]" }).waitFor();
    const viewer = lab.viewer();
    await viewer.stage.focus();
    await viewer.press("[");
    await viewer.says("status", /Full features/);
    await lab.menu("Kernel", "Interrupt Kernel");
    await lab.cellEnded(3);
    assert.match(await lab.cell(3).locator(".jp-OutputArea").first().innerText(), /KeyboardInterrupt/);
  });

  it("refuses a wrong cell before it runs", async () => {
    const said = await run(3, 'console.log("ran"); const wide: string = pairs.length;');
    assert.match(said, /Type 'number' is not assignable to type 'string'/);
    assert.doesNotMatch(said, /^ran/m);
  });

  it("completes and inspects", async () => {
    await write(3, "encoder.forwardInter");
    await lab.page.keyboard.press("Tab");
    await lab.page.locator(".jp-Completer", { hasText: "forwardIntermediates" }).waitFor();
    await lab.page.keyboard.press("Enter");
    await lab.cell(3).locator(".cm-content", { hasText: "encoder.forwardIntermediates" }).waitFor();
    await lab.page.keyboard.press("Shift+Tab");
    await lab.page.locator(".jp-Tooltip", { hasText: "forwardIntermediates" }).waitFor();
    await lab.page.keyboard.press("Escape");
  });

  it("restarts: variables are gone, cells run again", async () => {
    await lab.restartKernel();
    assert.match(await run(3, "pairs.length"), /Cannot find name 'pairs'/);
    assert.match(await run(3, "const answer: number = 41; answer + 1"), /42/);
  });

  it("ends a loop with its worker, and says so", async () => {
    await write(3, "while (true) {}");
    await lab.startCell(3);
    await lab.cell(3).locator(".jp-InputPrompt", { hasText: "[*]" }).waitFor();
    await lab.menu("Kernel", "Interrupt Kernel");
    await lab.cellEnded(3);
    assert.match(await lab.cell(3).locator(".jp-OutputArea").first().innerText(), /the kernel was restarted/);
    assert.match(await run(3, "1 + 1"), /2/);
  });

  it("says in the cell why it cannot start, and starts when it can", async () => {
    const worker = "/below/fovea/worker.js";
    host.instead.set(worker, null);
    await lab.restartKernel();
    assert.match(await run(3, "1 + 1"), /Cells cannot run here, since .*worker\.js could not be loaded/);
    host.instead.delete(worker);
    assert.match(await run(3, "1 + 2"), /3/);
    // The browser itself notes the file that was not there.
    const isOther = (text: string): boolean => !text.includes("worker.js");
    lab.errors.splice(0, Infinity, ...lab.errors.filter(isOther));
  });

  it("asked nobody else, and broke nothing", () => assert.deepEqual([elsewhere, lab.errors], [[], []]));
});
