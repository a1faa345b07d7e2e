/// <reference lib="dom" />
/** Own pictures and models dragged onto a view, from the file browser and from the desktop. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import sharp from "sharp";
import { data } from "../../kernel/index.ts";
import { LIMIT, openBrowser, repository, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { notebook } from "./notebook";
import { screenshot } from "./screenshot";

const CELL = `import { encoders, view } from "fovea";
const small = await encoders.load("zoo/parts-hybrid", { device: "cpu" });
await view.correspondence("../one.png", "../two.png", small, { indices: [3] })`;
const ATTENTION = `const clip = await encoders.load("zoo/clip-vit", { device: "cpu" });
await view.attention("../one.png", clip, { indices: [3] })`;

describe("a file dropped on a view", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;

  async function picture(name: string, seed: number): Promise<void> {
    const {
      width,
      height,
      data: pixels,
    } = data.world.render(data.world.scene(seed, { split: "test", category: "bird" }));
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(join(lab.root, name));
  }

  before(async () => {
    lab = await startLab({
      files: { "work/view.ipynb": notebook([{ source: CELL }, { source: ATTENTION }]), "notes.txt": "text" },
    });
    await picture("one.png", 1);
    await picture("two.png", 2);
    await picture("mine.png", 3);
    cpSync(join(repository, "kernel/zoo/untrained-hybrid"), join(lab.root, "other"), { recursive: true });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "work/view.ipynb", { width: 1280, height: 1000 });
    await page.runAll();
    await page.viewer().ready();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  const cellOf = (text: string): Locator => page.page.locator(".jp-NotebookPanel .jp-CodeCell", { hasText: text });

  async function drag(name: string, onto: Locator): Promise<void> {
    const item = page.page.locator(".jp-DirListing-item", { hasText: name });
    await onto.scrollIntoViewIfNeeded();
    const [from, to] = [await item.boundingBox(), await onto.boundingBox()];
    if (!from || !to) throw new Error("both must be on the page");
    await page.page.mouse.move(from.x + 60, from.y + from.height / 2);
    await page.page.mouse.down();
    await page.page.mouse.move(from.x + 90, from.y + 30, { steps: 4 });
    await page.page.mouse.move(to.x + to.width / 2, to.y + 60, { steps: 4 });
    await screenshot(page, `drop-${name}`);
    await page.page.mouse.up();
  }

  it("a picture of the file browser takes the place of the one that it falls on, in a cell below that runs", async () => {
    await page.page.locator(".jp-FileBrowser .jp-BreadCrumbs-home").click();
    await drag("mine.png", page.viewer().canvas(1));
    const cell = cellOf('"../mine.png"');
    await cell.locator(".jp-FoveaCorrespondence").waitFor();
    const code = await cell.locator(".cm-content").innerText();
    assert.match(code, /const source = "\.\.\/one\.png";\s+const target = "\.\.\/mine\.png";/);
    assert.match(code, /encoders\.load\("zoo\/parts-hybrid"\)/);
    await screenshot(page, "drop-answered");
  });

  it("a picture takes the place of the one in an attention view, with the same layer", async () => {
    await drag("mine.png", page.page.locator(".jp-FoveaAttention-large canvas").first());
    const cell = cellOf('const picture = "../mine.png"');
    await cell.locator(".jp-FoveaAttention").waitFor();
    assert.match(await cell.locator(".cm-content").innerText(), /encoders\.load\("zoo\/clip-vit"/);
  });

  it("a file of the desktop is put beside the notebook, under a name that is free", async () => {
    const bytes = [...readFileSync(join(lab.root, "mine.png"))];
    const drop = (): Promise<void> =>
      page
        .viewer()
        .canvas(0)
        .evaluate((canvas, content) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(content)], "photo.png", { type: "image/png" }));
          canvas.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
        }, bytes);
    await drop();
    await cellOf('const source = "photo.png"').locator(".jp-FoveaCorrespondence").waitFor();
    await drop();
    await cellOf('const source = "photo-1.png"').locator(".jp-FoveaCorrespondence").waitFor();
    assert.ok(existsSync(join(lab.root, "work", "photo-1.png")));
  });

  it("a model takes the encoder's place, and another file is refused in words", async () => {
    await page.page.locator(".jp-DirListing-item", { hasText: "notes.txt" }).waitFor();
    await drag("notes.txt", page.viewer().canvas(0));
    await page.viewer().says("problem", /This view has no use for notes\.txt\./);
    await page.page.locator(".jp-DirListing-item", { hasText: "other" }).dblclick();
    await drag("model.onnx", page.viewer().canvas(0));
    await cellOf('encoders.load("../other/model.onnx")').locator(".jp-FoveaCorrespondence").waitFor();
    assert.deepEqual(page.errors, []);
  });
});
