/// <reference lib="dom" />
/** The grounding viewer in a real browser, without JupyterLab: with its kernel in this process, and as a saved notebook without one. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { grounding } from "../../kernel/view/index";
import { makeExplorer, PHRASES, picture as boats, REPLAY } from "../view/grounding-source";
import { axeViolations } from "./axe";
import { BareViews, picture } from "./bare-view";
import { exported, exportedCode, pngSize } from "./exports";
import { stateViolations } from "./states";
import { THEMES } from "./themes";
import type { ViewPage } from "./view-page";

describe("the grounding viewer in a browser", { timeout: 300_000 }, () => {
  let views: BareViews;
  let page: Page;
  let view: ViewPage;
  before(async () => (views = await BareViews.start()));
  after(() => views.close());

  async function open(queries = 1, theme = "light", width = 1000): Promise<void> {
    const { explorer } = makeExplorer(queries);
    const { bundle } = await grounding(explorer, boats, { phrases: PHRASES, title: "Boats", replay: REPLAY });
    ({ page, view } = await views.show("grounding", bundle, { root: ".jp-FoveaGrounding", theme, width }));
    await view.says("live", /“the red boat”: token branch: left 6, top 10, 24 × 30 px, score 0.85, IoU 0.85/);
  }

  const field = (): ReturnType<ViewPage["field"]> => view.field("Phrase");

  it("moves the boxes with every keystroke that makes a word", async () => {
    await open();
    await view.says("status", /^By the kernel: token branch 3 ms, decoder branch 4 ms; \d+ ms from the key to the box/);
    await field().fill("");
    await field().pressSequentially("the b");
    await view.says("status", /Not a word that the model knows: “b”\. The boxes are those of “the”/);
    assert.equal(await field().getAttribute("aria-invalid"), "true");
    await view.says("live", /“the”: token branch: left 6, .*decoder branch: left 4, top 10/);
    await field().pressSequentially("lue");
    await view.says("live", /“the blue”: token branch: left 38, .*decoder branch: left 36, top 8/);
    await view.says("status", /^By the kernel/);
    assert.equal(await field().inputValue(), "the blue");
    await field().press("Escape");
    assert.ok(await view.stage.evaluate((node) => node === document.activeElement));
    await view.press("/");
    assert.ok(await field().evaluate((node) => node === document.activeElement));
  });

  it("says that a phrase could not be answered as long as it is on screen", async () => {
    await open();
    await view.says("status", /^By the kernel/);
    const long = "the red boat ".repeat(32);
    await field().fill(long);
    await view.says("problem", /at most 95 words/);
    await view.says("status", /^The kernel could not answer this phrase\. The boxes are those of “the red boat”\.$/);
    assert.equal(await field().getAttribute("aria-invalid"), "true");
    await field().fill("the red boat");
    await view.says("status", /^By the kernel/);
    assert.equal(await view.line("problem").innerText(), "");
    assert.equal(await field().getAttribute("aria-invalid"), "false");
    await field().fill(long);
    await view.says("problem", /at most 95 words/);
  });

  it("lights patches by words and words by patches, at a chosen layer", async () => {
    await open();
    await view.says("status", /^By the kernel/);
    await view.press(".", ".");
    await view.says("live", /Word “red”: most attention to patch row 1, column [234], 0\.17/);
    await view.says("caption", /Attention is the encoder's, mean over all 3 layers, mean over its heads/);
    await view.press("]", "]", "]");
    await view.says("live", /Word “red”: most attention to patch row 1, column 4, 0\.50/);
    await view.says("caption", /layer 2/);
    await view.hover(view.root.locator("canvas").first(), 0.9, 0.1);
    await view.says("live", /Patch row 1, column 4: most attention to “red”, 0\.25/);
    await view.leave();
    await view.press("ArrowRight");
    await view.says("live", /Patch row 2, column 3: most attention to/);
    await view.press("Escape");
    await view.root.locator(".jp-FoveaGrounding-chip").nth(2).click();
    await view.says("live", /Word “boat”/);
    await view.press("t");
    await view.root.locator("table", { hasText: "Attention, layer 2" }).waitFor();
  });

  it("scores several targets at a threshold, live", async () => {
    await open(2);
    await view.says("caption", /at a score of 0\.70 and a GIoU of 0\.5: token branch: F1 3 of 3, N-acc 1 of 1/);
    await view.press("-", "-", "-");
    await view.says("caption", /at a score of 0\.55 .*decoder branch: F1 1 of 3/);
    await view.field("Threshold").fill("1");
    await view.says("live", /no box has a score of 1\.00 or more/);
  });

  it("replays a training of one sample", async () => {
    await open();
    await view.press("r");
    await view.says("live", /^Epoch 3 of 3, “the red boat”: W_dt 0\.80\. token branch: .*IoU 1\.00/);
    await view.press("<", "<");
    await view.says("live", /^Epoch 1 of 3, .*W_dt 0\.10\. token branch: left 16/);
    await view.field("Epoch").fill("1");
    await view.says("live", /^Epoch 2 of 3/);
    await picture(page, "grounding-replay");
    await view.press("r");
    await view.says("live", /“the red boat”: token/);
  });

  it("gives pictures, drawings, data and code", async () => {
    await open();
    await view.says("status", /^By the kernel/);
    const [width, height] = pngSize(await exported(page, view.root, "PNG"));
    assert.ok(width > 300 && height > 200, `${width} x ${height}`);
    assert.match(String(await exported(page, view.root, "SVG")), /<text[^>]*>token 0\.85<\/text>/);
    const data = JSON.parse(String(await exported(page, view.root, "JSON"))) as {
      boxes: object[];
      attention: number[][];
    };
    assert.deepEqual([data.boxes.length, data.attention.length, data.attention[0].length], [2, 3, 12]);
    const code = await exportedCode(view.root);
    assert.match(code, /view\.grounding\(/);
    assert.match(code, /phrase: "the red boat",?\s+boxes: \[\[4, 10, 28, 40\]\]/);
  });

  for (const theme of Object.keys(THEMES))
    it(`can be read in ${theme}`, async () => {
      await open(2, theme);
      await view.says("status", /^By the kernel/);
      await view.press(".", ".");
      await view.hover(view.root.locator("canvas").first(), 0.4, 0.4);
      await view.says("live", /Patch row 2/);
      await picture(page, `grounding-${theme}`);
      assert.deepEqual(await axeViolations(page, ".jp-FoveaGrounding"), []);
      if (theme !== "high-contrast") assert.deepEqual(await stateViolations(page, view.root), []);
    });

  it("goes on in a saved notebook without a kernel, in a narrow window", async () => {
    views.isServed = false;
    await open(1, "light", 460);
    await view.says("status", /^Saved in the notebook\./);
    await view.press("n", ".", ".");
    await view.says("live", /“the boat right”: .*left 38.*Word “boat”: most attention to patch/);
    await field().fill("the blue boat");
    await view.says("status", /^Not in the list of the notebook\. The boxes are those of “the boat right”/);
    const isWide = await view.root.evaluate((node) => node.scrollWidth > node.clientWidth);
    assert.ok(!isWide, "nothing sticks out");
    await picture(page, "grounding-saved-narrow");
    assert.deepEqual(views.errors, []);
  });
});
