/// <reference lib="dom" />
/** Actions of a person in JupyterLab, as functions of a page. */
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { PATIENCE, type Lab } from "./lab";

/** Messages of the page that are JupyterLab's own and say nothing about us. */
const NOISE = [/ResizeObserver loop/, /favicon/];

/** One browser tab with one notebook open. */
export class LabPage {
  /** Errors of the console and uncaught exceptions, as they came. */
  readonly errors: string[] = [];

  private constructor(
    readonly page: Page,
    /** Opens a notebook of the place by its name. */
    private readonly addressOf: (name: string) => string,
  ) {
    page.on("console", (message) => {
      if (message.type() === "error") this.note(`${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.note(String(error.stack ?? error)));
  }

  /** Opens a notebook in a fresh browser profile, so that no layout is restored. */
  static async open(browser: Browser, lab: Lab, name: string, size = { width: 1280, height: 1100 }): Promise<LabPage> {
    const context = await browser.newContext({ viewport: size });
    return LabPage.openIn(context, (one) => `${lab.url}/lab/tree/${one}?token=${lab.token}&reset`, name);
  }

  /** Opens a notebook of any JupyterLab. */
  static async openIn(context: BrowserContext, addressOf: (name: string) => string, name: string): Promise<LabPage> {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const opened = new LabPage(page, addressOf);
    await opened.goto(name);
    return opened;
  }

  async goto(name: string): Promise<void> {
    await this.page.goto(this.addressOf(name));
    await this.page.locator(".jp-NotebookPanel .jp-Cell").first().waitFor();
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  /** Chooses an entry of the main menu, as `menu("Run", "Run All Cells")`. */
  async menu(bar: string, entry: string): Promise<void> {
    await this.page.locator(".lm-MenuBar-itemLabel", { hasText: new RegExp(`^${bar}$`) }).click();
    await this.page
      .locator(".lm-Menu-itemLabel", { hasText: new RegExp(`^${entry}$`) })
      .first()
      .click();
  }

  /** Waits until the kernel is there, so that a menu command reaches it. */
  async kernelReady(): Promise<void> {
    // The indicator in the toolbar says idle before there is any kernel; the status bar names the kernel too.
    const status = this.page.locator("#jp-main-statusbar").getByText(/\| Idle$/);
    await status.filter({ hasNotText: "No Kernel" }).waitFor();
  }

  /** Runs the notebook from the menu and waits until no cell is queued or running. `meanwhile` begins when the cells do. */
  async runAll(meanwhile?: () => Promise<void>): Promise<void> {
    await this.kernelReady();
    await this.menu("Run", "Run All Cells");
    await meanwhile?.();
    const last = this.page.locator(".jp-NotebookPanel .jp-CodeCell").last().locator(".jp-InputPrompt");
    await last.filter({ hasText: /\[\d+\]/ }).waitFor();
    await this.kernelReady();
  }

  /** A code cell, from 0. */
  cell(index: number): Locator {
    return this.page.locator(".jp-NotebookPanel .jp-CodeCell").nth(index);
  }

  /** Runs one cell, and does not wait for it. */
  async startCell(index: number): Promise<void> {
    await this.cell(index).locator(".cm-content").click();
    await this.page.keyboard.press("Control+Enter");
  }

  /** Waits until a cell is neither queued nor running. */
  async cellEnded(index: number): Promise<void> {
    const prompt = this.cell(index).locator(".jp-InputPrompt");
    await prompt.filter({ hasText: /\[\d+\]/ }).waitFor();
  }

  async save(): Promise<void> {
    await this.menu("File", "Save Notebook");
    await this.saved();
  }

  /** Waits until the tab no longer shows unsaved changes. */
  async saved(): Promise<void> {
    await this.page.locator(".lm-DockPanel-tabBar .jp-mod-current.jp-mod-dirty").waitFor({ state: "detached" });
  }

  /** Restarts the kernel from the menu, and says yes. */
  async restartKernel(): Promise<void> {
    await this.menu("Kernel", "Restart Kernel…");
    // The new kernel may be idle before anybody has seen that the old one was gone.
    const left = this.page.evaluate(
      (bar) =>
        new Promise<void>((resolve) => {
          const watch = new MutationObserver(() => {
            if (!/\| (Restarting|Starting|Connecting|Unknown|Autorestarting)/.test(bar?.textContent ?? "")) return;
            watch.disconnect();
            resolve();
          });
          watch.observe(bar as Node, { subtree: true, childList: true, characterData: true });
        }),
      await this.page.locator("#jp-main-statusbar").elementHandle(),
    );
    await this.page.locator(".jp-Dialog").locator("button.jp-mod-accept").click();
    await Promise.race([left, this.page.waitForTimeout(30_000)]);
    await this.kernelReady();
  }

  /** `JupyterLab Light` or `JupyterLab Dark`, through the command that the settings menu runs. */
  async theme(name: string): Promise<void> {
    await this.page.locator(".lm-MenuBar-itemLabel", { hasText: /^Settings$/ }).click();
    await this.page.locator(".lm-Menu-itemLabel", { hasText: /^Theme$/ }).hover();
    await this.page.locator(".lm-Menu-itemLabel", { hasText: new RegExp(`^${name}$`) }).click();
    await this.page.locator(`body[data-jp-theme-name="${name}"]`).waitFor({ state: "attached" });
  }

  /** Answers the question that JupyterLab asks where the server has no kernel. */
  async withoutKernel(): Promise<void> {
    const dialog = this.page.locator(".jp-Dialog");
    await dialog.locator("button.jp-mod-reject").click();
    await dialog.waitFor({ state: "detached" });
  }

  viewer(index = 0): Viewer {
    return new Viewer(this.page, this.page.locator(".jp-FoveaCorrespondence").nth(index));
  }

  private note(text: string): void {
    if (!NOISE.some((pattern) => pattern.test(text))) this.errors.push(text);
  }
}

/** A patch by row and column, from one. */
export interface Match {
  row: number;
  column: number;
  bestRow: number;
  bestColumn: number;
  similarity: number;
}

/** A line of words in the viewer. */
export type TextPart = "live" | "status" | "pck" | "problem" | "scale";

/** A correspondence viewer on the page. */
export class Viewer {
  constructor(
    private readonly page: Page,
    readonly root: Locator,
  ) {}

  get stage(): Locator {
    return this.root.locator(".jp-FoveaCorrespondence-stage");
  }

  canvas(side: 0 | 1): Locator {
    return this.root.locator("canvas").nth(side);
  }

  async ready(): Promise<void> {
    await this.root.waitFor();
    await this.canvas(0).scrollIntoViewIfNeeded();
    await this.root.locator(".jp-FoveaView-live").filter({ hasText: /\w/ }).waitFor();
  }

  /** Moves the real mouse to a point of an image, given as fractions of its width and height. */
  async hover(side: 0 | 1, x: number, y: number): Promise<void> {
    await this.canvas(side).scrollIntoViewIfNeeded();
    const at = await this.place(side, x, y);
    const hit = await this.canvas(side).evaluate((canvas, { x, y }) => document.elementFromPoint(x, y) === canvas, at);
    if (!hit) throw new Error(`something covers image ${side} at ${x}, ${y}`);
    await this.page.mouse.move(at.x - 3, at.y - 2);
    await this.page.mouse.move(at.x, at.y);
    await this.frame();
  }

  async click(side: 0 | 1, x: number, y: number, modifiers: ("Shift" | "Alt")[] = []): Promise<void> {
    const box = await this.box(side);
    await this.canvas(side).click({ position: { x: x * box.width, y: y * box.height }, modifiers });
    await this.frame();
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
    await this.frame();
  }

  live(): Promise<string> {
    return this.text("live");
  }

  text(part: TextPart): Promise<string> {
    return this.root.locator(`.jp-Fovea${part === "pck" ? "Correspondence" : "View"}-${part}`).innerText();
  }

  /** Waits for a line to say something; in failing, tells what it said instead. */
  async says(part: TextPart, pattern: RegExp): Promise<void> {
    const line = this.root.locator(`.jp-Fovea${part === "pck" ? "Correspondence" : "View"}-${part}`);
    await line
      .filter({ hasText: pattern })
      .waitFor()
      .catch(async () => {
        throw new Error(`${part} should match ${pattern}, but says: ${await line.innerText()}`);
      });
  }

  /** Reads the answer from the live text, as a screen reader's user would. */
  async match(): Promise<Match> {
    const said = await this.live();
    const numbers = /Row (\d+), column (\d+)\. Best match row (\d+), column (\d+), similarity (-?[\d.]+)\./.exec(said);
    if (!numbers) throw new Error(`the live text has no match: ${said}`);
    const [row, column, bestRow, bestColumn, similarity] = numbers.slice(1).map(Number);
    return { row, column, bestRow, bestColumn, similarity };
  }

  private async place(side: 0 | 1, x: number, y: number): Promise<{ x: number; y: number }> {
    const box = await this.box(side);
    return { x: box.x + x * box.width, y: box.y + y * box.height };
  }

  private async box(side: 0 | 1): Promise<{ x: number; y: number; width: number; height: number }> {
    const box = await this.canvas(side).boundingBox();
    if (!box) throw new Error(`image ${side} is not on the page`);
    return box;
  }

  /** Two frames: one that draws, one that has been shown. */
  private async frame(): Promise<void> {
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
}
