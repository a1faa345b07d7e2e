import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { axeViolations } from "./axe";
import { LIMIT, openBrowser, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { notebook } from "./notebook";
import { screenshot } from "./screenshot";

describe("Fovea in JupyterLab's menus", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;

  before(async () => {
    lab = await startLab({ files: { "first.ipynb": notebook([{ source: "1" }]) } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "first.ipynb", { width: 1280, height: 800 });
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("the menu Help opens a help that axe finds nothing in", async () => {
    await page.menu("Help", "Fovea Help");
    const dialog = page.page.getByRole("dialog");
    await dialog.getByText("Shift+Tab on a name").waitFor();
    assert.deepEqual(await axeViolations(page.page, ".jp-FoveaHelp"), []);
    await screenshot(page, "fovea-help");
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "detached" });
  });

  it("the palette finds both commands, and the new notebook has Fovea's kernel", async () => {
    const input = page.page.locator(".lm-CommandPalette-input");
    // A key that comes before the dialog has given the focus back is lost.
    while (!(await input.isVisible())) {
      await page.page.keyboard.press("Control+Shift+C");
      await page.page.waitForTimeout(500);
    }
    await input.fill("fovea");
    const entries = page.page.locator(".lm-CommandPalette-itemLabel");
    await entries.filter({ hasText: "Fovea Help" }).waitFor();
    await entries.filter({ hasText: "New Fovea Notebook" }).click();
    await page.page.locator(".jp-NotebookPanel").filter({ hasText: "Fovea (TypeScript)" }).last().waitFor();
    assert.deepEqual(page.errors, []);
  });

  it("the launcher has a card of the kernel", async () => {
    await page.menu("File", "New Launcher");
    await page.page.locator(".jp-LauncherCard").filter({ hasText: "Fovea (TypeScript)" }).first().waitFor();
  });
});
