/// <reference lib="dom" />
/**
 * Every tutorial of the site runs in its page from the first cell to the last, with the network cut. Heavy cells run with the smaller
 * settings that their metadata give.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContext } from "playwright-core";
import { buildSite } from "../../binder/site.mjs";
import { buildViewers } from "../../binder/viewers.mjs";
import { readNotebook } from "../../kernel/publish";
import { openBrowser, LIMIT, repository } from "./lab";
import { cutOff } from "./network";
import { serveFolders, type StaticHost } from "./page/static-host";
import { SCREENSHOTS } from "./screenshot";

const NOTEBOOKS = join(repository, "notebooks");
/** Translations have the code of their originals. */
const names = readdirSync(NOTEBOOKS)
  .filter((name) => /^[^.]+\.ipynb$/.test(name))
  .map((name) => name.replace(/\.ipynb$/, ""));

describe("the tutorials in their pages", { timeout: LIMIT }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-tutorials-"));
  let elsewhere: string[] = [];
  let host: StaticHost;
  let browser: Browser;
  let context: BrowserContext;

  before(async () => {
    await buildViewers();
    if (!existsSync(join(repository, "kernel", "dist-browser", "client.js")))
      execFileSync(process.execPath, [join(repository, "binder", "browser.mjs")]);
    const output = join(folder, "site");
    await buildSite({ output, repository: "owner/name", reference: false, lite: false });
    host = await serveFolders({ "/": output });
    browser = await openBrowser();
    context = await browser.newContext({ viewport: { width: 1300, height: 1200 } });
    context.setDefaultTimeout(0);
    elsewhere = await cutOff(context, host.url, ["data:", "blob:"]);
  });
  after(async () => {
    await browser?.close();
    host?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of names)
    it(`runs ${name} to its end`, async () => {
      const { cells } = readNotebook(join(NOTEBOOKS, `${name}.ipynb`));
      const code = cells.flatMap((cell) => (cell.kind === "code" ? [cell] : []));
      const heavy = code.filter(({ changes }) => changes.length > 0);
      const page = await context.newPage();
      await page.goto(`${host.url}/tutorials/${name}.html`);
      const start = performance.now();
      await page.getByRole("button", { name: "Run all cells here" }).click();
      const status = page.locator(".fovea-run [role=status]");
      await status.filter({ hasText: /^(Done|A cell failed|Cells cannot|The kernel)/ }).waitFor();
      console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
      const errors = await page.locator(".outputs pre.error").allInnerTexts();
      assert.match(await status.innerText(), /^Done/, errors.join("\n"));
      assert.equal(await page.locator(".fovea-smaller").count(), heavy.length, "each heavy cell says how it runs here");
      assert.equal(await page.getByLabel("Full settings").count(), heavy.length > 0 ? 1 : 0);
      const first = code.findIndex(({ changes }) => changes.length > 0);
      const stored = first < 0 ? 0 : code.slice(first).filter(({ outputs }) => outputs.length > 0).length;
      assert.equal(await page.locator(".fovea-stored").count(), stored, "the full figures stand beside");
      if (heavy.length > 0) {
        await page.locator(".fovea-smaller").first().scrollIntoViewIfNeeded();
        await page.locator(".fovea-stored > summary").first().click();
        await page.screenshot({ path: join(SCREENSHOTS, `tutorial-${name}.png`), timeout: 120_000 });
      }
      await page.close();
    });

  it("asked nobody else", () => assert.deepEqual(elsewhere, []));
});
