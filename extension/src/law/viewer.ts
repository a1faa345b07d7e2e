import {
  lawPoints,
  fittedSurface,
  type ColorMapName,
  type FitChoice,
  type LawPayload,
  type UncheckedFitReply,
} from "fovea/protocol";
import type { ConnectionState } from "../comms";
import { element, setText } from "../dom";
import { ExportControls, type Exportable, type ViewPicture } from "../export";
import { FrameSchedule } from "../parts/frame";
import { listenKeys } from "../parts/keys";
import { Lines } from "../parts/lines";
import type { OutputContent } from "../parts/output";
import type { Translate } from "../parts/translate";
import { PlotPanel, type Figure } from "../plotly";
import { LawControls } from "./controls";
import { facetsFigure, planeFigure, scatterFigure, type FigureInput } from "./figures";
import { FitStore } from "./fits";
import { exportCode, exportData } from "./exports";
import { lawHelp } from "./help";
import { lawAction, type LawAction } from "./keyboard";
import { EncoderNames } from "./names";
import { sayEncoder, sayFit, sayOrigin, saySurface, sayTight } from "./speech";
import { activeEncoder, clearSelection, initialState, moveBenchmark, moveCursor, select, type LawState } from "./state";
import { LawTable } from "./table";

export interface LawViewerOptions {
  payload: LawPayload;
  trans: Translate;
  colormap: ColorMapName;
  /** Asks the kernel for a fit, if there is one. */
  refit(serial: number, choice: FitChoice): void;
  /** Tells the kernel which encoder is selected, if there is one. */
  select(encoder: number | null): void;
}

/** The law viewer: fits of benchmark scores in linked panels. Owns its elements and listeners. */
export class LawViewer implements OutputContent, Exportable {
  readonly node: HTMLElement;

  constructor(private readonly options: LawViewerOptions) {
    const { payload, trans } = options;
    this.fits = new FitStore(payload);
    this.state = initialState(payload);
    this.controls = new LawControls(trans, payload, {
      benchmark: (benchmark) => this.update({ ...this.state, benchmark }),
      choose: (choice) => this.choose(choice),
      act: (action) => this.act(action),
    });
    this.exports = new ExportControls(trans, this, (message) => this.lines.setProblem(message));
    this.controls.addButtons(this.exports.buttons);
    this.help = lawHelp(trans);
    this.names = new EncoderNames(payload.encoders, this.panelEvents, this.aborter.signal);
    this.table = new LawTable(trans, payload);
    this.stage = this.makeStage();
    this.node = this.compose();
    listenKeys(this.stage, lawAction, (action) => this.onKey(action), this.aborter.signal);
    this.observer.observe(this.stage);
  }

  /** The state of the comm. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.frame.ask();
  }

  /** Takes a fit from the kernel; one that does not belong to the view is a problem to show. */
  receive(reply: UncheckedFitReply): void {
    try {
      if (this.fits.accept(reply)) this.lines.setProblem("");
    } catch (error) {
      this.setProblem(error instanceof Error ? error.message : String(error));
    }
    this.frame.ask();
  }

  setProblem(message: string): void {
    this.lines.setProblem(message);
    // What was asked for is not on screen: the controls go back to what is.
    this.update({ ...this.state, choice: this.fits.shown.choice });
  }

  exportName(): string {
    return this.options.payload.title || "law";
  }

