import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { brokenNotebook, CONNECTED } from "./fixture";
import { LIMIT, openBrowser, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";

describe("views that meet broken input", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;

  before(async () => {
    lab = await startLab({ files: { "broken.ipynb": brokenNotebook() } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "broken.ipynb");
    await page.runAll(async () => {
      await page.viewer(0).says("status", /^Full features/);
      writeFileSync(join(lab.root, CONNECTED), "");
    });
    await page.viewer(1).ready();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("says what is wrong with a malformed comm message, and goes on answering", async () => {
    const viewer = page.viewer(1);
    await viewer.says("problem", /^fovea\.view reply: image must be an integer in 0\.\.8, received 9$/);
    await viewer.hover(0, 0.5, 0.5);
    assert.equal((await viewer.match()).row, 7);
    await viewer.says("status", /^Approximate/);
  });

  it("leaves the other view of the notebook alone", async () => {
    await page.viewer(0).says("status", /^Full features/);
    assert.equal(await page.viewer(0).root.locator(".jp-FoveaView-problem").isVisible(), false);
  });

  it("shows a malformed payload as an error in words", async () => {
    const error = page.page.locator(".jp-FoveaOutput [role=alert]").filter({ hasText: "This view cannot be shown" });
    await error.waitFor();
    assert.equal(
      await error.innerText(),
      "This view cannot be shown: correspondence view: title must be a string of at most 300 characters, received undefined",
    );
  });

  it("writes no error to the console", () => {
    assert.deepEqual(page.errors, []);
  });
});
