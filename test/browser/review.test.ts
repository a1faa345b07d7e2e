/// <reference lib="dom" />
/** The review in a real browser, without JupyterLab: decisions land in a file that `data.refer` reads. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { refer } from "../../kernel/data/index";
import { review } from "../../kernel/view/index";
import { images, PREDICTIONS } from "../view/review-source";
import { axeViolations } from "./axe";
import { BareViews, picture } from "./bare-view";
import { exported, exportedCode, pngSize } from "./exports";
import { stateViolations } from "./states";
import { THEMES } from "./themes";
import type { ViewPage } from "./view-page";

describe("the review in a browser", { timeout: 300_000 }, () => {
  let views: BareViews;
  let page: Page;
  let view: ViewPage;
  let folder = "";
  let file = "";
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "fovea-review-"));
    views = await BareViews.start();
  });
  after(async () => {
    await views.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => (file = join(mkdtempSync(join(folder, "round-")), "reviewed_train.json")));

  async function open(theme = "light", width = 1000): Promise<void> {
    const { bundle } = await review(PREDICTIONS, { confidence: 0.5, file, images, title: "Doubtful boats" });
    ({ page, view } = await views.show("review", bundle, { root: ".jp-FoveaReview", theme, width }));
    await view.says("live", /^1 of 3, “the blue boat”: score 0\.20, open\. Box left 4, top 10, 24 × 30 px/);
  }

  const annotations = (): [string, readonly (readonly number[])[]][] =>
    refer.read(file).expressions.map(({ phrase, boxes }) => [phrase, boxes]);

  it("writes what is confirmed, redrawn and rejected by keys, and takes it back", async () => {
    await open();
    await view.says("status", /: annotations 0, rejected 0\.$/);
    await view.press("ArrowRight", "Shift+ArrowRight", "m", "ArrowDown");
    await view.says("live", /drawn, not saved\. Box left 15, top 10, 24 × 31 px/);
    await view.press("Enter");
    await view.says("live", /^2 of 3, “nothing at all”/);
    await view.says("status", /: annotations 1, rejected 0\.$/);
    await view.press("x");
    await view.says("status", /: annotations 1, rejected 1\.$/);
    await view.says("live", /^3 of 3, “the red boat”/);
    await view.press("Enter");
    await view.says("status", /: annotations 2, rejected 1\.$/);
    assert.deepEqual(annotations(), [
      ["the blue boat", [[15, 10, 39, 41]]],
      ["the red boat", [[4, 10, 28, 40]]],
    ]);
    await view.press("u");
    await view.says("status", /: annotations 1, rejected 1\.$/);
    await view.says("live", /“the red boat”: score 0\.41, open/);
    await view.press("p");
    await view.says("live", /“nothing at all”: score 0\.30, ✗ rejected\. No annotation/);
  });

  it("draws a box by the mouse, moves it and takes it by a corner", async () => {
    await open();
    await view.says("status", /annotations 0/);
    const canvas = view.root.locator("canvas").first();
    const drag = async (from: [number, number], to: [number, number]): Promise<void> => {
      const box = (await canvas.boundingBox())!;
      const at = ([x, y]: [number, number]): [number, number] => [
        box.x + (x / 64) * box.width,
        box.y + (y / 48) * box.height,
      ];
      await page.mouse.move(...at(from));
      await page.mouse.down();
      await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]));
      await page.mouse.move(...at(to));
      await page.mouse.up();
    };
    await drag([40, 12], [60, 36]);
    await view.says("live", /drawn, not saved\. Box left 40, top 12, 20 × 24 px/);
    await drag([50, 24], [45, 28]);
    await view.says("live", /Box left 35, top 16, 20 × 24 px/);
    await drag([55, 40], [60, 60]);
    await view.says("live", /Box left 35, top 16, 25 × 32 px/);
    await picture(page, "review-drawn");
    await page.getByRole("button", { name: "Save the box" }).click();
    await view.says("status", /annotations 1/);
    const [[phrase, [box]]] = annotations();
    assert.equal(phrase, "the blue boat");
    assert.ok(
      box.every((edge, i) => Math.abs(edge - [35, 16, 60, 48][i]) <= 0.6),
      box.join(),
    );
    await view.root.locator(".jp-FoveaReview-item").first().click();
    await view.says("live", /✎ redrawn/);
  });

  it("gives pictures, drawings, data and code", async () => {
    await open();
    const [width, height] = pngSize(await exported(page, view.root, "PNG"));
    assert.ok(width > 300 && height > 200, `${width} x ${height}`);
    assert.match(String(await exported(page, view.root, "SVG")), /<svg/);
    const data = JSON.parse(String(await exported(page, view.root, "JSON"))) as { items: { verdict: null }[] };
    assert.deepEqual(
      data.items.map(({ verdict }) => verdict),
      [null, null, null],
    );
    assert.match(await exportedCode(view.root), /data\.refer\.read\(.*reviewed_train\.json/);
  });

  for (const theme of Object.keys(THEMES))
    it(`can be read in ${theme}`, async () => {
      await open(theme);
      await view.says("status", /annotations 0/);
      await view.press("n", "x");
      await view.says("status", /rejected 1/);
      await view.press("t");
      await view.hover(page.getByRole("button", { name: "Confirm" }));
      await picture(page, `review-${theme}`);
      assert.deepEqual(await axeViolations(page, ".jp-FoveaReview"), []);
      if (theme !== "high-contrast") assert.deepEqual(await stateViolations(page, view.root), []);
    });

  it("decides nothing without a kernel, and says so", async () => {
    views.isServed = false;
    await open("light", 460);
    await view.says("status", /The kernel is being asked|No kernel is connected/);
    assert.ok(await page.getByRole("button", { name: "Confirm" }).isDisabled());
    await view.press("Enter");
    await view.says("problem", /Nothing can be saved without the kernel/);
    assert.ok(!existsSync(file));
    const isWide = await view.root.evaluate((node) => node.scrollWidth > node.clientWidth);
    assert.ok(!isWide, "nothing sticks out");
    await picture(page, "review-saved-narrow");
    assert.deepEqual(views.errors, []);
  });
});