  async exportPicture(): Promise<ViewPicture> {
    const [scatter, plane, facets] = await Promise.all(this.panels().map((panel) => panel.picture()));
    const { live, caption, warning } = this.lines;
    const lines = activeEncoder(this.state) === undefined ? [warning, caption] : [live, warning, caption];
    const words = [this.exportName(), ...lines.map((line) => line.textContent ?? "")];
    const names = this.options.payload.encoders.map((name, i) => `${i + 1} ${name}`).join(", ");
    return {
      rows: [[scatter, plane], [facets]].map((row) => row.flatMap((one) => one ?? [])),
      words: [...words, names],
    };
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.fits.shown, this.state);
  }

  exportCode(): string {
    return exportCode(this.options.payload, this.fits.shown, this.state);
  }

  /** Draws again, as after a change of the theme. */
  redraw(): void {
    this.drawn.clear();
    this.frame.ask();
  }

  dispose(): void {
    this.aborter.abort();
    this.observer.disconnect();
    this.frame.cancel();
    for (const panel of this.panels()) panel.dispose();
    this.node.remove();
  }

  private makeStage(): HTMLElement {
    const label = this.options.trans.__(
      "Scores of encoders, predicted and measured. Arrows move between encoders, Enter selects, question mark lists the keys.",
    );
    const plots = element("div", { class: "jp-FoveaLaw-panels" }, this.scatter.node, this.plane.node);
    return element(
      "div",
      {
        class: "jp-FoveaView-stage jp-FoveaLaw-stage",
        attributes: { tabindex: "0", role: "application", "aria-label": label, "aria-describedby": this.lines.live.id },
      },
      plots,
      this.names.node,
    );
  }

  private compose(): HTMLElement {
    const { payload, trans } = this.options;
    const title = payload.title || trans.__("Law of vision representation");
    const count = payload.benchmarks.length;
    const on = count === 1 ? trans.__("1 benchmark") : trans.__("%1 benchmarks", count);
    const size = trans.__("%1 encoders on %2", payload.encoders.length, on);
    const heading = element(
      "div",
      { class: "jp-FoveaView-title" },
      element("strong", { text: title }),
      element("span", { text: size }),
    );
    const { live, caption, warning, status, problem } = this.lines;
    const parts = [heading, this.controls.node, this.help, this.stage, live, warning, caption, this.surface];
    const rest = [this.facets.node, this.table.node, this.exports.node, status, problem];
    return element(
      "section",
      { class: "jp-FoveaView jp-FoveaLaw", attributes: { "aria-label": title } },
      ...parts,
      ...rest,
    );
  }

  private panels(): PlotPanel[] {
    return [this.scatter, this.plane, this.facets];
  }

  private onKey(action: LawAction): void {
    this.lines.used("keyboard");
    this.act(action);
  }

  private act(action: LawAction): void {
    const { state } = this;
    switch (action.type) {
      case "move":
        return this.update(moveCursor(state, this.encoders(), action.by));
      case "benchmark":
        return this.update(moveBenchmark(state, this.options.payload, action.by));
      case "select":
        return this.update(select(state, activeEncoder(state) ?? state.cursor));
      case "clear":
        return this.update(clearSelection(state));
      case "degree":
        return this.choose({ degree: !state.choice.terms && state.choice.degree === 2 ? 1 : 2 });
      case "leave-one-out":
        return this.update({ ...state, leaveOneOut: !state.leaveOneOut });
      case "residuals":
        return this.update({ ...state, residuals: !state.residuals });
      case "table":
        return this.update({ ...state, table: !state.table });
      case "help":
        return this.update({ ...state, help: !state.help });
      default:
        return action satisfies never;
    }
  }

  private encoders(): number[] {
    return lawPoints(this.options.payload, this.fits.shown, this.state.benchmark).map(({ encoder }) => encoder);
  }

  private choose(choice: FitChoice): void {
    if (!this.offers(choice)) return this.frame.ask();
    this.lines.setProblem("");
    this.update({ ...this.state, choice });
    const serial = this.fits.choose(choice);
    if (this.live()) this.options.refit(serial, choice);
  }

  private live(): boolean {
    return this.options.payload.refits && this.connection === "live";
  }

  private offers(choice: FitChoice): boolean {
    return this.live() || this.fits.has(choice);
  }

  private onHover(data: unknown): void {
    this.lines.used("pointer");
    const hover = typeof data === "number" ? data : undefined;
    if (hover !== this.state.hover) this.update({ ...this.state, hover });
  }

  private onClick(data: unknown): void {
    this.stage.focus({ preventScroll: true });
    if (typeof data === "number") this.update(select(this.state, data));
  }

  private update(state: LawState): void {
    const { selected } = this.state;
    this.state = state;
    if (state.selected !== selected && this.options.payload.selects) this.options.select(state.selected ?? null);
    this.frame.ask();
  }

  private render(): void {
    const { payload, trans, colormap } = this.options;
    const { state, fits } = this;
    const input: FigureInput = { trans, payload, fit: fits.shown, state, colormap };
    this.draw(this.scatter, scatterFigure(input));
    this.draw(this.plane, planeFigure(input));
    this.draw(this.facets, facetsFigure(input, this.stage.clientWidth));
    this.controls.sync({ state, fit: fits.shown, live: this.live(), offers: (choice) => this.offers(choice) });
    this.names.update(state);
    this.help.hidden = !state.help;
    this.table.update(fits.shown, state);
    this.write();
  }

  private write(): void {
    const { payload, trans } = this.options;
    const { state, fits, lines } = this;
    setText(lines.live, sayEncoder(trans, payload, fits.shown, state));
    setText(lines.caption, sayFit(trans, payload, fits.shown, state));
    setText(lines.status, sayOrigin(trans, payload, fits, this.connection));
    lines.setWarning(sayTight(trans, fits.shown.benchmarks[state.benchmark]));
    const surface = fittedSurface(payload, fits.shown, state.benchmark);
    setText(this.surface, surface ? saySurface(trans, surface, payload.benchmarks[state.benchmark]) : "");
  }

  /** Plotly is slow: a figure that did not change is not drawn again. */
  private draw(panel: PlotPanel, figure: Figure | undefined): void {
    panel.node.hidden = !figure;
    if (!figure || panel.node.clientWidth === 0) return;
    const key = JSON.stringify([panel.node.clientWidth, figure]);
    if (this.drawn.get(panel) === key) return;
    this.drawn.set(panel, key);
    panel.draw(figure).catch((error: unknown) => this.lines.setProblem(String(error)));
  }

  private state: LawState;
  private connection: ConnectionState = "none";
  private readonly frame = new FrameSchedule(() => this.render());
  private readonly fits: FitStore;
  private readonly controls: LawControls;
  private readonly exports: ExportControls;
  private readonly help: HTMLElement;
  private readonly table: LawTable;
  private readonly names: EncoderNames;
  private readonly stage: HTMLElement;
  private readonly lines = new Lines();
  private readonly surface = element("p", { class: "jp-FoveaView-note" });
  private readonly drawn = new Map<PlotPanel, string>();
  private readonly aborter = new AbortController();
  private readonly observer = new ResizeObserver(() => this.frame.ask());
  private readonly panelEvents = {
    hover: (data: unknown) => this.onHover(data),
    click: (data: unknown) => this.onClick(data),
  };
  private readonly scatter = new PlotPanel("jp-FoveaLaw-scatter", this.panelEvents);
  private readonly plane = new PlotPanel("jp-FoveaLaw-plane", this.panelEvents);
  private readonly facets = new PlotPanel("jp-FoveaLaw-facets", this.panelEvents);
}
