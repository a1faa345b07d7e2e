/** The extension in Japanese, in a JupyterLab that is set to it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { fixtureNotebook } from "./fixture";
import { LIMIT, openBrowser, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { screenshot } from "./screenshot";

describe("JupyterLab in Japanese", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;

  before(async () => {
    lab = await startLab({
      files: { "match.ipynb": fixtureNotebook() },
      settings: { "@jupyterlab/translation-extension/plugin": { locale: "ja_JP" } },
    });
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("panel, viewer and menu speak it", async () => {
    const page = await LabPage.open(browser, lab, "match.ipynb", { width: 1280, height: 900 });
    await page.runAll();
    await page.menu("View", "Fovea パネル");
    const panel = page.page.locator(".jp-FoveaOverview");
    await panel.getByRole("heading", { name: "エンコーダー", exact: true }).waitFor();
    await panel.getByText("zoo/parts-hybrid", { exact: true }).waitFor();
    const viewer = page.viewer().root;
    await viewer.getByLabel("類似度", { exact: true }).waitFor();
    await viewer
      .locator(".jp-FoveaView-live")
      .filter({ hasText: /最良の対応は行 \d+、列 \d+、類似度/ })
      .waitFor();
    await screenshot(page, "japanese");
    assert.deepEqual(page.errors, []);
    await page.close();
  });
});
