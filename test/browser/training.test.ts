/// <reference lib="dom" />
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { axeViolations } from "./axe";
import { exported, exportedCode, pngSize } from "./exports";
import { LIMIT, openBrowser, PATIENCE, startLab, STRICT_CSP, until, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { outputBytes, readNotebook } from "./notebook";
import { screenshot } from "./screenshot";
import { stateViolations } from "./states";
import { CELLS, trainingNotebook } from "./training-fixture";
import { ViewPage } from "./view-page";

const NOTEBOOK = "training.ipynb";

/** Each theme, and whether its ink is light; the light one last, for what follows. */
const THEMES: [name: string, light: boolean][] = [
  ["JupyterLab Dark", true],
  ["JupyterLab Dark High Contrast", true],
  ["JupyterLab Light", false],
];

type Box = { x: number; y: number; width: number; height: number };

/** Positions of a view's elements on the page. */
function boxesOf(view: ViewPage, selector: string): Promise<Box[]> {
  return view.root.locator(selector).evaluateAll((nodes) =>
    nodes.map((node) => {
      const { x, y, width, height } = node.getBoundingClientRect();
      return { x, y, width, height };
    }),
  );
}

/** The state of a training in a saved output. */
function savedState({ data }: { data?: unknown }): string | undefined {
  const bundle = data as Record<string, { runs: { state: string }[] }> | undefined;
  return bundle?.["application/vnd.fovea.training.v1+json"]?.runs[0].state;
}

/** A training view on the page. */
class TrainingPage extends ViewPage {
  static of(page: LabPage, cell: number): TrainingPage {
    return new TrainingPage(page.page, page.cell(cell).locator(".jp-FoveaTraining"));
  }

  /** Waits for the line beside the title. */
  async stands(pattern: RegExp): Promise<void> {
    const line = this.root.locator(".jp-FoveaTraining-place");
    await line
      .filter({ hasText: pattern })
      .waitFor()
      .catch(async () => {
        throw new Error(`the training should stand at ${pattern}, but says: ${await line.innerText()}`);
      });
  }

  async updates(): Promise<number> {
    // Not the text as it is laid out: an output out of sight has none.
    const said = (await this.root.locator(".jp-FoveaTraining-place").textContent()) ?? "";
    return Number(/update ([\d,]+) of/.exec(said)?.[1].replace(/,/g, "") ?? 0);
  }

  /** Waits until so many updates more were made. */
  async grows(by: number): Promise<void> {
    const until = (await this.updates()) + by;
    const end = Date.now() + PATIENCE;
    while ((await this.updates()) < until) {
      if (Date.now() > end) throw new Error(`the training should reach update ${until}, is at ${await this.updates()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The update that the cursor reads. */
  async read(): Promise<number> {
    const said = (await this.line("live").textContent()) ?? "";
    return Number(/^Update ([\d,]+): loss [\d.e−]+/.exec(said)?.[1].replace(/,/g, "") ?? NaN);
  }

  /** Brings the view's top into sight. */
  async top(): Promise<void> {
    await this.root.evaluate((node) => node.scrollIntoView({ block: "start" }));
    await this.root.locator(".jp-FoveaTraining-chart .main-svg").first().waitFor();
  }

  /** Waits until every picture is drawn in light or in dark ink. */
  async inked(light: boolean): Promise<void> {
    const titles = this.root.locator(".gtitle");
    const inks = () => titles.evaluateAll((nodes) => nodes.map((node) => getComputedStyle(node).fill));
    const drawn = (ink: string) => Number(/\d+/.exec(ink)?.[0] ?? 128) > 128 === light;
    await until(async () => (await inks()).every(drawn), `${light ? "light" : "dark"} ink in every picture`);
  }

  button(name: string | RegExp): ReturnType<ViewPage["field"]> {
    return this.root.getByRole("button", { name, exact: true });
  }

  /** Points of the loss's measured curve, as plotly has them. */
  points(): Promise<number> {
    const chart = this.root.locator(".jp-FoveaTraining-chart").first();
    return chart.evaluate((node) => (node as unknown as { data?: { x: number[] }[] }).data?.[0]?.x.length ?? 0);
  }
}

describe("the training viewer in JupyterLab", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let view: TrainingPage;

  before(async () => {
    lab = await startLab({ files: { [NOTEBOOK]: trainingNotebook() } });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, NOTEBOOK, { width: 1280, height: 1500 });
    await page.kernelReady();
    await page.startCell(CELLS.setup);
    await page.startCell(CELLS.train);
    view = TrainingPage.of(page, CELLS.train);
    await view.root.waitFor();
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  it("shows curves that grow while the cell waits for the training, through both stages", async () => {
    await view.top();
    await view.stands(/running · update [\d,]+ of 1,000,020 · stage adapters \(2 of 2\) · about .* left/);
    await view.grows(5);
    const before = await view.points();
    await view.grows(10);
    await until(async () => (await view.points()) > Math.max(before, 20), `more than ${Math.max(before, 20)} points`);
    assert.match(await page.cell(CELLS.train).locator(".jp-InputPrompt").innerText(), /\[\*\]/);
    await view.says("status", /^Connected: .* stopping leaves a checkpoint\.$/);
    assert.match(await view.root.locator(".jp-FoveaTraining-stages").innerText(), /1 cues\s+20 of 20[^]*lora/);
    const numbers = (await view.root.locator(".jp-FoveaTraining-numbers").innerText()).replace(/\s+/g, " ");
    assert.match(numbers, /Updates a second [\d.,]+ Examples a second [\d.,]+ .*Device wasm Tensors \d+/);
  });

  it("pauses between two updates, where every part can be read by keyboard", async () => {
    await view.button("Pause").click();
    await view.stands(/^paused · update/);
    const at = await view.updates();
    await view.says("live", new RegExp(`is paused after update ${at.toLocaleString("en-US")}\\.`));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(await view.updates(), at, "no update in a pause");
    await view.press("End");
    // The first of some updates together, where the training has made more than the curve has room for.
    await until(async () => (await view.read()) <= at, "the last update is read");
    const last = await view.read();
    await view.press("ArrowLeft", "]", "l");
    await until(async () => (await view.read()) < last, `an update before ${last} is read`);
    await view.press("Home");
    await view.says("live", /^Update \d: loss [\d.e−]+.*, validation loss [\d.e−]+ at update 10\b/);
    assert.equal(await view.button("Log scale").getAttribute("aria-pressed"), "true");
    assert.equal(await view.field("Beside the loss").inputValue(), "metric error of subtract");
    await view.press("l", "[", "Escape", "t");
    const tables = view.root.locator(".jp-FoveaView-table");
    assert.match(
      (await tables.first().innerText()).replace(/\s+/g, " "),
      /validation error of add [\d.]+ [\d.]+ [\d.]+/,
    );
    assert.match(await tables.nth(2).innerText(), /Active units, proj after update/);
    await view.press("t", "?");
    await view.root.getByText("Pictures of the evaluation before").waitFor();
    await view.press("?", "Tab");
    assert.equal(await view.stage.evaluate((node) => node === document.activeElement), false, "Tab leaves the stage");
  });

  it("shows gates by task and levels of every evaluation, the earlier ones by a slider", async () => {
    const titles = await view.root.locator(".jp-FoveaTraining-matrix .gtitle").allTextContents();
    const levels = ["Levels by head", "Level -1 over the grid", "Level -2 over the grid"];
    assert.deepEqual(titles, ["Active units, proj", "Mean gate, proj", ...levels]);
    const slider = view.field("Evaluation");
    await slider.focus();
    await page.page.keyboard.press("Home");
    await view.root.getByText(/^after update 10, 1 of \d+$/).waitFor();
    await page.page.keyboard.press("End");
    const wide = view.root.locator(".jp-FoveaTraining-matrix").nth(1).locator(".nsewdrag");
    await view.hover(wide, 0.3, 0.25);
    await view.says("live", /^Mean gate, proj: task add, unit \d+: [\d.e−]+$/);
    await view.leave();
  });

  it("lays its pictures out in rows without holes, and names over the curves without overlaps", async () => {
    const width = await view.root.locator(".jp-FoveaTraining-evaluations").evaluate((node) => node.clientWidth);
    const boxes = await boxesOf(view, ".jp-FoveaTraining-matrix");
    assert.equal(boxes.length, 5);
    for (const { y } of boxes) {
      const row = boxes.filter((one) => one.y === y);
      const filled = row.reduce((sum, one) => sum + one.width + 12, -12);
      // A map stands as high as wide, and no wider than 440 pixels.
      assert.ok(filled > width - 13 || row.every((one) => one.width === 440), `${filled} of ${width} at ${y}`);
    }
    for (const chart of [0, 1]) {
      const names = await boxesOf(view, `.jp-FoveaTraining-chart >> nth=${chart} >> .annotation-text`);
      assert.ok(names.length > 0, "the last stage has its name");
      names.slice(1).forEach(({ x }, i) => assert.ok(x > names[i].x + names[i].width, JSON.stringify(names)));
    }
  });

  it("has no accessibility violation in the light, dark and high contrast themes", async () => {
    for (const [theme, light] of THEMES) {
      await page.theme(theme);
      await view.top();
      await view.inked(light);
      assert.deepEqual(await axeViolations(page.page, ".jp-FoveaOutput:has(.jp-FoveaTraining)"), [], theme);
      assert.deepEqual(await stateViolations(page.page, view.root), [], theme);
      await screenshot(page, `training-${theme.replace("JupyterLab ", "").replace(/ /g, "-").toLowerCase()}`);
    }
  });

  it("goes on after a reload of the page, and stops with a checkpoint while its cell waits", async () => {
    await view.press("p");
    await view.stands(/^running/);
    await view.grows(5);
    await page.save();
    await page.goto(NOTEBOOK);
    await page.cell(CELLS.train).scrollIntoViewIfNeeded();
    await view.says("status", /^Connected/);
    await view.grows(10);
    await view.button("Stop").click();
    await view.stands(/^stopped · update/);
    await view.says("status", /nothing left to pause or stop/);
    assert.ok(existsSync(join(lab.root, "stopped.safetensors")));
    assert.equal(await view.button("Pause").isDisabled(), true);
  });

  it("shows the same in a second view, several runs over each other, and why one failed", async () => {
    for (const cell of [CELLS.again, CELLS.seeds, CELLS.failing]) await page.startCell(cell);
    const again = TrainingPage.of(page, CELLS.again);
    await again.stands(/^stopped/);
    assert.equal(await again.updates(), await view.updates());
    const seeds = TrainingPage.of(page, CELLS.seeds);
    await seeds.stands(/^finished · update 30 of 30/);
    await seeds.field("Run").selectOption("1");
    await seeds.says("live", /^seed 2 (is running|has finished)/);
    await seeds.stands(/^finished/);
    await seeds.top();
    const names = await seeds.root.locator(".jp-FoveaTraining-chart").first().locator(".legendtext").allTextContents();
    assert.deepEqual(names, ["seed 1", "seed 1, validation", "seed 2", "seed 2, validation"]);
    await screenshot(page, "training-seeds");
    const failing = TrainingPage.of(page, CELLS.failing);
    await failing.stands(/^failed · update 3 of 10/);
    await failing.says("warning", /^The training failed: train\.fit: the loss must be finite/);
  });

  it("shows an interrupt of the cell, and stops without a checkpoint only when asked twice", async () => {
    await page.startCell(CELLS.interrupted);
    const interrupted = TrainingPage.of(page, CELLS.interrupted);
    await interrupted.stands(/^running · update/);
    await interrupted.button("Stop").click();
    await interrupted.button("Stop without a checkpoint?").waitFor();
    await interrupted.press("Escape");
    await interrupted.button("Stop").waitFor();
    await page.menu("Kernel", "Interrupt Kernel");
    await interrupted.stands(/^interrupted · update/);
    await page.cellEnded(CELLS.interrupted);
  });

  it("keeps the record in a saved notebook, without a kernel and under a strict policy", async () => {
    // An interrupted cell displays nothing more: the viewer asks for the rest and keeps it.
    const ends = ["stopped", "stopped", "finished", "failed", "interrupted"];
    const saved = await savedWith(ends);
    const reader = await startLab({ files: { [NOTEBOOK]: saved }, kernels: false, csp: STRICT_CSP });
    try {
      const alone = await LabPage.open(browser, reader, NOTEBOOK, { width: 640, height: 1300 });
      await alone.withoutKernel();
      const still = TrainingPage.of(alone, CELLS.train);
      await still.top();
      await still.stands(/^stopped · update/);
      await still.says("status", /^The recording of a training that has ended\.$/);
      assert.equal(await still.updates(), await view.updates());
      assert.equal(await still.button("Stop").isDisabled(), true);
      assert.match((await still.button("Stop").getAttribute("title")) ?? "", /recording of a training/);
      await still.press("End");
      await still.says("live", /^Update [\d,]+: loss/);
      assert.ok((await still.points()) > 30);
      await screenshot(alone, "training-saved-narrow");
      const wide = await still.root.evaluate((node) => node.scrollWidth > node.clientWidth + 1);
      assert.equal(wide, false, "nothing sticks out");
      const [width, height] = pngSize(await exported(alone.page, still.root, "PNG"));
      assert.ok(width > 300 && height > 1000, `${width} x ${height}`);
      const { runs } = JSON.parse((await exported(alone.page, still.root, "JSON")).toString());
      assert.equal(runs[0].pictures[0].title, "Active units, proj");
      assert.match(
        await exportedCode(still.root),
        /\nconst control = new train\.TrainingControl\(\);\ndisplay\(view\.training\(control, \{ title:/,
      );
      assert.deepEqual(alone.errors, []);
      await alone.close();
    } finally {
      await reader.close();
    }
  });

  /** Saves until every output has the state that is meant. */
  async function savedWith(ends: readonly string[]): Promise<ReturnType<typeof readNotebook>> {
    const states = (): string[] =>
      readNotebook(join(lab.root, NOTEBOOK))
        .cells.slice(1)
        .map(({ outputs = [] }) => outputs.map(savedState).find(Boolean) ?? "none");
    const isSaved = async (): Promise<boolean> => {
      await page.save();
      return states().join() === ends.join();
    };
    await until(isSaved, `saved as ${ends.join()}`).catch(() => assert.deepEqual(states(), ends));
    const saved = readNotebook(join(lab.root, NOTEBOOK));
    for (const cell of [1, 2, 3, 4, 5])
      assert.ok(outputBytes(saved, cell) <= 310 * 1024, `${outputBytes(saved, cell)}`);
    return saved;
  }

  it("wrote no error to the console", () => {
    assert.deepEqual(page.errors, []);
  });
});
