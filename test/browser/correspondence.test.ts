/// <reference lib="dom" />
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { matchOf, syntheticKeypoints } from "../view/synthetic";
import { axeViolations } from "./axe";
import { exported, exportedCode, pngSize } from "./exports";
import { fixtureNotebook } from "./fixture";
import { LIMIT, openBrowser, startLab, STRICT_CSP, until, type Lab } from "./lab";
import { LabPage, type Viewer } from "./lab-page";
import { outputBytes, readNotebook } from "./notebook";
import { screenshot } from "./screenshot";
import { stateViolations } from "./states";

const SOURCE = { width: 256, height: 192, rows: 12, columns: 16 };
const TARGET = { width: 240, height: 240, rows: 15, columns: 15 };
/** PCK@0.1 without a box: a tenth of the longer side of the target. */
const ALLOWED = 0.1 * 240;

/** Hovers a point of the source and measures how far the best match lies from the truth. */
async function errorAt(viewer: Viewer, point: [number, number]): Promise<number> {
  await viewer.hover(0, point[0] / SOURCE.width, point[1] / SOURCE.height);
  const { bestRow, bestColumn } = await viewer.match();
  const x = ((bestColumn - 0.5) / TARGET.columns) * TARGET.width;
  const y = ((bestRow - 0.5) / TARGET.rows) * TARGET.height;
  const [trueX, trueY] = matchOf(point);
  return Math.hypot(x - trueX, y - trueY);
}

