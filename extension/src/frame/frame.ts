import { element, freshId } from "../dom";
import { ExportControls, type Exportable } from "../export";
import type { Pane } from "../panes";
import { FrameSchedule, type Drawing } from "../parts/frame";
import { button } from "../parts/fields";
import { listenKeys, type HelpAction, type Keys } from "../parts/keys";
import { Lines } from "../parts/lines";
import type { Translate } from "../parts/translate";

export interface FrameOptions<Action extends { type: string }> {
  trans: Translate;
  /** The viewer's name in the names of classes, with a capital letter. */
  name: string;
  title: string;
  /** Words or an element beside the title. */
  about?: string | HTMLElement;
  /** Description of the stage for screen readers: its content and the keys that matter most. */
  label: string;
  keys: Keys<Action | HelpAction>;
  /** Does what a key stands for; the frame shows the list of keys itself. */
  act(action: Action): void;
  draw(): void;
  exported: Exportable;
  /** Schedules drawings. Default: in the next frame of the page. */
  pace?: (draw: () => void) => Drawing;
}

/** The row of controls of a viewer. */
export interface ControlRow {
  readonly node: HTMLElement;
  /** Takes the buttons that all viewers have, after its own. */
  addButtons(buttons: readonly HTMLElement[]): void;
}

/** The elements of a viewer around and upon its stage, from top to bottom. */
export interface FrameParts {
  controls: ControlRow;
  stage: readonly HTMLElement[];
  above?: readonly HTMLElement[];
  below: readonly HTMLElement[];
}

/**
 * The parts that all viewers share: title, controls, help, a stage that takes the keys, lines of words, exports, and drawing when
 * something changed or the stage has another size.
 */
export class ViewerFrame<Action extends { type: string }> {
  readonly stage: HTMLElement;
  readonly help: HTMLElement;
  readonly lines = new Lines();

  constructor(private readonly options: FrameOptions<Action>) {
    const { trans, name, title, keys, exported, draw, pace } = options;
    this.drawing = pace?.(draw) ?? new FrameSchedule(draw);
    this.exports = new ExportControls(trans, exported, (message) => this.lines.setProblem(message));
    this.help = keys.help();
    this.help.id = freshId("help");
    const attributes = { "aria-expanded": "false", "aria-controls": this.help.id };
    this.helpButton = button(trans.__("Keys"), keys.tip("help"), () => this.showHelp(this.help.hidden));
    for (const [key, value] of Object.entries(attributes)) this.helpButton.setAttribute(key, value);
    this.stage = this.makeStage();
    this.node = element("section", { class: `jp-FoveaView jp-Fovea${name}`, attributes: { "aria-label": title } });
    listenKeys(this.stage, keys, (action, key) => this.onKey(action, key), this.signal);
    this.observer.observe(this.stage);
  }

  readonly node: HTMLElement;

  /** Aborted when the viewer is disposed. */
  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  /** Puts the parts in their places. */
  fill({ controls, stage, above = [], below }: FrameParts): void {
    const { status, problem } = this.lines;
    controls.addButtons([...this.exports.buttons, this.helpButton]);
    this.stage.append(...stage);
    this.node.append(this.heading(), controls.node, this.help, ...above, this.stage, ...below);
    this.node.append(this.exports.node, status, problem);
  }

  /** Draws soon; of several wishes one drawing comes. */
  ask(): void {
    this.drawing.ask();
  }

  /** Loads a picture of the view and draws; one that cannot be decoded is said. */
  async load(pane: Pane): Promise<void> {
    const { trans } = this.options;
    if (!(await pane.load())) this.lines.setProblem(trans.__("A picture of this view cannot be decoded."));
    this.ask();
  }

  /** Name and words of the view, as they stand beside an exported picture. */
  words(): string[] {
    return [this.options.exported.exportName(), ...this.lines.words()];
  }

  /** Calls `work` when a key that is held is let go, or the stage loses the keys. */
  whenReleased(key: string, work: () => void): void {
    const { signal } = this;
    this.stage.addEventListener("keyup", (event) => event.key === key && work(), { signal });
    this.stage.addEventListener("blur", work, { signal });
  }

  focus(): void {
    this.stage.focus({ preventScroll: true });
  }

  dispose(): void {
    this.aborter.abort();
    this.observer.disconnect();
    this.drawing.cancel();
    this.node.remove();
  }

  private makeStage(): HTMLElement {
    const { name, label } = this.options;
    const attributes = {
      tabindex: "0",
      role: "application",
      "aria-label": label,
      "aria-describedby": this.lines.live.id,
    };
    return element("div", { class: `jp-FoveaView-stage jp-Fovea${name}-stage`, attributes });
  }

  private heading(): HTMLElement {
    const { title, about } = this.options;
    const heading = element("div", { class: "jp-FoveaView-title" }, element("strong", { text: title }));
    if (about) heading.append(typeof about === "string" ? element("span", { text: about }) : about);
    return heading;
  }

  /** Esc closes the list of keys first, so that it does not also drop the selection. */
  private onKey(action: Action | HelpAction, key: string): void {
    this.lines.used("keyboard");
    if (key === "Escape" && !this.help.hidden) return this.showHelp(false);
    if (action.type === "help") return this.showHelp(this.help.hidden);
    this.options.act(action as Action);
  }

  private showHelp(isShown: boolean): void {
    this.help.hidden = !isShown;
    this.helpButton.setAttribute("aria-expanded", String(isShown));
    this.ask();
  }

  private readonly helpButton: HTMLButtonElement;
  private readonly drawing: Drawing;
  private readonly exports: ExportControls;
  private readonly aborter = new AbortController();
  private readonly observer = new ResizeObserver(() => this.ask());
}
