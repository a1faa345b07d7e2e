/// <reference lib="dom" />
/** The reader's settings act on open views and on kernels, and one that breaks the schema is named. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { fixtureNotebook } from "./fixture";
import { LIMIT, openBrowser, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { notebook } from "./notebook";
import { screenshot } from "./screenshot";

const ID = "jupyterlab-fovea/preferences";
const LOAD = `import { encoders } from "fovea";
await encoders.load("zoo/parts-hybrid").then(({ device }) => device, (error) => error.message)`;

describe("the reader's settings", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;

  before(async () => {
    const settings = { [ID]: { device: "cuda", viewMegabytes: 64, heatmap: "centered" } };
    lab = await startLab({
      files: { "match.ipynb": fixtureNotebook(), "load.ipynb": notebook([{ source: LOAD }]) },
      settings,
    });
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("a device that does not start is an error that says so, and the panel shows the limit of memory", async () => {
    const page = await LabPage.open(browser, lab, "load.ipynb", { width: 1280, height: 900 });
    await page.runAll();
    const said = await page.cell(0).locator(".jp-OutputArea-output").innerText();
    assert.match(said, /cuda/);
    await page.menu("View", "Fovea Panel");
    await page.page.locator(".jp-FoveaOverview-device").getByText("0 MB of 64 MB").waitFor();
    await page.close();
  });

  it("an open view follows a setting that is changed in JupyterLab's own editor", async () => {
    const page = await LabPage.open(browser, lab, "match.ipynb", { width: 1280, height: 900 });
    await page.runAll();
    const viewer = page.viewer();
    await viewer.ready();
    const chosen = (label: string): Promise<string> => viewer.root.getByLabel(label, { exact: true }).inputValue();
    assert.equal(await chosen("Similarity"), "centered");
    await page.menu("Settings", "Settings Editor");
    const editor = page.page.locator(".jp-SettingsPanel, .jp-PluginEditor, #setting-editor").first();
    await editor.waitFor();
    await page.page.locator(".jp-PluginList-entry", { hasText: "Fovea viewers" }).click();
    const field = page.page.locator("select[id$='_colormap']");
    await field.waitFor();
    await screenshot(page, "settings");
    await field.selectOption({ label: "magma" });
    await page.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel", { hasText: "match.ipynb" }).click();
    await page.page.waitForFunction(() =>
      document.querySelector<HTMLSelectElement>(".jp-FoveaCorrespondence select option:checked[value='magma']"),
    );
    assert.deepEqual(page.errors, []);
    await page.close();
  });

  it("a value that breaks the schema is named by the server, and the defaults stand", async () => {
    const broken = await startLab({
      files: { "match.ipynb": fixtureNotebook() },
      settings: { [ID]: { colormap: "jet" } },
    });
    try {
      const page = await LabPage.open(browser, broken, "match.ipynb", { width: 1280, height: 800 });
      await page.runAll();
      await page.viewer().ready();
      assert.match(
        broken.log(),
        /jupyterlab-fovea:preferences[^]*'jet' is not one of \['', 'viridis', 'cividis', 'magma'\]/,
      );
      assert.equal(await page.viewer().root.getByLabel("Colors", { exact: true }).inputValue(), "viridis");
      assert.deepEqual(page.errors, []);
      await page.close();
    } finally {
      await broken.close();
    }
  });
});
