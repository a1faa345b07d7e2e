import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import * as spair from "../../kernel/data/spair";
import type { SpairPair } from "../../kernel/data/spair";
import { LIMIT, openBrowser, repository, startLab, type Lab } from "./lab";
import { LabPage, type Viewer } from "./lab-page";
import { outputBytes, readNotebook } from "./notebook";
import { screenshot, SCREENSHOTS } from "./screenshot";

const NAME = "01-correspondence.ipynb";
const { cells: CELLS } = JSON.parse(readFileSync(join(repository, "notebooks", NAME), "utf8")) as {
  cells: { source: string | string[] }[];
};
const GRID = 16;
const ALPHA = 0.1;

/** The pair that the notebook looks at, read from the data set that the notebook wrote. */
function birdPair(lab: Lab): SpairPair {
  const { pairs } = spair.read(join(lab.root, "world", "large"), { split: "test" });
  const bird = pairs.find((pair) => pair.keypointIds.length >= 6);
  assert.ok(bird, "the gallery holds a pair with six keypoints");
  return bird;
}

async function hoverKeypoint(viewer: Viewer, { source }: SpairPair, id: string): Promise<void> {
  const [x, y] = source.keypoints[id] as [number, number];
  await viewer.hover(0, x / source.size[0], y / source.size[1]);
}

/** Hovers every keypoint of the source and counts the best matches that lie within PCK 0.1 of the truth. */
async function hoverKeypoints(viewer: Viewer, pair: SpairPair): Promise<number> {
  const { target, keypointIds } = pair;
  const [x1, y1, x2, y2] = target.box;
  let correct = 0;
  for (const id of keypointIds) {
    const [trueX, trueY] = target.keypoints[id] as [number, number];
    await hoverKeypoint(viewer, pair, id);
    const { bestRow, bestColumn } = await viewer.match();
    const at = [((bestColumn - 0.5) / GRID) * target.size[0], ((bestRow - 0.5) / GRID) * target.size[1]];
    if (Math.hypot(at[0] - trueX, at[1] - trueY) < ALPHA * Math.max(x2 - x1, y2 - y1)) correct++;
  }
  return correct;
}

describe("notebook 01 in JupyterLab", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let viewer: Viewer;
  let pair: SpairPair;

  before(async () => {
    const files = { [NAME]: readFileSync(join(repository, "notebooks", NAME), "utf8") };
    [lab, browser] = await Promise.all([startLab({ files }), openBrowser()]);
    page = await LabPage.open(browser, lab, NAME);
    await page.page.evaluate(() => {
      document.addEventListener("pointerdown", () => document.documentElement.setAttribute("data-pointed", ""), true);
    });
    await page.runByKeyboard(CELLS.length);
    pair = birdPair(lab);
    viewer = page.viewer(0);
    await viewer.ready();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("is run and explored by keyboard alone: cells, the way to the viewer, query, pin, layers, help", async () => {
    const at = CELLS.findIndex(({ source }) => [source].flat().join("").includes("view.correspondence("));
    for (let cell = CELLS.length - 1; cell > at; cell--) await page.page.keyboard.press("ArrowUp");
    await page.tabTo(viewer.stage);
    await viewer.press("Escape");
    const before = await viewer.match();
    await viewer.press("ArrowRight", "ArrowDown");
    const { row, column } = await viewer.match();
    assert.deepEqual([row, column], [before.row + 1, before.column + 1]);
    await viewer.press("Enter", "s");
    await viewer.root.getByRole("group", { name: "The query at every depth" }).waitFor();
    await viewer.press("s", "?");
    await viewer.root.getByText("Move the query by one patch").waitFor();
    await viewer.press("Escape", "Delete");
    await page.page.keyboard.press("Tab");
    const isLeft = await viewer.stage.evaluate((node) => node !== document.activeElement);
    assert.ok(isLeft, "Tab leaves the stage");
    const pointed = await page.page.locator("html").getAttribute("data-pointed");
    assert.equal(pointed, null, "no pointer was used");
  });

  it("finds most keypoints of another bird under the pointer, and says so in the PCK read-out", async () => {
    await viewer.says("status", /^Full features/);
    const correct = await hoverKeypoints(viewer, pair);
    assert.ok(correct > pair.keypointIds.length / 2, `${correct} of ${pair.keypointIds.length}`);
    await viewer.says("pck", new RegExp(`: ${correct} of ${pair.keypointIds.length} keypoints`));
    await hoverKeypoint(viewer, pair, pair.keypointIds[1]);
    await screenshot(page, "notebook-light");
    await viewer.root.screenshot({ path: join(SCREENSHOTS, "readme.png") });
  });

  it("pins by keyboard and switches the layer over the comm", async () => {
    await viewer.stage.focus();
    await viewer.press("Escape", "ArrowRight", "Enter", "[");
    await viewer.says("status", /^Full features/);
    assert.equal(await viewer.root.getByLabel("Layer").inputValue(), "2");
    await viewer.press("]");
    await viewer.says("status", /^Full features/);
  });

  it("draws both figures and shows the table", async () => {
    const figures = page.page.locator(".jp-FoveaPlotly .main-svg");
    await figures.first().waitFor();
    await page.page.getByText("95 % interval").first().scrollIntoViewIfNeeded();
    await page.page.locator("td", { hasText: /^oracle-box$/ }).waitFor();
    await screenshot(page, "notebook-table");
  });

  it("keeps answering after save, close and reopen without a kernel", async () => {
    await page.theme("JupyterLab Dark");
    await viewer.canvas(0).scrollIntoViewIfNeeded();
    await screenshot(page, "notebook-dark");
    await page.save();
    assert.deepEqual(page.errors, []);
    const saved = readNotebook(join(lab.root, NAME));
    const reader = await startLab({ files: { [NAME]: saved }, kernels: false });
    try {
      const alone = await LabPage.open(browser, reader, NAME);
      await alone.withoutKernel();
      const still = alone.viewer(0);
      await still.ready();
      await still.says("status", /^Approximate: .* No kernel is connected\.$/);
      assert.ok((await hoverKeypoints(still, pair)) > pair.keypointIds.length / 2);
      assert.deepEqual(alone.errors, []);
      await alone.close();
    } finally {
      await reader.close();
    }
    for (const [i, { outputs }] of saved.cells.entries()) {
      if (outputs) assert.ok(outputBytes(saved, i) <= 300 * 1024, `cell ${i} keeps ${outputBytes(saved, i)} bytes`);
    }
  });
});
