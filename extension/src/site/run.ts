import { element } from "../dom";
import { reasonOf } from "../page/saved";
import { reloadIsolated, takePending } from "./isolation";
import { showOutputs, type CellOutput } from "./outputs";
import type { Words } from "./words";

/** The client of a kernel in the page, as the module at `client.js` gives it. */
interface KernelModule {
  start(options: { base: string; onState?(state: string): void }): Promise<PageKernel>;
}

interface PageKernel {
  execute(
    code: string,
    options: { onChange(outputs: readonly CellOutput[]): void },
  ): Promise<{ status: "ok" | "error" | "aborted"; outputs: readonly CellOutput[] }>;
  interrupt(): void | Promise<void>;
}

interface CodeCell {
  code: string;
  /** The code with smaller settings; undefined for a cell that is not heavy. */
  smaller: string | undefined;
  place: HTMLElement;
  button: HTMLButtonElement;
  hasRun: boolean;
}

/** Lets the reader run the cells of a page in a worker of the browser. */
export class Runner {
  readonly node: HTMLElement;

  /**
   * @param root address of the site
   * @param kernel place of the kernel's files in it
   */
  constructor(
    private readonly root: string,
    private readonly kernelPlace: string,
    private readonly words: Words,
    cells: Iterable<HTMLElement>,
  ) {
    const all = this.button(words.runAll, () => void this.run(this.cells.length - 1));
    this.stop = this.button(words.stop, () => void this.kernel?.interrupt());
    this.stop.disabled = true;
    for (const [i, cell] of [...cells].entries()) this.add(cell, i);
    const choice = this.firstSmaller < 0 ? [] : [this.fullChoice()];
    this.node = element("div", { class: "fovea-run" }, all, this.stop, ...choice, this.state);
    this.resume();
  }

  /** Goes on behind a reload of {@link reloadIsolated}. */
  private resume(): void {
    const pending = takePending();
    if (!pending || pending.cell >= this.cells.length) return;
    this.mayReload = false;
    this.full.checked = pending.isFull;
    void this.run(pending.cell);
  }

  /** Position of the first heavy cell, after which figures depend on its settings; -1 where there is none. */
  private get firstSmaller(): number {
    return this.cells.findIndex(({ smaller }) => smaller !== undefined);
  }

  private fullChoice(): HTMLElement {
    this.full.addEventListener("change", () => {
      for (const cell of this.cells.slice(this.firstSmaller)) cell.hasRun = false;
    });
    const { full, fullTitle } = this.words;
    return element("label", { attributes: { title: fullTitle } }, this.full, new Text(full));
  }

  private add(cell: HTMLElement, index: number): void {
    const shown = cell.querySelector<HTMLElement>(".code");
    const place = cell.querySelector<HTMLElement>(".outputs");
    if (!shown || !place) return;
    const code = shown.querySelector("code")?.textContent ?? "";
    const { code: smaller, changes } = shown.dataset;
    if (changes !== undefined) shown.after(this.noteOf(JSON.parse(changes) as [string, string][]));
    const button = this.button(this.words.run, () => void this.run(index));
    button.title = this.words.runTitle;
    shown.append(button);
    this.cells.push({ code, smaller, place, button, hasRun: false });
  }

  /** Says how a heavy cell runs here. */
  private noteOf(changes: readonly (readonly [from: string, to: string])[]): HTMLElement {
    const code = (text: string): HTMLElement => element("code", { text });
    const parts = changes.map(([from, to]) => this.words.change(code(from), code(to)));
    const note = element("p", { class: "note fovea-smaller", text: this.words.smaller });
    note.append(...parts.flatMap((part, i) => (i === 0 ? part : ["; ", ...part])));
    return note;
  }

  /** Runs a cell, after those before it that have not run: they declare what it uses. */
  private async run(index: number): Promise<void> {
    if (this.isBusy) return;
    this.setBusy(true);
    try {
      if (!this.kernel && (await this.isReloading(index))) return;
      this.kernel ??= await this.start();
      const isWaiting = (cell: CodeCell, i: number): boolean => i === index || (i < index && !cell.hasRun);
      const waiting = this.cells.filter((cell, i) => isWaiting(cell, i));
      const isDone = await this.runAll(this.kernel, waiting);
      this.say(isDone ? this.words.done : this.words.failed);
    } catch (error) {
      this.say(reasonOf(error));
    } finally {
      this.setBusy(false);
    }
  }

  /** Loads the page anew, once, where it can be isolated and is not: a loop that never awaits can be stopped then. */
  private async isReloading(cell: number): Promise<boolean> {
    if (!this.mayReload) return false;
    this.mayReload = false;
    this.say(this.words.starting);
    return reloadIsolated(`${this.root}isolate.js`, { cell, isFull: this.full.checked });
  }

  private async runAll(kernel: PageKernel, cells: readonly CodeCell[]): Promise<boolean> {
    for (const [i, cell] of cells.entries()) {
      this.say(`${this.words.running} ${i + 1} / ${cells.length}`);
      cell.place.setAttribute("aria-busy", "true");
      const onChange = (outputs: readonly CellOutput[]): void => showOutputs(cell.place, outputs);
      const isFull = this.full.checked;
      if (!isFull && this.cells.indexOf(cell) >= this.firstSmaller && this.firstSmaller >= 0) this.keepStored(cell);
      const code = (isFull ? undefined : cell.smaller) ?? cell.code;
      const { status, outputs } = await kernel.execute(code, { onChange }).finally(() => {
        cell.place.removeAttribute("aria-busy");
      });
      if (outputs.length === 0) showOutputs(cell.place, outputs);
      if (status !== "ok") return false;
      cell.hasRun = true;
    }
    return true;
  }

  /** Puts the stored outputs of a cell below those that are computed with smaller settings, folded. */
  private keepStored({ place }: CodeCell): void {
    if (place.childElementCount === 0 || place.nextElementSibling?.matches(".fovea-stored")) return;
    const summary = element("summary", { text: this.words.stored });
    place.after(element("details", { class: "fovea-stored outputs" }, summary, ...Array.from(place.children)));
  }

  private async start(): Promise<PageKernel> {
    this.say(this.words.starting);
    const base = this.root + this.kernelPlace;
    const { start } = (await import(`${base}client.js`)) as KernelModule;
    // A restart forgets the cells that ran before it; the next run starts a kernel in the place of a dead one.
    const onState = (state: string): void => {
      if (state === "dead") this.kernel = undefined;
      if (state === "restarting" || state === "dead") for (const cell of this.cells) cell.hasRun = false;
    };
    return start({ base, onState });
  }

  private setBusy(isBusy: boolean): void {
    this.isBusy = isBusy;
    this.stop.disabled = !isBusy;
  }

  private say(text: string): void {
    this.state.textContent = text;
  }

  private button(text: string, work: () => void): HTMLButtonElement {
    const button = element("button", { text, attributes: { type: "button" } });
    button.addEventListener("click", work);
    return button;
  }

  private isBusy = false;
  private mayReload = true;
  private kernel: PageKernel | undefined;
  private readonly cells: CodeCell[] = [];
  private readonly stop: HTMLButtonElement;
  private readonly full = element("input", { attributes: { type: "checkbox" } });
  private readonly state = element("span", { attributes: { role: "status" } });
}
