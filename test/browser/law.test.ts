/// <reference lib="dom" />
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { lawNotebook } from "./law-fixture";
import { openBrowser, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { screenshot } from "./screenshot";

describe("the law viewer in JupyterLab", { timeout: 120_000 }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let root: Locator;

  before(async () => {
    lab = await startLab({ files: { "law.ipynb": lawNotebook() } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "law.ipynb");
    await page.runAll();
    root = page.page.locator(".jp-FoveaLaw");
    await root.waitFor();
    await root.locator(".jp-FoveaLaw-facets .main-svg").first().waitFor();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("looks", async () => {
    await page.page.waitForTimeout(500);
    await root.scrollIntoViewIfNeeded();
    await screenshot(page, "law-light");
    await page.theme("JupyterLab Dark");
    await page.page.waitForTimeout(700);
    await screenshot(page, "law-dark");
    console.log(page.errors, await root.innerText());
    assert.ok(true);
  });
});
