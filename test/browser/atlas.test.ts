/// <reference lib="dom" />
/** The bias atlas in a real browser, without JupyterLab: with its kernel in this process, and as a saved notebook without one. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { type Comm, type CommMessage, installHost, type JSONValue, type SessionHost } from "../../kernel/display/host";
import { atlas } from "../../kernel/view/index";
import { GAINS, makeSource } from "../view/atlas-source";
import { FakeComm } from "../view/fake-comm";
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
  fromKernel(data: object, buffers: number[][]): void;
}

describe("the bias atlas in a browser", () => {
  const errors: string[] = [];
  let scratch = "";
  let browser: Browser;
  let page: Page;
  let shown: ViewPage;
  let accept: ((comm: Comm, open: CommMessage) => void) | undefined;
  let isServed = true;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "fovea-atlas-"));
    for (const part of ["kernel", "extension", "style", "node_modules"])
      symlinkSync(join(repository, part), join(scratch, part));
    copyFileSync(join(import.meta.dirname, "hello-viewer", "page.ts"), join(scratch, "page.ts"));
    await bundlePage(scratch, "page.ts", scratch);
    installHost({
      registerCommTarget: (_: string, handler: typeof accept) => (accept = handler),
    } as unknown as SessionHost);
    browser = await openBrowser();
    mkdirSync(SCREENSHOTS, { recursive: true });
  });

  after(async () => {
    await browser?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function open(theme: string): Promise<void> {
    await page?.close();
    page = await browser.newPage({ viewport: { width: 1000, height: 1400 } });
    page.on("pageerror", (error) => errors.push(String(error)));
    const comm = new FakeComm(
      ({ data, buffers }) =>
        void page.evaluate(([one, bytes]) => (window as never as Window).fromKernel(one, bytes), [
          data,
          buffers.map((buffer) => [...buffer]),
        ] as [object, number[][]]),
    );
    await page.exposeFunction("toKernel", (kind: string, data: JSONValue) => {
      if (!isServed) return;
      if (kind === "open") accept?.(comm, { data, metadata: {}, buffers: [] });
      else comm.receive(data);
    });
    await page.goto(String(pathToFileURL(join(scratch, "page.html"))));
    await page.addStyleTag({ content: themeCss(theme) });
    const { bundle } = await atlas(makeSource().source, { title: "Three teachers", gains: GAINS });
    await page.evaluate((one) => (window as never as Window).show("atlas", one), bundle as object);
    shown = new ViewPage(page, page.locator(".jp-FoveaAtlas"));
    await shown.says("live", /semseg: the router gives/);
  }

  it("works by keys, buttons, sliders and the pointer, predicted by the kernel", { timeout: 120_000 }, async () => {
    await open("light");
    await shown.says("status", /Predictions by the kernel, 48 x 48 cells/);
    await shown.press("ArrowRight", "ArrowUp", "ArrowUp");
    await shown.says("live", /dino 30.%.*set by hand/);
    await shown.says("status", /by the kernel/);
    await shown.press("2");
    await shown.says("live", /siglip off/);
    await page.getByRole("button", { name: "Switch masks off" }).click();
    await shown.says("live", /masks off/);
    await shown.press("r", "]");
    await shown.says("live", /saliency: the router gives/);
    await shown.press("[");
    await shown.hover(shown.root.locator(".jp-FoveaAtlas-simplex"), 0.5, 0.5);
    await page.mouse.down();
    await page.mouse.move(500, 300);
    await page.mouse.up();
    await shown.says("live", /set by hand/);
    await shown.field("stem").fill("1");
    await shown.says("live", /stem 100.%/);
    await shown.press("g");
    await shown.says("caption", /gain of a linear probe/);
    await shown.press("t");
    await shown.root.locator("table", { hasText: "Gains of a probe" }).waitFor();
    await shown.press("g", "t", "Escape");
    assert.deepEqual(errors, []);
  });

  it("gives pictures, data and code", { timeout: 60_000 }, async () => {
    const [width, height] = pngSize(await exported(page, shown.root, "PNG"));
    assert.ok(width > 400 && height > 500, `${width} x ${height}`);
    const data = JSON.parse(String(await exported(page, shown.root, "JSON"))) as { experts: string[] };
    assert.equal(data.experts.length, 4);
    assert.match(await exportedCode(shown.root), /sak\.atlasOf/);
  });

  for (const theme of Object.keys(THEMES))
    it(`can be read in ${theme}`, { timeout: 120_000 }, async () => {
      await open(theme);
      await shown.says("status", /by the kernel/);
      await page.screenshot({ path: join(SCREENSHOTS, `atlas-${theme}.png`) });
      assert.deepEqual(await axeViolations(page, ".jp-FoveaAtlas"), []);
      if (theme !== "high-contrast") assert.deepEqual(await stateViolations(page, shown.root), []);
    });

  it("goes on in a saved notebook without a kernel", { timeout: 60_000 }, async (context) => {
    isServed = false;
    await open("light");
    await shown.says("status", /^Approximate: .* saved in the notebook/);
    await shown.press("ArrowRight", "ArrowUp");
    await shown.says("live", /dino 25.%.*set by hand/);
    const milliseconds: number = await shown.stage.evaluate(async (stage) => {
      const start = performance.now();
      for (let i = 0; i < 10; i++) {
        stage.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
        await new Promise((done) => requestAnimationFrame(done));
      }
      return (performance.now() - start) / 10;
    });
    context.diagnostic(`${milliseconds.toFixed(1)} ms a change of the router`);
    await page.screenshot({ path: join(SCREENSHOTS, "atlas-saved.png") });
    assert.deepEqual(errors, []);
  });
});
