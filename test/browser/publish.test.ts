/// <reference lib="dom" />
/** Notebooks published by `fovea publish`, opened from disk in a real browser without a network. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { buildViewers } from "../../binder/viewers.mjs";
import { write } from "../../kernel/publish";
import { hostileCells, writeNotebook } from "../publish/notebooks";
import { axeViolations } from "./axe";
import { openBrowser, repository } from "./lab";
import { Viewer } from "./lab-page";
import { SCREENSHOTS } from "./screenshot";

describe("a published notebook in a browser without a network", { timeout: 500_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-publish-"));
  const problems: string[] = [];
  const asked: string[] = [];
  let browser: Browser;

  before(async () => {
    await buildViewers();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(notebook: string, width = 1000): Promise<Page> {
    const output = join(folder, "page.html");
    const written = await write(notebook, { output });
    assert.ok(written.areViewersBuilt);
    problems.length = asked.length = 0;
    const context = await browser.newContext({ offline: true, viewport: { width, height: 1200 } });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("requestfinished", (request) => asked.push(request.url()));
    // The policy stops a request before it is sent.
    page.on("requestfailed", (request) => request.failure()?.errorText !== "csp" && asked.push(request.url()));
    await page.goto(String(pathToFileURL(output)));
    return page;
  }

  const requests = (): string[] => asked.filter((url) => !/^(file|data|blob):/.test(url));

  it("shows the outputs of notebook 01 and answers under the pointer", async () => {
    const page = await open(join(repository, "notebooks", "01-correspondence.ipynb"));
    const viewer = new Viewer(page, page.locator(".jp-FoveaCorrespondence").first());
    await viewer.root.waitFor();
    await viewer.hover(0, 0.5, 0.5);
    const first = await viewer.live();
    await viewer.hover(0, 0.2, 0.8);
    assert.notEqual(await viewer.live(), first, "another patch, another answer");
    await page.locator(".jp-FoveaGallery").waitFor();
    assert.equal(await page.locator(".jp-FoveaPlotly .main-svg").first().isVisible(), true, "plotly draws");
    assert.match(await page.locator("main").innerText(), /400 test pairs, 150 validation pairs/);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await axeViolations(page, "main"), [], colorScheme);
      await page.screenshot({ path: join(SCREENSHOTS, `publish-${colorScheme}.png`), timeout: 120_000 });
    }
    assert.deepEqual([problems, requests()], [[], []]);
    await page.context().close();
  });

  it("fits a narrow screen", async () => {
    const page = await open(join(repository, "notebooks", "02-alignment.ipynb"), 400);
    await page.locator(".jp-FoveaAlignment").first().waitFor();
    const [content, view] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(content <= view, `${content} of ${view} pixels`);
    await page.screenshot({ path: join(SCREENSHOTS, "publish-narrow.png"), timeout: 120_000 });
    await page.context().close();
  });

  it("runs and loads nothing of a hostile notebook, and says in place what cannot be shown", async () => {
    const page = await open(writeNotebook(folder, "hostile.ipynb", hostileCells));
    await page.locator(".jp-FoveaPlotly .main-svg").first().waitFor();
    const broken = page.locator("figure", { has: page.locator('img[alt="a broken view"]') });
    await broken.locator("p", { hasText: "This view cannot be opened" }).waitFor();
    for (const link of await page.locator("main a").all())
      assert.doesNotMatch(String(await link.getAttribute("href")), /script:/);
    await page.locator("main").click({ position: { x: 5, y: 5 } });
    assert.equal(await page.evaluate(() => "hacked" in window), false);
    assert.deepEqual(requests(), []);
    assert.match(page.url(), /^file:.*page\.html$/, "nothing led away");
    assert.equal(await page.locator("script[src], iframe, form").count(), 0);
    // The figure's own picture from elsewhere is all that the page's policy had to stop.
    assert.ok(
      problems.every((problem) => /plot\.png.*violates.*"img-src/s.test(problem)),
      problems.join("\n"),
    );
    await page.context().close();
  });
});