describe("the correspondence viewer in JupyterLab", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let viewer: Viewer;

  before(async () => {
    lab = await startLab({ files: { "match.ipynb": fixtureNotebook() } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "match.ipynb");
    await page.runAll();
    viewer = page.viewer();
    await viewer.ready();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("says what to do until the first query, and what its marks are", async () => {
    const hint = viewer.root.locator(".jp-FoveaCorrespondence-hint");
    assert.equal(await hint.innerText(), "Move the pointer over a picture to see where its patches match.");
    const key = await viewer.root.locator(".jp-FoveaCorrespondence-marks").innerText();
    for (const glyph of ["□ query", "✛ best match", "◇ runners-up", "○ keypoint"]) assert.ok(key.includes(glyph), key);
    const [picture, words] = [await viewer.canvas(0).boundingBox(), await hint.boundingBox()];
    assert.ok(picture && words && words.y > picture.y + picture.height, "the words are under the pictures");
    await viewer.hover(0, 0.5, 0.5);
    await hint.waitFor({ state: "hidden" });
  });

  it("gets the full features from the kernel over its comm", async () => {
    await viewer.says("status", /^Full features, 48 dimensions\.$/);
    assert.equal(await viewer.text("pck"), "PCK@0.10 on this pair, by patch centers: 5 of 5 keypoints, 100.0\u00a0%.");
  });

  it("answers a hover over each known keypoint within PCK 0.1 of the truth", async () => {
    for (const point of syntheticKeypoints().source)
      assert.ok((await errorAt(viewer, point)) <= ALLOWED, await viewer.live());
    assert.match(await viewer.live(), /right paw: correct, [\d.]+ px off, 24\.0 allowed\./);
  });

  it("reads the heat-map's value under the pointer on the other image", async () => {
    await viewer.hover(1, 0.1, 0.1);
    assert.match(await viewer.live(), /^Under the pointer: row 2, column 2, similarity -?\d\.\d\d\.$/);
    await viewer.says("scale", /pointer/);
  });

  it("pins with click, adds with Shift, queries in reverse with Alt", async () => {
    await viewer.click(0, 0.25, 0.25);
    await viewer.click(0, 0.75, 0.25, ["Shift"]);
    await viewer.click(1, 0.5, 0.75, ["Alt"]);
    await page.page.mouse.move(5, 5);
    assert.match(await viewer.live(), /^Reverse\. Row 12, column 8\. Best match row \d+, column \d+/);
    await viewer.click(0, 0.25, 0.25);
    await viewer.click(0, 0.75, 0.25, ["Shift"]);
    await viewer.click(0, 0.5, 0.75, ["Shift"]);
    await screenshot(page, "correspondence-pins");
  });

  it("gives away a picture, a drawing, its pins and the code of what is on screen", async () => {
    const [width, height] = pngSize(await exported(page.page, viewer.root, "PNG"));
    assert.ok(width > 600 && height > 300, `${width} x ${height}`);
    const svg = (await exported(page.page, viewer.root, "SVG")).toString();
    assert.match(svg, /^<svg .*<image .*<path d="M.*<text /s);
    const { pins } = JSON.parse((await exported(page.page, viewer.root, "JSON")).toString());
    assert.equal(pins.length, 3);
    const code = await exportedCode(viewer.root);
    assert.match(code, /\nawait view\.correspondence\(\n.* {4}pins: \[\[/s);
    assert.match(code, /similarity: "cosine"/);
  });

  it("is worked by keyboard alone: arrows, Shift, Enter, Delete, Escape", async () => {
    await viewer.stage.focus();
    await page.page.mouse.move(5, 5);
    await viewer.press(
      "Escape",
      ...Array<string>(4).fill("Shift+ArrowLeft"),
      ...Array<string>(3).fill("Shift+ArrowUp"),
    );
    assert.match(await viewer.live(), /^Row 1, column 1\./);
    await viewer.press("ArrowRight", "ArrowDown", "ArrowDown", "Enter");
    assert.match(await viewer.live(), /^Row 3, column 2\./);
    await viewer.press("Shift+ArrowRight", "Enter");
    assert.match(await viewer.live(), /^Row 3, column 7\./);
    await viewer.press("Delete");
    assert.match(await viewer.live(), /^Row 3, column 2\./, "the pin before is shown again");
    assert.equal(
      await page.page.locator(".jp-Notebook.jp-mod-commandMode").count(),
      1,
      "Enter did not start editing a cell",
    );
    assert.ok(await viewer.stage.evaluate((node) => node === document.activeElement), "the stage kept the focus");
  });

  it("leaves Tab and JupyterLab's own shortcuts alone", async () => {
    await viewer.stage.focus();
    await page.page.keyboard.press("Tab");
    assert.equal(await viewer.stage.evaluate((node) => node === document.activeElement), false);
    await viewer.stage.focus();
    await page.page.keyboard.press("Control+s");
    await page.saved();
  });

  it("lists its keys on a question mark; Esc closes the list first, and never drops a pin", async () => {
    const pins = async (): Promise<unknown[]> =>
      (JSON.parse((await exported(page.page, viewer.root, "JSON")).toString()) as { pins: unknown[] }).pins;
    const list = viewer.root.getByText("Move the query by one patch");
    await viewer.stage.focus();
    await viewer.press("Enter", "?");
    await list.waitFor();
    const before = await pins();
    assert.ok(before.length > 0);
    await viewer.stage.focus();
    const read = await viewer.live();
    await viewer.press("Escape");
    await list.waitFor({ state: "hidden" });
    assert.equal(await viewer.live(), read, "the pin is still the one that is shown");
    await viewer.press("Escape", "Escape");
    assert.deepEqual(await pins(), before);
    await viewer.root.getByRole("button", { name: "Keys" }).click();
    await list.waitFor();
    await viewer.root.getByRole("button", { name: "Keys" }).click();
    await list.waitFor({ state: "hidden" });
  });

  it("switches the layer by key and by control, with full features each time", async () => {
    await viewer.stage.focus();
    await viewer.press("[");
    await viewer.says("status", /^Full/);
    assert.equal(await viewer.root.getByLabel("Layer").inputValue(), "1");
    await viewer.says("pck", /3 of 5 keypoints/);
    await viewer.root.getByLabel("Layer").selectOption("0");
    await viewer.says("status", /^Full/);
    await viewer.says("pck", /[01] of 5 keypoints/);
    await viewer.root.getByLabel("Layer").selectOption("2");
  });

  it("keeps an honest scale: absolute, this view, softmax with its temperature", async () => {
    await viewer.root.getByLabel("Similarity").selectOption("centered");
    await viewer.says("scale", /^Centered cosine-1\.001\.00/);
    await viewer.root.getByLabel("Similarity").selectOption("cosine");
    await viewer.says("scale", /^Cosine≤ 0\.001\.00/);
    await viewer.root.getByLabel("Scale").selectOption("view");
    await viewer.says("scale", /^Cosine-0\.\d\d/);
    await viewer.root.getByLabel("Similarity").selectOption("softmax");
    await viewer.root.getByLabel("Temperature").selectOption("0.01");
    await viewer.says("scale", /Softmax, temperature 0\.010\.00/);
    await viewer.root.getByLabel("Similarity").selectOption("cosine");
    await viewer.root.getByLabel("Scale").selectOption("absolute");
  });

  it("shows the plotly figure, offline", async () => {
    await page.page.locator(".jp-FoveaPlotly .main-svg").first().waitFor();
    assert.match(await page.page.locator(".jp-FoveaPlotly .gtitle").first().innerHTML(), /PCK by layer/);
    await page.page.locator(".jp-FoveaPlotly").first().scrollIntoViewIfNeeded();
    await screenshot(page, "plotly-light");
  });

  it("has no accessibility violation in the light, dark and high contrast themes", async () => {
    for (const theme of ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]) {
      await page.theme(theme);
      await viewer.canvas(0).scrollIntoViewIfNeeded();
      assert.deepEqual(await axeViolations(page.page, ".jp-FoveaOutput"), [], theme);
      assert.deepEqual(await stateViolations(page.page, viewer.root), [], theme);
      await screenshot(page, `correspondence-${theme.replace("JupyterLab ", "").replace(/ /g, "-").toLowerCase()}`);
    }
    const tick = page.page.locator(".jp-FoveaPlotly .xtick text").first();
    const ink = () => tick.evaluate((node) => getComputedStyle(node).fill);
    await until(
      async () => /rgb\(2\d\d, 2\d\d, 2\d\d\)|rgba\(255/.test(await ink()),
      "the figure in the dark theme's ink",
    );
    await page.theme("JupyterLab Light");
  });

  it("stays usable in a narrow window", async () => {
    await page.page.setViewportSize({ width: 620, height: 1000 });
    await until(async () => ((await viewer.root.boundingBox())?.width ?? Infinity) < 620, "the view is narrow");
    await viewer.canvas(0).scrollIntoViewIfNeeded();
    assert.ok((await errorAt(viewer, syntheticKeypoints().source[2])) <= ALLOWED);
    const wide = await viewer.root.evaluate((node) => node.scrollWidth > node.clientWidth + 1);
    assert.equal(wide, false, "nothing sticks out");
    await screenshot(page, "correspondence-narrow");
    await page.page.setViewportSize({ width: 1280, height: 1100 });
  });

  it("says so when a restarted kernel no longer knows the view, and goes on with what it has", async () => {
    await page.restartKernel();
    await viewer.says("status", /^Full features|run its cell again/);
    await viewer.root.getByLabel("Layer").selectOption("2");
    assert.ok((await errorAt(viewer, syntheticKeypoints().source[0])) <= ALLOWED);
    await page.runAll();
    await page.viewer().says("status", /^Full features, 48 dimensions\.$/);
  });

  it("answers hovers from the saved notebook without any kernel and under a strict policy, labelled approximate", async () => {
    await page.save();
    const saved = readNotebook(join(lab.root, "match.ipynb"));
    assert.ok(outputBytes(saved, 1) <= 300 * 1024, `${outputBytes(saved, 1)} bytes saved`);
    const reader = await startLab({ files: { "match.ipynb": saved }, kernels: false, csp: STRICT_CSP });
    try {
      const alone = await LabPage.open(browser, reader, "match.ipynb");
      await alone.withoutKernel();
      const still = alone.viewer();
      await still.ready();
      await still.says(
        "status",
        /^Approximate: 48 of 48 dimensions, 8 bits, saved in the notebook\. No kernel is connected\.$/,
      );
      for (const point of syntheticKeypoints().source)
        assert.ok((await errorAt(still, point)) <= ALLOWED, await still.live());
      await screenshot(alone, "correspondence-saved");
      await alone.page.locator(".jp-FoveaPlotly .main-svg").first().waitFor();
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
