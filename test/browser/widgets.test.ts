/// <reference lib="dom" />
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { LIMIT, openBrowser, repository, startLab, until, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { readNotebook } from "./notebook";
import { screenshot } from "./screenshot";
import { widgetsNotebook } from "./widgets-fixture";

const NAME = "all-kinds.ipynb";
const TUTORIAL = "widgets.ipynb";
const WORDS =
  /^VBox\(children: \[IntSlider\(description: "Threshold", max: 255, value: 40\), Label\(value: "nothing seen"\)\]\)$/;

describe("widgets of ipywidgets and anywidget in JupyterLab", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;

  const output = (cell: number): Locator =>
    page.page.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea").first();
  const handle = (): Locator => output(0).locator(".noUi-handle");
  const counter = (): Locator => output(2).locator("button.counter");
  const says = async (cell: number, ...words: string[]): Promise<void> => {
    for (const word of words) {
      await output(cell)
        .getByText(word, { exact: true })
        .waitFor()
        .catch(async () => assert.fail(`cell ${cell} should say ${word}, but says: ${await output(cell).innerText()}`));
    }
  };

  before(async () => {
    const tutorial = readFileSync(join(repository, "notebooks", TUTORIAL), "utf8");
    const files = { [NAME]: widgetsNotebook(), [TUTORIAL]: tutorial };
    [lab, browser] = await Promise.all([startLab({ files }), openBrowser()]);
    page = await LabPage.open(browser, lab, NAME);
    await page.kernelReady();
    await page.menu("Settings", "Save Widget State Automatically");
    await page.menu("Run", "Run All Cells");
    await says(0, "40", "nothing seen");
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("the kernel sees a key on the slider, also while a cell awaits it, and sets the slider in turn", async () => {
    await handle().focus();
    await page.page.keyboard.press("PageUp");
    await says(0, "45", "seen 45");
    await page.page.keyboard.press("End");
    await says(1, "255");
    await says(0, "Set by kernel", "200", "seen 200");
  });

  it("the kernel sees a drag, and at its end both say the same", async () => {
    const box = await handle().boundingBox();
    assert.ok(box);
    await page.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.page.mouse.down();
    await page.page.mouse.move(box.x - 40, box.y + box.height / 2, { steps: 20 });
    await page.page.mouse.up();
    const shown = await output(0).locator(".widget-readout").innerText();
    assert.ok(Number(shown) < 200, shown);
    await says(0, `seen ${shown}`);
  });

  it("a module of anywidget counts with the kernel, in numbers, in bytes and in messages", async () => {
    await says(2, "count 1, bytes 10 20", "nothing heard");
    assert.equal(await counter().evaluate((node) => getComputedStyle(node).color), "rgb(1, 2, 3)");
    await counter().click();
    await says(2, "count 2, bytes 11 21", "kernel has 2: 11 21");
    await page.page.locator('button.counter[title="heard 3 2 1"]').waitFor();
    await screenshot(page, "widgets-light");
  });

  it("a button, a menu and an output do their work inside tabs", async () => {
    await output(3).locator("select").selectOption("query");
    await output(3).getByRole("button", { name: "Run" }).click();
    await page.page.waitForFunction(() => document.querySelector("textarea[rows='2']") !== null);
    const log = output(3).locator("textarea");
    await page.page.waitForFunction(
      (node) => (node as HTMLTextAreaElement).value === "ran query",
      await log.elementHandle(),
    );
    await page.theme("JupyterLab Dark");
    await output(3).getByText("Numbers", { exact: true }).click();
    await output(3).getByText("Cosine").waitFor();
    await screenshot(page, "widgets-dark");
    await output(3).getByText("Output", { exact: true }).last().click();
    await output(3).locator("img").waitFor();
  });

  it("all come back after a reload, and stay two-way", async () => {
    await page.save();
    const before = await output(0).locator(".widget-readout").innerText();
    await page.goto(NAME);
    await says(0, "Set by kernel", before, `seen ${before}`);
    await says(2, "count 2, bytes 11 21", "kernel has 2: 11 21");
    await output(3).locator("img").waitFor();
    await handle().focus();
    await page.page.keyboard.press("Home");
    await says(0, "0", "seen 0");
    await counter().click();
    await says(2, "count 3, bytes 12 22", "kernel has 3: 12 22");
    await page.save();
    assert.deepEqual(page.errors, []);
  });

  it("the saved notebook holds the state, and says in words what it was where there is no kernel", async () => {
    const saved = readNotebook(join(lab.root, NAME)) as ReturnType<typeof readNotebook> & {
      metadata: { widgets: object };
    };
    const { state } = Object.values(saved.metadata.widgets)[0] as {
      state: { [id: string]: { state: object; model_name: string } };
    };
    const slider = Object.values(state).find(({ model_name }) => model_name === "IntSliderModel");
    assert.deepEqual([slider?.state && "description" in slider.state && slider.state.description], ["Set by kernel"]);
    const reader = await startLab({ files: { [NAME]: saved }, kernels: false });
    try {
      const alone = await LabPage.open(browser, reader, NAME);
      await alone.withoutKernel();
      await alone.page.locator(".jp-OutputArea-output").filter({ hasText: WORDS }).waitFor();
      assert.deepEqual(alone.errors, []);
      await alone.close();
    } finally {
      await reader.close();
    }
  });

  it("the tutorial's picture follows its slider, and its own widget asks the kernel by key", async () => {
    const tutorial = await LabPage.open(browser, lab, TUTORIAL);
    await tutorial.theme("JupyterLab Light");
    await tutorial.runAll();
    const shown = tutorial.page.locator(".jp-OutputArea");
    const patches = shown.locator(".widget-label").filter({ hasText: /^\d+ of 256 patches$/ });
    const picture = shown.locator(".jupyter-widgets img").first();
    await picture.scrollIntoViewIfNeeded();
    const before = parseInt((await patches.textContent()) ?? "");
    const drawn = await picture.getAttribute("src");
    await tutorial.page.locator(".noUi-handle").first().focus();
    await tutorial.page.keyboard.press("PageUp");
    await shown.getByText("0.45", { exact: true }).waitFor();
    await until(async () => parseInt((await patches.textContent()) ?? "") < before, `fewer than ${before} patches`);
    await until(async () => (await picture.getAttribute("src")) !== drawn, "another picture");
    const canvas = tutorial.page.locator(".patches canvas").first();
    const line = tutorial.page.locator(".patches div");
    await canvas.scrollIntoViewIfNeeded();
    await line.filter({ hasText: "cosine" }).waitFor();
    const [said, row, column] = /^From row (\d+), column (\d+)/.exec(await line.innerText()) ?? [];
    assert.ok(said);
    await canvas.focus();
    await tutorial.page.keyboard.press("ArrowDown");
    await line.filter({ hasText: `From row ${Number(row) + 1}, column ${column} to` }).waitFor();
    await screenshot(tutorial, "widgets-tutorial-light");
    await tutorial.theme("JupyterLab Dark");
    await canvas.click({ position: { x: 200, y: 40 } });
    await line.filter({ hasText: "From row 2, column 12 to" }).waitFor();
    await screenshot(tutorial, "widgets-tutorial-dark");
    assert.deepEqual(tutorial.errors, []);
    await tutorial.close();
  });
});
