/// <reference lib="dom" />
/** The refinement viewer in a real browser, without JupyterLab and without a kernel: all that it shows is in the notebook. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { refinement } from "../../kernel/view/index";
import { makeRefinement } from "../view/refinement-source";
import { axeViolations } from "./axe";
import { bundlePage } from "./bare-page";
import { exported, exportedCode, pngSize } from "./exports";
import { openBrowser, repository } from "./lab";
import { SCREENSHOTS } from "./screenshot";
import { stateViolations } from "./states";
import { themeCss, THEMES } from "./themes";
import { ViewPage } from "./view-page";

interface Window {
  show(plugin: string, bundle: object): Promise<void>;
}

describe("the refinement viewer in a browser", () => {
  const errors: string[] = [];
  let scratch = "";
  let browser: Browser;
  let page: Page;
  let shown: ViewPage;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "fovea-refinement-"));
    for (const part of ["kernel", "extension", "style", "node_modules"])
      symlinkSync(join(repository, part), join(scratch, part));
    copyFileSync(join(import.meta.dirname, "hello-viewer", "page.ts"), join(scratch, "page.ts"));
    await bundlePage(scratch, "page.ts", scratch, { plotly: true });
    browser = await openBrowser();
    mkdirSync(SCREENSHOTS, { recursive: true });
  });

  after(async () => {
    await browser?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function open(theme: string, options: object = {}): Promise<void> {
    await page?.close();
    page = await browser.newPage({ viewport: { width: 1000, height: 1500 } });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.exposeFunction("toKernel", () => assert.fail("no kernel is asked"));
    await page.goto(String(pathToFileURL(join(scratch, "page.html"))));
    await page.addStyleTag({ content: themeCss(theme) });
    const { bundle } = await refinement(makeRefinement(), { title: "Three stages", ...options });
    await page.evaluate((one) => (window as never as Window).show("refinement", one), bundle as object);
    shown = new ViewPage(page, page.locator(".jp-FoveaRefinement"));
    await shown.says("live", /^Stage \d/);
    await shown.root.locator(".jp-FoveaRefinement-plane .scatterlayer .point").first().waitFor();
  }

  /** Middle of a marker of the plane. */
  async function pointOf(trace: number, position: number): Promise<{ x: number; y: number }> {
    const marker = shown.root.locator(".jp-FoveaRefinement-plane .scatterlayer .trace").nth(trace).locator(".point");
    const box = await marker.nth(position).boundingBox();
    assert.ok(box);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  it("works by keys, buttons, slider and the pointer, without a kernel", { timeout: 120_000 }, async () => {
    await open("light", { stage: "start" });
    await shown.says("status", /All 4 stages are saved in the notebook/);
    await shown.says("live", /^Stage 0 start\. Picture 1, row 1, column 1: nearest word/);
    await shown.press("ArrowRight", "ArrowDown", "]");
    await shown.says("live", /^Stage 1 coarse alignment\. Picture 1, row 2, column 2: .* at the start/);
    await shown.press("p");
    await shown.says("live", /Picture 2, row 2, column 2/);
    await shown.field("Stage").fill("3");
    await shown.says("live", /^Stage 3 world knowledge/);
    await shown.field("Picture").selectOption("4");
    await shown.says("live", /Picture 5, row 3, column 4/);
    await shown.press("Enter");
    await shown.says("live", /Kept\./);
    const { x, y } = await pointOf(0, 3);
    await page.mouse.move(x - 3, y - 2);
    await page.mouse.move(x, y);
    await shown.says("live", /Picture 5, row 3, column 4.*Kept/);
    await shown.press("Escape");
    await shown.says("live", /Picture 1, row 1, column 4/);
    await page.mouse.click(x, y);
    await shown.says("live", /Picture 1, row 1, column 4.*Kept/);
    await shown.press("w", "t");
    await shown.root.locator(".jp-FoveaRefinement-plane .textpoint", { hasText: "<b>cup</b>" }).first().waitFor();
    await shown.root.locator("table", { hasText: "token to nearest word" }).waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, "refinement-pressed.png"), fullPage: true });
    await shown.press("w", "t", "Escape");
    assert.deepEqual(errors, []);
  });

  it("shows the patch of the token under the pointer", { timeout: 60_000 }, async () => {
    await open("light");
    const frame = (): Promise<string> =>
      shown.root.locator(".jp-FoveaRefinement-canvas").evaluate((node) => (node as HTMLCanvasElement).toDataURL());
    const before = await frame();
    const { x, y } = await pointOf(0, 20);
    await page.mouse.move(x - 3, y - 2);
    await page.mouse.move(x, y);
    await shown.says("live", /Picture [2-5]/);
    assert.notEqual(await frame(), before);
    await page.screenshot({ path: join(SCREENSHOTS, "refinement-hovered.png") });
  });

  it("gives pictures, data and code", { timeout: 60_000 }, async () => {
    const [width, height] = pngSize(await exported(page, shown.root, "PNG"));
    assert.ok(width > 600 && height > 900, `${width} x ${height}`);
    const svg = String(await exported(page, shown.root, "SVG"));
    for (const part of [/^<svg /, /world knowledge/, /CKA with the start/, /block 2/])
      assert.ok(part.test(svg), String(part));
    const data = JSON.parse(String(await exported(page, shown.root, "JSON"))) as { token: { way: object[] } };
    assert.equal(data.token.way.length, 4);
    assert.match(await exportedCode(shown.root), /view\.refinement\(record, \{ title: "Three stages"/);
  });

  for (const theme of Object.keys(THEMES))
    it(`can be read in ${theme}`, { timeout: 120_000 }, async () => {
      await open(theme);
      await page.screenshot({ path: join(SCREENSHOTS, `refinement-${theme}.png`) });
      assert.deepEqual(await axeViolations(page, ".jp-FoveaRefinement"), []);
      if (theme !== "high-contrast") assert.deepEqual(await stateViolations(page, shown.root), []);
    });

  it("draws only what changed: the plane for a token, all figures for a stage", { timeout: 60_000 }, async () => {
    await open("light");
    const drawnBy = (...keys: string[]): Promise<number[]> =>
      shown.root.evaluate(async (root, pressed) => {
        const panels = ["plane", "measures", "layers"].map((name) => root.querySelector(`.jp-FoveaRefinement-${name}`));
        const counts = panels.map(() => 0);
        panels.forEach((panel, i) => {
          const plot = panel as unknown as Record<"on" | "removeAllListeners", (...args: unknown[]) => void>;
          plot.removeAllListeners("plotly_afterplot");
          plot.on("plotly_afterplot", () => counts[i]++);
        });
        for (const key of pressed) {
          root
            .querySelector(".jp-FoveaView-stage")
            ?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          const before = counts[0];
          while (counts[0] === before) await new Promise((done) => setTimeout(done, 10));
        }
        await new Promise((done) => setTimeout(done, 300));
        return counts;
      }, keys);
    assert.deepEqual(await drawnBy("ArrowRight", "ArrowDown", "p"), [3, 0, 0]);
    assert.deepEqual(await drawnBy("["), [1, 1, 1]);
    assert.deepEqual(errors, []);
  });
});
