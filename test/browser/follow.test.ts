import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { axeViolations } from "./axe";
import { LIMIT, openBrowser, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { notebook } from "./notebook";
import { screenshot } from "./screenshot";

/** Six parts of two pictures, one of which is no picture, made in the background while the second cell follows them. */
const MAKE = `import { data, encoders, features } from "fovea";
import { writeFileSync } from "node:fs";
await data.world.writeSpair("spair", { categories: ["bird"], images: 11, pairs: 6, split: "test" });
writeFileSync("spair/JPEGImages/bird/zz.jpg", "none");
const plan = await features.plan({ source: "spair/JPEGImages", output: "run/plan.json", encoder: "zoo/untrained-hybrid", picturesPerPart: 2, maxErrors: 0 });
const encoder = await encoders.load("zoo/untrained-hybrid", { device: "cpu" });
for (let part = 0; part < 3; part++) await features.extractPart(plan, part, { encoder });
const rest = (async () => { for (let part = 3; part < plan.parts; part++) await features.extractPart(plan, part, { encoder }).catch(() => {}); })();
plan.parts`;
const FOLLOW = `await features.follow(plan, { seconds: 0.2 });`;

describe("features.follow in a notebook", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;

  before(async () => {
    lab = await startLab({ files: { "follow.ipynb": notebook([{ source: MAKE }, { source: FOLLOW }]) } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "follow.ipynb", { width: 1280, height: 800 });
  });
  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("shows parts, failures and slow parts while a plan is made, and opens their lists on a click", async () => {
    await page.kernelReady();
    await page.menu("Run", "Run All Cells");
    const output = page.page.locator(".jp-OutputArea-output");
    await output.filter({ hasText: "5 of 6 parts are whole, 10 pictures" }).waitFor();
    const lists = output.filter({ hasText: "Slowest parts" });
    const failed = lists.getByText("Failed parts");
    await failed.click();
    const row = lists.getByText(/^part 5, /);
    await row.waitFor();
    assert.match(await row.innerText(), /at most 0 pictures of a part may fail.*: .*run\/plan\.parts/s);
    await lists.getByText("Slowest parts").click();
    assert.match(await lists.innerText(), /part [0-4], \d+\.\d s on /);
    for (const theme of ["JupyterLab Dark", "JupyterLab Light"]) {
      await page.theme(theme);
      assert.deepEqual(await axeViolations(page.page, ".jp-OutputArea"), []);
      await screenshot(page, `follow-${theme.split(" ")[1].toLowerCase()}`);
    }
    assert.deepEqual(page.errors, []);
  });
});
