/// <reference lib="dom" />
/** A report opened from disk in a real browser without a network: its viewers live, its policy holds. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { buildViewers } from "../../binder/viewers.mjs";
import { report } from "../../kernel/index.ts";
import { axeViolations } from "./axe";
import { picture } from "./bare-view";
import { openBrowser } from "./lab";
import { Viewer } from "./lab-page";
import { ViewPage } from "./view-page";

describe("a report in a browser without a network", { timeout: 400_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-report-"));
  const output = join(folder, "report.html");
  const problems: string[] = [];
  const asked: string[] = [];
  let browser: Browser;
  let page: Page;
  let found: report.EncoderReport;

  before(async () => {
    await buildViewers();
    found = await report.write("zoo/parts-hybrid", { output, limit: 12, runs: 1 });
    browser = await openBrowser();
    const context = await browser.newContext({ offline: true, viewport: { width: 1000, height: 1200 } });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(String(pathToFileURL(output)));
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("answers under the pointer: the match of a hovered patch", async () => {
    const viewer = new Viewer(page, page.locator(".jp-FoveaCorrespondence"));
    await viewer.root.waitFor();
    await viewer.hover(0, 0.5, 0.5);
    const { bestRow, bestColumn } = await viewer.match();
    const [rows, columns] = found.info.grid;
    assert.ok(bestRow >= 1 && bestRow <= rows && bestColumn >= 1 && bestColumn <= columns);
    const before = await viewer.live();
    await viewer.hover(0, 0.2, 0.8);
    assert.notEqual(await viewer.live(), before, "another patch, another answer");
  });

  it("shows the attention of a hovered patch", async () => {
    const root = page.locator(".jp-FoveaAttention");
    await root.waitFor();
    const view = new ViewPage(page, root);
    await view.hover(root.locator("canvas").first(), 0.3, 0.3);
    await view.says("live", /\w/);
  });

  it("shows the numbers that the function returned", async () => {
    const text = await page.locator("main").innerText();
    for (const figure of [found.scores.c.pck.toFixed(2), found.scores.a.score.toFixed(4), found.speed.oneMs.toFixed(2)])
      assert.ok(text.includes(figure), figure);
    assert.match(text, /The table has no row of/);
  });

  for (const colorScheme of ["light", "dark"] as const)
    it(`is readable in the ${colorScheme} scheme`, async () => {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await axeViolations(page, "main"), []);
      await picture(page, `report-${colorScheme}`);
    });

  it("asks nothing of the network, and breaks no rule of its policy", () => {
    assert.deepEqual(
      asked.filter((url) => !/^(file|data|blob):/.test(url)),
      [],
    );
    assert.deepEqual(problems, []);
  });
});
