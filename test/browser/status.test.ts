import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { axeViolations } from "./axe";
import { LIMIT, openBrowser, repository, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { notebook } from "./notebook";
import { screenshot } from "./screenshot";

const MODEL = JSON.stringify(join(repository, "kernel", "zoo", "parts-hybrid"));
const LOAD = `import { backend, encoders } from "fovea";\nconst encoder = await encoders.load(${MODEL}, { device: "cpu" });`;
const RUN = `const maps = await encoder.forwardIntermediates({ width: 8, height: 8, channels: 3, data: new Uint8Array(192) });\nawait backend.deviceReadout()`;
const LINE = /^Fovea: cpu · [\d.]+ [MG]B · [\d.]+ m?s$/;

describe("the item of the status bar", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let item: Locator;

  before(async () => {
    lab = await startLab({
      files: { "runs.ipynb": notebook([{ source: LOAD }, { source: RUN }]), "notes.txt": "text" },
    });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "runs.ipynb", { width: 1280, height: 800 });
    item = page.page.locator(".jp-FoveaStatus-button");
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("is hidden until the kernel has run a model, and then says device, memory and time", async () => {
    await page.kernelReady();
    assert.equal(await item.isVisible(), false);
    await page.runAll();
    await item.filter({ hasText: LINE }).waitFor();
  });

  it("the read-out in the notebook says the same", async () => {
    const table = page.page.locator(".jp-OutputArea-output table").filter({ hasText: "Fovea computes with" });
    const text = await table.innerText();
    assert.match(text, /device\s+cpu/);
    assert.match(text, /runtime\s+onnxruntime-node 1\.26\.0/);
    assert.match(text, /threads\s+\d+/);
    assert.match(text, /last run\s+[\d.]+ m?s/);
    assert.match(text, /memory\s+[\d.]+ [MG]B/);
  });

  for (const theme of ["JupyterLab Dark", "JupyterLab Light"]) {
    it(`opens a panel by keyboard that axe finds nothing in, in ${theme}`, async () => {
      await page.theme(theme);
      await item.focus();
      await page.page.keyboard.press("Enter");
      const panel = page.page.getByRole("dialog", { name: "Fovea computes with" });
      await panel.waitFor();
      assert.match(await panel.innerText(), /device\s+cpu\s+runtime\s+onnxruntime-node/);
      assert.equal(await item.getAttribute("aria-expanded"), "true");
      assert.deepEqual(await axeViolations(page.page, ".jp-FoveaStatus-panel"), []);
      assert.deepEqual(await axeViolations(page.page, ".jp-FoveaStatus"), []);
      await screenshot(page, `status-${theme.split(" ")[1].toLowerCase()}`);
      await page.page.keyboard.press("Escape");
      await panel.waitFor({ state: "detached" });
      assert.equal(await item.evaluate((node) => node === document.activeElement), true);
    });
  }

  it("goes when another document is active, comes back with the notebook, and goes with a restart", async () => {
    await page.page.locator(".jp-DirListing-item", { hasText: "notes.txt" }).dblclick();
    await item.waitFor({ state: "hidden" });
    await page.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel", { hasText: "runs.ipynb" }).click();
    await item.filter({ hasText: LINE }).waitFor();
    await page.restartKernel();
    await item.waitFor({ state: "hidden" });
    assert.deepEqual(page.errors, []);
  });
});
