import {
  facetsFigure,
  fittedSurface,
  lawPoints,
  planeFigure,
  readLawReply,
  scatterFigure,
  type ColorMapName,
  type FitChoice,
  type FitRequest,
  type LawFigureInput,
  type LawPayload,
  type SelectRequest,
} from "fovea/protocol";
import type { ConnectionState, Received } from "../comms/channel";
import { element, setText } from "../dom";
import { composeVector, type Exportable, type ViewPicture } from "../export";
import type { Lines } from "../parts/lines";
import { PlotDrawings } from "../plots/drawings";
import { PlotPanel } from "../plots/panel";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { Viewer, ViewerInput } from "../frame/viewer";
import { LawControls } from "./controls";
import { FitStore } from "./fits";
import { exportCode, exportData } from "./exports";
import { lawKeys, type LawAction } from "./keys";
import { EncoderNames } from "./names";
import { sayEncoder, sayFit, sayOrigin, saySize, saySurface, sayTight } from "./speech";
import {
  activeEncoder,
  clearSelection,
  initialState,
  moveBenchmark,
  moveCursor,
  select,
  type LawState,
  linkFields,
} from "./state";
import { LawTable } from "./table";

export interface LawViewerInput extends ViewerInput<LawPayload> {
  colormap: ColorMapName;
}

/** The law viewer: fits of benchmark scores in linked panels. Owns its elements and listeners. */
export class LawViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor(private readonly options: LawViewerInput) {
    const { payload, trans } = options;
    this.fits = new FitStore(payload);
    this.state = initialState(payload);
    const keys = lawKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Law",
      title: payload.title || trans.__("Law of vision representation"),
      about: saySize(trans, payload),
      label: trans.__(
        "Scores of encoders, predicted and measured. Arrows move between encoders, Enter selects, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), { get: () => this.state, set: (state) => this.update(state) });
    this.lines = this.frame.lines;
    this.drawings = new PlotDrawings((message) => this.lines.setProblem(message));
    this.controls = new LawControls(trans, keys, payload, {
      benchmark: (benchmark) => this.update({ ...this.state, benchmark }),
      choose: (choice) => this.choose(choice),
      act: (action) => this.act(action),
    });
    this.names = new EncoderNames(payload.encoders, this.panelEvents, this.frame.signal);
    this.table = new LawTable(trans, payload);
    const plots = element("div", { class: "jp-FoveaLaw-panels" }, this.scatter.node, this.plane.node);
    const { live, warning, caption } = this.lines;
    this.frame.fill({
      controls: this.controls,
      stage: [plots, this.names.node],
      below: [live, warning, caption, this.surface, this.facets.node, this.table.node],
    });
  }

  /** The state of the comm. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.frame.ask();
  }

  /** Takes a fit from the kernel. @throws ProtocolError on one that does not belong to the view */
  receive({ message }: Received): void {
    if (this.fits.accept(readLawReply(message))) this.lines.setProblem("");
    this.frame.ask();
  }

  setProblem(message: string): void {
    this.lines.setProblem(message);
    // The requested fit is not on screen: the controls go back to the choice of the one that is.
    this.update({ ...this.state, choice: this.fits.shown.choice });
  }

  exportName(): string {
    return this.options.payload.title || "law";
  }

  async exportPicture(): Promise<ViewPicture> {
    const [scatter, plane, facets] = await Promise.all(this.panels().map((panel) => panel.picture()));
    return { rows: inRows(scatter, plane, facets), words: this.words() };
  }

  async exportVector(): Promise<string> {
    const [scatter, plane, facets] = await Promise.all(this.panels().map((panel) => panel.vector()));
    return composeVector(inRows(scatter, plane, facets), this.words(), this.node);
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.fits.shown, this.state);
  }

  exportCode(): string {
    return exportCode(this.options.payload, this.fits.shown, this.state);
  }

  /** Draws again, as after a change of the theme. */
  redraw(): void {
    this.drawings.clear();
    this.frame.ask();
  }

  dispose(): void {
    this.frame.dispose();
    for (const panel of this.panels()) panel.dispose();
  }

  private words(): string[] {
    const { live, caption, warning } = this.lines;
    const lines = activeEncoder(this.state) === undefined ? [warning, caption] : [live, warning, caption];
    const names = this.options.payload.encoders.map((name, i) => `${i + 1} ${name}`).join(", ");
    return [this.exportName(), ...lines.map((line) => line.textContent ?? "").filter(Boolean), names];
  }

  private panels(): PlotPanel[] {
    return [this.scatter, this.plane, this.facets];
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
    const request: FitRequest = { type: "fit", serial, choice };
    if (this.live()) this.options.send(request);
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
    this.frame.focus();
    if (typeof data === "number") this.update(select(this.state, data));
  }

  private update(state: LawState): void {
    const { selected } = this.state;
    this.state = state;
    const request: SelectRequest = { type: "select", encoder: state.selected ?? null };
    if (state.selected !== selected && this.options.payload.selects) this.options.send(request);
    this.frame.ask();
  }

  private render(): void {
    const { payload, trans, colormap } = this.options;
    const { state, fits } = this;
    const choices = { ...state, active: activeEncoder(state) };
    const width = this.scatter.node.clientWidth || undefined;
    const input: LawFigureInput = { trans, payload, fit: fits.shown, state: choices, colormap, width };
    this.drawings.draw(this.scatter, scatterFigure(input));
    this.drawings.draw(this.plane, planeFigure(input));
    this.drawings.draw(this.facets, facetsFigure(input, this.frame.stage.clientWidth));
    this.controls.sync({ state, fit: fits.shown, live: this.live(), offers: (choice) => this.offers(choice) });
    this.names.update(state);
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

  private state: LawState;
  private connection: ConnectionState = "none";
  private readonly frame: ViewerFrame<LawAction>;
  private readonly lines: Lines;
  private readonly drawings: PlotDrawings;
  private readonly fits: FitStore;
  private readonly controls: LawControls;
  private readonly table: LawTable;
  private readonly names: EncoderNames;
  private readonly surface = element("p", { class: "jp-FoveaView-note" });
  private readonly panelEvents = {
    hover: (data: unknown) => this.onHover(data),
    click: (data: unknown) => this.onClick(data),
  };
  private readonly scatter = new PlotPanel("jp-FoveaLaw-scatter", this.panelEvents);
  private readonly plane = new PlotPanel("jp-FoveaLaw-plane", this.panelEvents);
  private readonly facets = new PlotPanel("jp-FoveaLaw-facets", this.panelEvents);
}

/** Two panels beside each other above the third, as on the page; panels that are not drawn are left out. */
function inRows<T>(scatter: T | undefined, plane: T | undefined, facets: T | undefined): T[][] {
  return [[scatter, plane], [facets]].map((row) => row.flatMap((one) => one ?? [])).filter((row) => row.length > 0);
}
