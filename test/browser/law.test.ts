/// <reference lib="dom" />
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { axeViolations } from "./axe";
import { exported, exportedCode, pngSize } from "./exports";
import { LIMIT, openBrowser, startLab, STRICT_CSP, until, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { lawNotebook, TOKENS } from "./law-fixture";
import { outputBytes, readNotebook } from "./notebook";
import { screenshot } from "./screenshot";
import { stateViolations } from "./states";
import { ViewPage } from "./view-page";

const THEMES = ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"];
const short = (theme: string): string => theme.replace("JupyterLab ", "").replace(/ /g, "-").toLowerCase();

/** Markers of a panel, and those that stand for the selected encoder: squares, drawn without an arc. */
async function markers(view: ViewPage, panel: string): Promise<{ all: number; selected: number }> {
  const paths = await view.root
    .locator(`.jp-FoveaLaw-${panel} .points path`)
    .evaluateAll((nodes) => nodes.map((node) => node.getAttribute("d") ?? ""));
  const numbers = await view.root.locator(`.jp-FoveaLaw-${panel} .textpoint`).count();
  return { all: numbers || paths.length, selected: paths.filter((path) => !path.includes("A")).length };
}

/** The numbered marker of an encoder in the first panel. */
function numbered(view: ViewPage, number: number): Locator {
  return view.root.locator(".jp-FoveaLaw-scatter .textpoint").filter({ hasText: new RegExp(`^${number}$`) });
}

/** Tests whether a canvas shows anything at its centre. */
function isPainted(node: Element): boolean {
  const { width, height } = node as HTMLCanvasElement;
  if (width === 0 || height === 0) return false;
  const context = (node as HTMLCanvasElement).getContext("2d");
  return (context?.getImageData(width / 2, height / 2, 1, 1).data[3] ?? 0) > 0;
}

async function waitSelected(view: ViewPage, panel: string, count: number): Promise<void> {
  await until(async () => (await markers(view, panel)).selected === count, `${count} selected in ${panel}`);
}

describe("the law and alignment viewers in JupyterLab", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let law: ViewPage;
  let words: ViewPage;
  let reference: ViewPage;

  const viewsOf = (of: LabPage): [ViewPage, ViewPage, ViewPage] => [
    new ViewPage(of.page, of.page.locator(".jp-FoveaLaw").first()),
    new ViewPage(of.page, of.page.locator(".jp-FoveaAlignment").nth(0)),
    new ViewPage(of.page, of.page.locator(".jp-FoveaAlignment").nth(1)),
  ];

  before(async () => {
    lab = await startLab({ files: { "law.ipynb": lawNotebook() } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "law.ipynb");
    await page.runAll();
    [law, words, reference] = viewsOf(page);
    await law.root.locator(".jp-FoveaLaw-facets .main-svg").first().waitFor();
    await law.root.scrollIntoViewIfNeeded();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("draws every encoder in every panel, with the figures of the fit", async () => {
    for (const [panel, count] of [
      ["scatter", 13],
      ["plane", 13],
      ["facets", 13 * 8],
    ] as const) {
      await until(async () => (await markers(law, panel)).all === count, `${count} markers in ${panel}`);
      assert.equal((await markers(law, panel)).selected, 0);
    }
    // R² of the published table (arXiv 2408.16357).
    await law.says(
      "caption",
      /^mmbench_en: R² 0\.963 in sample, adjusted R² 0\.937, leave-one-out Q² 0\.893, n = 13, 6/,
    );
    await law.says("caption", /vision R² 0\.957/);
    assert.equal(await law.line("warning").isVisible(), false);
    await screenshot(page, "law-light");
  });

  it("names the encoder under the pointer, and a click selects it in all panels", async () => {
    const point = numbered(law, 6);
    const box = await point.boundingBox();
    assert.ok(box);
    await law.hover(point);
    await law.says("live", /^SD1\.5 \(6\) on mmbench_en: measured 42\.53, predicted 47\.70/);
    await page.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await waitSelected(law, "scatter", 1);
    await waitSelected(law, "plane", 1);
    await waitSelected(law, "facets", 8);
    await law.leave();
    await law.says("live", /^SD1\.5 .* Selected\.$/);
  });

  it("is worked by keyboard alone: arrows, Enter, Escape, brackets, letters", async () => {
    await law.press("Escape", "ArrowRight", "ArrowRight", "ArrowDown");
    await law.says("live", /\(8\) on mmbench_en/);
    await law.press("Enter");
    await waitSelected(law, "facets", 8);
    await law.press("]", "l", "r");
    await law.says("caption", /^mme: R² 0\.974 .*Each prediction is of a fit without that encoder/);
    await screenshot(page, "law-left-out");
    await law.press("[", "l", "r", "Escape");
    await waitSelected(law, "scatter", 0);
    await law.press("Enter", "?");
    const help = law.root.getByText("Next and previous encoder");
    await help.waitFor();
    await law.press("Escape");
    await help.waitFor({ state: "hidden" });
    await waitSelected(law, "scatter", 1);
    await law.press("Escape");
    await waitSelected(law, "scatter", 0);
    await law.press("Tab");
    assert.equal(await law.stage.evaluate((node) => node === document.activeElement), false, "Tab leaves the stage");
  });

  it("fits another degree in the kernel, and says how long that took", async () => {
    await law.says("status", /the kernel is ready/);
    await law.field("Degree").selectOption("1");
    await law.says("caption", /^mmbench_en: R² 0\.830 .* 3 coefficients \(1, a, c\)/);
    await law.says("status", /^Fitted in the kernel in [\d.]+\sms/);
    await law.press("d");
    await law.says("caption", /R² 0\.963/);
  });

  it("fits terms of one's own, warns when they are many, and says what is wrong with others", async () => {
    const terms = law.field("Terms");
    await terms.fill("a, c, a*c");
    await terms.press("Enter");
    await law.says("caption", /4 coefficients \(1, a, c, a\*c\)/);
    await terms.fill("a, c, a*a, a*c, c*c, a*a*c");
    await terms.press("Enter");
    await law.says("warning", /Only 13 encoders for 7 coefficients/);
    await screenshot(page, "law-warning");
    await terms.fill("a, zebra");
    await terms.press("Enter");
    await law.says("problem", /a term may use a, c, received/);
    await law.says("caption", /7 coefficients/);
    await law.field("Degree").selectOption("2");
    await law.says("caption", /6 coefficients/);
    assert.equal(await law.line("problem").isVisible(), false);
  });

  it("shows the same as tables", async () => {
    await law.root.getByRole("button", { name: "Table" }).click();
    const rows = law.root.locator("table").first().locator("tbody tr");
    await rows.first().waitFor();
    assert.equal(await rows.count(), 13);
    assert.match((await rows.nth(0).innerText()).replace(/\s+/g, " "), /^1 CLIP336 64\.26 64\.51 64\.73/);
  });

  it("a selected encoder shows its features in the correspondence viewer of another output", async () => {
    const linked = new ViewPage(page.page, page.page.locator(".jp-FoveaLaw").nth(1));
    await linked.root.scrollIntoViewIfNeeded();
    await linked.says("status", /Selections go to the notebook\.$/);
    const shown = page.page.locator(".jp-FoveaCorrespondence .jp-FoveaView-title");
    const point = numbered(linked, 3);
    await point.waitFor();
    // Outputs above may still grow: the pointer goes where the marker is until the viewer names it.
    await until(async () => {
      await linked.hover(point);
      return /^zoo\/untrained-hybrid \(3\)/.test(await linked.line("live").innerText());
    }, "the encoder under the pointer");
    await page.page.mouse.down();
    await page.page.mouse.up();
    await shown.filter({ hasText: "zoo/untrained-hybrid on cpu" }).waitFor();
    await linked.press("Escape", "ArrowRight", "ArrowRight", "ArrowRight", "Enter");
    await shown.filter({ hasText: "zoo/parts-hybrid on cpu" }).waitFor();
    const viewer = page.viewer();
    await viewer.ready();
    await viewer.says("status", /^Full features/);
    await viewer.says("pck", /^PCK@0\.10 on this pair/);
    await screenshot(page, "law-linked");
  });

  it("gives away a picture, the numbers and the code of what is on screen", async () => {
    await law.field("Degree").selectOption("1");
    await law.says("caption", /R² 0\.830/);
    const [width, height] = pngSize(await exported(page.page, law.root, "PNG"));
    assert.ok(width > 700 && height > 700, `${width} x ${height}`);
    const svg = (await exported(page.page, law.root, "SVG")).toString();
    assert.match(svg, /^<svg [^>]*viewBox[^]*mmbench_en: predicted and measured[^]*Fitted surface over A score/);
    const { fits, encoders } = JSON.parse((await exported(page.page, law.root, "JSON")).toString());
    assert.ok(Math.abs(fits.mmbench_en.r2 - 0.8300505266) < 1e-9);
    assert.equal(encoders.length, 13);
    const code =
      'view.law(\n  table,\n  (options) => law.fit(table, options),\n  { title: "Published table", benchmark: "mmbench_en", degree: 1 },\n)';
    assert.ok((await exportedCode(law.root)).endsWith(code));
    await law.field("Degree").selectOption("2");
    const [across, down] = pngSize(await exported(page.page, words.root, "PNG"));
    assert.ok(across > 300 && down > 300, `${across} x ${down}`);
    const { tokens, matrix } = JSON.parse((await exported(page.page, words.root, "JSON")).toString());
    assert.deepEqual([tokens.length, matrix.length, matrix[0].length], [5, 5, 192]);
    assert.match(
      await exportedCode(words.root),
      /\nawait view\.alignment\(\n {2}\{\n {4}image: image,\n {4}patches: patches,/,
    );
  });

  it("shows a token's patches and a patch's bars, by pointer and by keyboard", async () => {
    const chips = words.root.locator(".jp-FoveaAlignment-chip");
    await words.hover(chips.nth(4));
    await words.says("live", /^Token 5, “<b>bird<\/b>”: best patch row 4, column 10, (1\.000|0\.99\d)\./);
    await words.hover(words.root.locator("canvas").first(), 13.5 / 16, 5.5 / 12);
    await words.says("live", /Patch row 6, column 14: .*best token “red”, (1\.000|0\.99\d)\.$/);
    await words.leave();
    await words.press("]", "]", "Enter");
    const [label, row, column] = TOKENS[2];
    await words.says("live", new RegExp(`^Token 3, “${label}”: best patch row ${row}, column ${column}`));
    await words.says("live", new RegExp(`Patch row ${row}, column ${column}:`));
    await words.press("n");
    await words.says("caption", /^Softmax over the 192 patches .* sum to one\. Not a model's attention\./);
    await words.press("n", "n");
    await words.says("caption", /^Cosine between 192 image patches and 5 text tokens: not a model's attention\./);
    await words.press("t");
    await words.root
      .locator("tbody tr")
      .nth(TOKENS.length - 1)
      .waitFor();
    await words.press("t");
  });

  it("shows reference tokens on their own image", async () => {
    await reference.hover(reference.root.locator("canvas").nth(1), 0.5, 0.5);
    await reference.says("live", /^Token 113, “r8c8”: best patch row \d+, column \d+/);
    await reference.says("caption", /225 reference tokens.* best cosine with any token: 0\.\d{3}/);
    await screenshot(page, "alignment-reference");
  });

  it("has no accessibility violation in the light, dark and high contrast themes", async () => {
    for (const theme of THEMES) {
      await page.theme(theme);
      await law.root.scrollIntoViewIfNeeded();
      assert.deepEqual(await axeViolations(page.page, ".jp-FoveaOutput:has(.jp-FoveaLaw)"), [], theme);
      assert.deepEqual(await stateViolations(page.page, law.root), [], theme);
      if (theme !== THEMES[0]) await screenshot(page, `law-${short(theme)}`);
      await words.root.scrollIntoViewIfNeeded();
      // The theme changed while these were out of sight.
      const all = words.root.locator("canvas");
      for (const canvas of await all.all()) assert.ok(await canvas.evaluate(isPainted), `${theme}: a canvas is blank`);
      assert.deepEqual(await axeViolations(page.page, ".jp-FoveaOutput:has(.jp-FoveaAlignment)"), [], theme);
      assert.deepEqual(await stateViolations(page.page, words.root), [], theme);
      await screenshot(page, `alignment-${short(theme)}`);
    }
    await page.theme(THEMES[0]);
  });

  it("keeps working in a saved notebook without a kernel and under a strict policy", async () => {
    await page.save();
    const saved = readNotebook(join(lab.root, "law.ipynb"));
    for (const cell of [0, 2, 3])
      assert.ok(outputBytes(saved, cell) <= 300 * 1024, `${outputBytes(saved, cell)} bytes`);
    const settings = { "jupyterlab-fovea/preferences": { colormap: "cividis" } };
    const reader = await startLab({ files: { "law.ipynb": saved }, kernels: false, csp: STRICT_CSP, settings });
    try {
      const alone = await LabPage.open(browser, reader, "law.ipynb", { width: 620, height: 1000 });
      await alone.withoutKernel();
      const [still, chips] = viewsOf(alone);
      await still.says("status", /No kernel is connected\.$/);
      await still.field("Degree").selectOption("1");
      await still.says("caption", /^mmbench_en: R² 0\.830/);
      assert.equal(await still.field("Terms").isDisabled(), true);
      await still.press("ArrowRight");
      await still.says("live", /^CLIP336 \(1\)/);
      await still.root.scrollIntoViewIfNeeded();
      await screenshot(alone, "law-saved-narrow");
      assert.equal(await chips.field("Colors").inputValue(), "cividis", "the reader's setting wins");
      await still.root.locator(".jp-FoveaLaw-plane .main-svg").first().waitFor();
      const lowest = await still.root
        .locator(".jp-FoveaLaw-plane")
        .evaluate(
          (node) => (node as unknown as { data: { colorscale: [number, string][] }[] }).data[0].colorscale[0][1],
        );
      assert.equal(lowest, "#00224e", "cividis in the plane too");
      assert.equal(pngSize(await exported(alone.page, still.root, "PNG"))[0] > 400, true);
      await chips.hover(chips.root.locator(".jp-FoveaAlignment-chip").nth(1));
      await chips.says("live", /^Token 2, “red”: best patch row 6, column 14/);
      await screenshot(alone, "alignment-saved-narrow");
      const wide = await chips.root.evaluate((node) => node.scrollWidth > node.clientWidth + 1);
      assert.equal(wide, false, "nothing sticks out");
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
