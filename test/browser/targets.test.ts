/// <reference lib="dom" />
/** One source, two targets and two encoders in one correspondence view, worked by pointer and by keys. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { axeViolations } from "./axe";
import { exportedCode } from "./exports";
import { LIMIT, openBrowser, startLab, type Lab } from "./lab";
import { LabPage, type Viewer } from "./lab-page";
import { notebook } from "./notebook";
import { screenshot } from "./screenshot";
import { stateViolations } from "./states";

const CELL = `import { data, encoders, view } from "fovea";
const [one, two, three] = [1, 2, 3].map((seed) => data.world.render(data.world.scene(seed, { split: "test", category: "bird" })));
const parts = await encoders.load("zoo/parts-hybrid", { device: "cpu" });
const clip = await encoders.load("zoo/clip-vit", { device: "cpu" });
await view.correspondence(one, [two, three], [clip, parts], { labels: ["one", "two", "three"], indices: [1, -1], title: "Three birds" })`;

describe("a view of several targets and encoders", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let viewer: Viewer;

  before(async () => {
    lab = await startLab({ files: { "birds.ipynb": notebook([{ source: CELL }]) } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "birds.ipynb");
    await page.runAll();
    viewer = page.viewer();
    await viewer.ready();
    await viewer.says("status", /^Full features/);
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  const tiles = (): Locator => viewer.root.locator(".jp-FoveaCorrespondence-tiles button");
  const others = (): Locator => viewer.root.locator(".jp-FoveaCorrespondence-others");
  const left = async (side: number): Promise<number> =>
    (await viewer.root.locator("figure").nth(side).boundingBox())?.x ?? NaN;
  const drawn = (side: 0 | 1): Promise<string> =>
    viewer.canvas(side).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());

  it("answers on both targets, speaks of one, and of the other when it is pointed at or chosen", async () => {
    await viewer.hover(0, 0.5, 0.5);
    assert.match(await viewer.live(), /^In two: Row 9, column 9\. Best match row \d/);
    assert.match(await others().innerText(), /^Also: three row \d+, column \d+, -?\d\.\d\d\.$/);
    await viewer.stage.focus();
    await viewer.press("t");
    assert.match(await viewer.live(), /^In three: /);
    await viewer.root.getByLabel("Target").selectOption("1");
    await viewer.says("live", /^In two: /);
    await screenshot(page, "targets");
  });

  it("shows the query at every layer of both encoders, each a button that shows its layer", async () => {
    assert.equal(await tiles().count(), 4);
    const names = await viewer.root.locator(".jp-FoveaCorrespondence-strip p").allInnerTexts();
    assert.deepEqual(names, ["zoo/clip-vit", "zoo/parts-hybrid"]);
    for (const text of await tiles().allInnerTexts()) assert.match(text, /layer \d+\s+-?\d\.\d\d at \d+, \d+/);
    await tiles().nth(3).click();
    await tiles().nth(3).and(viewer.root.locator("[aria-pressed=true]")).waitFor();
    assert.equal(await viewer.root.getByLabel("Layer").inputValue(), "3");
    await viewer.says("status", /^Full features/);
    await viewer.root.getByRole("button", { name: "All layers" }).click();
    await tiles().first().waitFor({ state: "hidden" });
    await viewer.stage.focus();
    await viewer.press("s");
    await tiles().first().click();
  });

  it("asks by the class token, which has no place, and by patches again", async () => {
    await viewer.stage.focus();
    await page.page.mouse.move(5, 5);
    await viewer.press("c");
    assert.match(await viewer.live(), /Query: class token\. Best match row \d+, column \d+, similarity/);
    await viewer.press("c");
    assert.match(await viewer.live(), /Row \d+, column \d+\. Best match/);
  });

  it("magnifies all images about the query, by keys, wheel and buttons, and moves them by a drag", async () => {
    const whole = await drawn(1);
    await viewer.stage.focus();
    await viewer.press("+", "+");
    assert.notEqual(await drawn(1), whole);
    const cursor = (await viewer.match()).row;
    await viewer.press("ArrowDown");
    assert.equal((await viewer.match()).row, cursor + 1, "arrows go on by one patch");
    await viewer.press("0", "ArrowUp");
    assert.equal(await drawn(1), whole);
    await viewer.hover(0, 0.1, 0.1);
    const corner = await viewer.match();
    await page.page.keyboard.down("Control");
    await page.page.mouse.wheel(0, -100);
    await page.page.mouse.wheel(0, -100);
    await page.page.keyboard.up("Control");
    await viewer.hover(0, 0.9, 0.9);
    const near = await viewer.match();
    assert.ok(near.row < 11 && near.row > corner.row, `row ${near.row} under the pointer`);
    const box = await viewer.canvas(0).boundingBox();
    assert.ok(box);
    await page.page.mouse.down();
    await page.page.mouse.move(box.x + 0.2 * box.width, box.y + 0.2 * box.height, { steps: 4 });
    await page.page.mouse.up();
    const code = await exportedCode(viewer.root);
    assert.match(code, /await view\.correspondence\(\s*source,\s*\[target1, target2\],\s*\[encoder1, encoder2\],/);
    assert.doesNotMatch(code, /pins:/, "the drag pinned nothing");
    await viewer.root.getByRole("button", { name: "Shrink" }).click();
    await viewer.stage.focus();
    await viewer.press("0");
    assert.equal(await viewer.root.getByRole("button", { name: "Shrink" }).isDisabled(), true);
  });

  it("shows the features as colors, and swaps the sides", async () => {
    const image = await drawn(0);
    await viewer.stage.focus();
    await viewer.press("p");
    assert.notEqual(await drawn(0), image);
    await screenshot(page, "targets-components");
    await viewer.press("x");
    assert.ok((await left(1)) < (await left(0)), "the target stands on the left");
    assert.match(await viewer.live(), /^Reverse\. In one: /);
    await viewer.press("x", "p");
    assert.ok((await left(0)) < (await left(1)));
  });

  it("has no accessibility violation in three themes", async () => {
    for (const theme of ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]) {
      await page.theme(theme);
      await viewer.canvas(0).scrollIntoViewIfNeeded();
      assert.deepEqual(await axeViolations(page.page, ".jp-FoveaOutput"), [], theme);
      assert.deepEqual(
        await stateViolations(page.page, viewer.root.locator(".jp-FoveaCorrespondence-strip")),
        [],
        theme,
      );
      await screenshot(page, `targets-${theme.replace("JupyterLab ", "").replace(/ /g, "-").toLowerCase()}`);
    }
    assert.deepEqual(page.errors, []);
  });
});
