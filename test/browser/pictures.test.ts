/// <reference lib="dom" />
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { axeViolations } from "./axe";
import { exported, exportedCode, pngSize } from "./exports";
import { LIMIT, openBrowser, startLab, STRICT_CSP, until, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { outputBytes, readNotebook } from "./notebook";
import { picturesNotebook } from "./pictures-fixture";
import { screenshot } from "./screenshot";
import { stateViolations } from "./states";
import { ViewPage } from "./view-page";

const THEMES = ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"];
const short = (theme: string): string => theme.replace("JupyterLab ", "").replace(/ /g, "-").toLowerCase();

const viewsOf = ({ page }: LabPage): [attention: ViewPage, gallery: ViewPage] => [
  new ViewPage(page, page.locator(".jp-FoveaAttention")),
  new ViewPage(page, page.locator(".jp-FoveaGallery")),
];

/** Fails where a view is wider than its place. */
async function fits(view: ViewPage): Promise<void> {
  const isWide = await view.root.evaluate((node) => node.scrollWidth > node.clientWidth + 1);
  assert.equal(isWide, false, "nothing sticks out");
}

describe("the attention viewer and the gallery in JupyterLab", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let attention: ViewPage;
  let gallery: ViewPage;

  before(async () => {
    lab = await startLab({ files: { "pictures.ipynb": picturesNotebook() } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "pictures.ipynb");
    await page.runAll();
    [attention, gallery] = viewsOf(page);
    await attention.root.waitFor();
    await attention.root.scrollIntoViewIfNeeded();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("shows the class token's attention of every head at the last layer, from the kernel", async () => {
    await attention.says(
      "live",
      /^Layer 3, head 1 of 4\. Query: class token\. Most on patch row \d+, column \d+, 0\.\d+; \d+\s% on the class token\. Entropy 0\.\d\d of 1\.$/,
    );
    await attention.says("status", /^Attention of this query, from the kernel\.$/);
    assert.equal(await attention.root.locator(".jp-FoveaAttention-head").count(), 4);
    await attention.says("caption", /to all 257 tokens sums to 1\..*mean distance \d+\s% of the picture/);
    await screenshot(page, "attention-light");
  });

  it("asks with the patch under the pointer, and a click keeps it", async () => {
    const canvas = attention.root.locator(".jp-FoveaAttention-large canvas").first();
    await attention.hover(canvas, 4.5 / 16, 9.5 / 16);
    await attention.says("live", /Query: patch row 10, column 5\..*mean distance \d+\s% of the picture\.$/);
    await attention.leave();
    await attention.says("live", /Query: class token\./);
    await attention.hover(canvas, 4.5 / 16, 9.5 / 16);
    await page.page.mouse.down();
    await page.page.mouse.up();
    await attention.leave();
    await attention.says("live", /Query: patch row 10, column 5\./);
    await attention.root.locator(".jp-FoveaAttention-head").nth(2).click();
    await attention.says("live", /^Layer 3, head 3 of 4\./);
  });

  it("is worked by keyboard alone: arrows, layers, heads, class token, mean, pictures, Esc", async () => {
    await attention.press("c", "ArrowRight", "ArrowRight", "Shift+ArrowUp");
    await attention.says("live", /Query: patch row 4, column 10\./);
    await attention.press("[", ".");
    await attention.says("live", /^Layer 2, head 4 of 4\./);
    await attention.says("status", /from the kernel/);
    await attention.press("m");
    await attention.says("live", /Query: mean over all patches\./);
    await attention.press("p", "?");
    const list = attention.root.getByText("Next picture, where there are several");
    await list.waitFor();
    await attention.press("Escape");
    await list.waitFor({ state: "hidden" });
    await attention.says("live", /Query: mean over all patches\./);
    await attention.press("Escape", "p", "]", "t");
    await attention.says("live", /^Layer 3, head 4 of 4\. Query: class token\./);
    const rows = attention.root.locator("table").first().locator("tbody tr");
    assert.equal(await rows.count(), 4);
    await attention.press("t", "Tab");
    assert.equal(
      await attention.stage.evaluate((node) => node === document.activeElement),
      false,
      "Tab leaves the stage",
    );
  });

  it("has an honest scale of the reader's choice", async () => {
    await attention.field("Scale").selectOption("absolute");
    await attention.says("scale", /^Attention, head 40\.001\.00/);
    await attention.field("Scale").selectOption("head");
    await attention.says("caption", /compare shapes, not strengths/);
    await attention.field("Scale").selectOption("heads");
  });

  it("gives away pictures, numbers and code of both views", async () => {
    const [width, height] = pngSize(await exported(page.page, attention.root, "PNG"));
    assert.ok(width > 400 && height > 400, `${width} x ${height}`);
    assert.match((await exported(page.page, attention.root, "SVG")).toString(), /^<svg .*<image /s);
    const { heads } = JSON.parse((await exported(page.page, attention.root, "JSON")).toString());
    assert.deepEqual([heads.length, heads[0].map.length], [4, 256]);
    assert.match(
      await exportedCode(attention.root),
      /await view\.attention\(\n {2}\[picture1, picture2\],\n {2}encoder,/,
    );
    await gallery.root.scrollIntoViewIfNeeded();
    const [across] = pngSize(await exported(page.page, gallery.root, "PNG"));
    assert.ok(across > 400, `${across}`);
    const { neighbors } = JSON.parse((await exported(page.page, gallery.root, "JSON")).toString());
    assert.equal(neighbors.length, 23);
    assert.match(await exportedCode(gallery.root), /await features\.open\("features"\)/);
  });

  it("shows every picture of the folder, and the nearest ones by the full features", async () => {
    await gallery.says("live", /^Picture 1 of 24, bird\/world_\d+\.jpg\. Nearest: \S+ 0\.\d{3}, /);
    await gallery.says("status", /^Neighbors by the full features, found in [\d.]+\sms/);
    await gallery.says("caption", /1 picture has no features: bird\/broken\.jpg \(/);
    await until(async () => (await gallery.root.locator(".jp-FoveaGallery-grid img").count()) >= 20, "small pictures");
    assert.equal(await gallery.root.locator(".jp-FoveaGallery-neighbors li:visible").count(), 12);
    await screenshot(page, "gallery-light");
  });

  it("says which picture cannot be read any more", async () => {
    await gallery.press("End");
    await gallery.says("live", /^Picture 24 of 24, fish\//);
    await gallery.says(
      "warning",
      /^fish\/world_\d+\.jpg cannot be read: view\.gallery: the picture file cannot be read \(ENOENT\)/,
    );
    await gallery.press("Home");
  });

  it("goes by keyboard from picture to neighbour and back, and asks with a patch", async () => {
    await gallery.press("ArrowRight");
    await gallery.says("live", /^Picture 2 of 24/);
    await gallery.press("1", "b");
    await gallery.says("live", /^Picture 2 of 24/);
    await gallery.press("p", "ArrowLeft", "ArrowUp");
    await gallery.says("live", /Patch row 8, column 8\. Nearest patches: \S+ 0\.\d{3}/);
    assert.equal(await gallery.root.locator(".jp-FoveaGallery-box:visible").count(), 12);
    await gallery.press("?", "Escape");
    await gallery.says("live", /Patch row 8, column 8\./);
    await gallery.press("Escape");
    await gallery.says("live", /^Picture 2 of 24, \S+\. Nearest:/);
  });

  it("shows the picture under the pointer on the map, and asks with it on a click", async () => {
    const map = gallery.root.locator(".jp-FoveaGallery-mapCanvas");
    const preview = gallery.root.locator(".jp-FoveaGallery-preview");
    for (let i = 0; i < 60 && !(await preview.isVisible()); i++) {
      await gallery.hover(map, 0.1 + (i % 10) * 0.09, 0.2 + Math.floor(i / 10) * 0.12);
      await page.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    }
    const name = await preview.innerText();
    assert.match(name, /\.jpg$/);
    await page.page.mouse.down();
    await page.page.mouse.up();
    await gallery.leave();
    await gallery.says("live", new RegExp(`^Picture \\d+ of 24, ${name.trim()}\\.`));
  });

  it("has no accessibility violation in the light, dark and high contrast themes", async () => {
    for (const theme of THEMES) {
      await page.theme(theme);
      for (const [view, name] of [
        [attention, "Attention"],
        [gallery, "Gallery"],
      ] as const) {
        await view.root.scrollIntoViewIfNeeded();
        assert.deepEqual(
          await axeViolations(page.page, `.jp-FoveaOutput:has(.jp-Fovea${name})`),
          [],
          `${name}, ${theme}`,
        );
        assert.deepEqual(await stateViolations(page.page, view.root), [], `${name}, ${theme}`);
        await screenshot(page, `${name.toLowerCase()}-${short(theme)}`);
      }
    }
    await page.theme(THEMES[0]);
  });

  it("keeps working in a saved notebook without a kernel, under a strict policy, in a narrow window", async () => {
    await page.save();
    const saved = readNotebook(join(lab.root, "pictures.ipynb"));
    for (const cell of [1, 2]) assert.ok(outputBytes(saved, cell) <= 300 * 1024, `${outputBytes(saved, cell)} bytes`);
    const reader = await startLab({ files: { "pictures.ipynb": saved }, kernels: false, csp: STRICT_CSP });
    try {
      const alone = await LabPage.open(browser, reader, "pictures.ipynb", { width: 620, height: 1000 });
      await alone.withoutKernel();
      const [heads, pictures] = viewsOf(alone);
      await heads.says("status", /^Approximate: saved in the notebook in 8 bits\. No kernel is connected\.$/);
      await heads.hover(heads.root.locator(".jp-FoveaAttention-large canvas").first(), 0.3, 0.6);
      await heads.says("live", /Query: patch row 10, column 5\./);
      await fits(heads);
      await screenshot(alone, "attention-saved-narrow");
      await pictures.root.scrollIntoViewIfNeeded();
      await pictures.says("status", /^Approximate: \d+ of 128 dimensions, 8 bits, saved in the notebook\. No kernel/);
      await pictures.press("ArrowRight");
      await pictures.says("live", /^Picture 2 of 24, \S+\. Nearest: /);
      await fits(pictures);
      await screenshot(alone, "gallery-saved-narrow");
      assert.deepEqual(alone.errors, []);
      await alone.close();
    } finally {
      await reader.close();
    }
  });

  it("wrote no error to the console", () => {
    assert.deepEqual(page.errors, []);
  });
});
