import {
  chartsOf,
  readEvents,
  readRuns,
  readTraining,
  RunRecord,
  type ColorMapName,
  type RunCommand,
  type SavedRun,
  type TrainingPayload,
} from "fovea/protocol";
import type { ConnectionState, TrainingReply } from "../comms";
import { element, setText } from "../dom";
import { ExportControls, type Exportable, type ViewPicture } from "../export";
import { listenKeys } from "../parts/keys";
import { Lines } from "../parts/lines";
import type { OutputContent } from "../parts/output";
import type { Translate } from "../parts/translate";
import { PlotPanel, type Figure } from "../plotly";
import { curveColors } from "./colours";
import { TrainingControls } from "./controls";
import { exportCode, exportData } from "./exports";
import { chartFigure, type FigureInput } from "./figures";
import { trainingHelp } from "./help";
import { trainingAction, type TrainingAction } from "./keyboard";
import { MatrixPanels } from "./matrices";
import { RunNumbers } from "./numbers";
import { PacedDrawing } from "./paced-drawing";
import { sayControl, sayLatest, sayLive, sayPlace } from "./speech";
import { StageBar } from "./stages";
import {
  INITIAL,
  moveChart,
  moveCursor,
  moveEvaluation,
  showEvaluation,
  sideChart,
  type TrainingViewState,
} from "./state";
import { TrainingTable } from "./table";

export interface TrainingViewerOptions {
  payload: TrainingPayload;
  trans: Translate;
  colormap: ColorMapName;
  /** Pauses, resumes or stops a run, if there is a kernel. */
  steer(run: number, command: RunCommand): void;
}

/** The training viewer: follows runs event by event, or shows their record. Owns its elements and listeners. */
export class TrainingViewer implements OutputContent, Exportable {
  readonly node: HTMLElement;

  constructor(private readonly options: TrainingViewerOptions) {
    const { payload, trans, colormap } = options;
    this.runs = payload.runs.map((saved) => RunRecord.load(saved));
    this.controls = new TrainingControls(trans, this.runs, {
      act: (action) => this.act(action),
      run: (run) => this.set({ run, evaluation: undefined, confirming: false }),
      chart: (chart) => this.set({ chart }),
    });
    this.exports = new ExportControls(trans, this, (message) => this.lines.setProblem(message));
    this.controls.addButtons(this.exports.buttons);
    this.help = trainingHelp(trans);
    this.stages = new StageBar(trans);
    this.numbers = new RunNumbers(trans);
    this.matrices = new MatrixPanels(trans, colormap, {
      show: (position) => this.update(showEvaluation(this.state, this.run, position)),
      read: (text) => this.read(text),
      draw: (panel, figure) => this.draw(panel, figure),
    });
    this.table = new TrainingTable(trans);
    this.stage = this.makeStage();
    this.node = this.compose();
    listenKeys(this.stage, trainingAction, (action) => this.onKey(action), this.aborter.signal);
    this.observer.observe(this.stage);
  }

  /** Whether there is nothing more to come. */
  get ended(): boolean {
    return this.runs.every((run) => run.ended);
  }

  /** The state of the comm. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.drawing.ask();
  }

  setProblem(message: string): void {
    this.lines.setProblem(message);
  }

  /** Takes what the kernel says. @throws ProtocolError never: what breaks the protocol is a problem to show */
  receive(reply: Exclude<TrainingReply, { type: "bundle" }>): void {
    try {
      if (reply.type === "runs") this.take(readRuns(reply.runs, "fovea.view reply"));
      else for (const event of readEvents(reply.events, "fovea.view reply")) this.runs[reply.run]?.apply(event);
    } catch (error) {
      this.setProblem(error instanceof Error ? error.message : String(error));
    }
    this.drawing.ask();
  }

  /** Takes what the kernel wrote into the notebook, where no live connection knows better. */
  accept({ runs }: TrainingPayload): void {
    if (this.connection !== "live") this.take(runs);
    this.drawing.ask();
  }

  /** Whether this output in the notebook is of the moment. */
  isSaved(data: unknown): boolean {
    try {
      const saved = readTraining(data).runs;
      return this.runs.every(
        (run, i) => run.state === saved[i]?.state && run.progress?.step === saved[i].progress?.step,
      );
    } catch {
      return false;
    }
  }

  exportName(): string {
    return this.options.payload.title || "training";
  }

  async exportPicture(): Promise<ViewPicture> {
    const panels = [this.loss, this.side, ...this.matrices.all()];
    const rows = await Promise.all(rowsOf(panels).map((row) => Promise.all(row.map((panel) => panel.picture()))));
    const { live, caption } = this.lines;
    const words = [this.exportName(), sayPlace(this.options.trans, this.run), caption.textContent ?? ""];
    const read = this.state.cursor === undefined ? [] : [live.textContent ?? ""];
    return { rows: rows.map((row) => row.flatMap((one) => one ?? [])), words: [...words, ...read] };
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.runs);
  }

  exportCode(): string {
    return exportCode(this.options.payload, this.runs);
  }

  /** Draws again, as after a change of the theme. */
  redraw(): void {
    this.drawn.clear();
    this.drawing.ask();
  }

  dispose(): void {
    this.aborter.abort();
    this.observer.disconnect();
    this.drawing.cancel();
    for (const panel of [this.loss, this.side]) panel.dispose();
    this.matrices.dispose();
    this.node.remove();
  }

  private get run(): RunRecord {
    return this.runs[this.state.run];
  }

  private take(saved: readonly SavedRun[]): void {
    if (saved.length !== this.runs.length) return;
    saved.forEach((run, i) => (this.runs[i] = RunRecord.load(run)));
  }

  private makeStage(): HTMLElement {
    const label = this.options.trans.__(
      "Curves of the training. Left and right read them update by update, p pauses, question mark lists the keys.",
    );
    const charts = element("div", { class: "jp-FoveaTraining-charts" }, this.loss.node, this.side.node);
    const attributes = {
      tabindex: "0",
      role: "application",
      "aria-label": label,
      "aria-describedby": this.lines.live.id,
    };
    return element("div", { class: "jp-FoveaView-stage jp-FoveaTraining-stage", attributes }, charts);
  }

  private compose(): HTMLElement {
    const title = this.options.payload.title || this.options.trans.__("Training");
    const heading = element("div", { class: "jp-FoveaView-title" }, element("strong", { text: title }), this.place);
    const { live, caption, warning, status, problem } = this.lines;
    return element(
      "section",
      { class: "jp-FoveaView jp-FoveaTraining", attributes: { "aria-label": title } },
      heading,
      this.controls.node,
      this.help,
      warning,
      this.stages.node,
      this.stage,
      live,
      caption,
      this.numbers.node,
      this.matrices.node,
      this.table.node,
      this.exports.node,
      status,
      problem,
    );
  }

  private onKey(action: TrainingAction): void {
    this.lines.used("keyboard");
    this.act(action);
  }

  private act(action: TrainingAction): void {
    const { state, run } = this;
    switch (action.type) {
      case "pause":
        return this.steer(run.state === "paused" || run.state === "pausing" ? "resume" : "pause");
      case "stop":
        return this.stop();
      case "cursor":
        return this.update(moveCursor(state, run, action.by));
      case "chart":
        return this.update(moveChart(state, this.runs, action.by));
      case "evaluation":
        return this.update(moveEvaluation(state, run, action.by));
      case "run":
        return this.set({ run: (state.run + 1) % this.runs.length, evaluation: undefined, confirming: false });
      case "clear":
        return this.set({ cursor: undefined, evaluation: undefined, confirming: false });
      case "log":
      case "smooth":
      case "table":
      case "help":
        return this.set({ [action.type]: !state[action.type] });
      default:
        return action satisfies never;
    }
  }

  private update(state: TrainingViewState): void {
    this.state = state;
    this.drawing.ask();
  }

  private set(change: Partial<TrainingViewState>): void {
    this.update({ ...this.state, ...change });
  }

  /** Without a checkpoint all would be lost: then it takes a second press. */
  private stop(): void {
    if (!this.run.plan?.checkpoint && !this.state.confirming) return this.set({ confirming: true });
    this.steer("stop");
    this.set({ confirming: false });
  }

  private steer(command: RunCommand): void {
    const works = this.connection === "live" && !this.run.ended && this.run.state !== "waiting";
    if (works) this.options.steer(this.state.run, command);
  }

  /** The pointer is on an update of a curve, or has left. */
  private onHover(data: unknown): void {
    this.lines.used("pointer");
    this.set({ cursor: typeof data === "number" ? data : undefined });
  }

  private read(text: string | undefined): void {
    this.lines.used("pointer");
    this.pointed = text;
    this.drawing.ask();
  }

  private render(): void {
    const { trans } = this.options;
    const { state, runs, run, connection } = this;
    const reason = sayControl(trans, run, connection);
    this.controls.sync({ state, runs, live: connection === "live", reason });
    this.stages.update(run);
    this.numbers.update(run);
    const colors = curveColors(this.node);
    const input = (panel: PlotPanel): FigureInput => ({ trans, runs, state, colors, width: panel.node.clientWidth });
    this.draw(this.loss, chartFigure(chartsOf(runs)[0], input(this.loss)));
    this.draw(this.side, chartFigure(sideChart(runs, state), input(this.side)));
    this.matrices.update(run, state);
    this.table.update(runs, state);
    this.help.hidden = !state.help;
    this.write(reason);
  }

  private write(reason: string): void {
    const { trans } = this.options;
    const { lines, run, state } = this;
    setText(this.place, sayPlace(trans, run));
    this.place.dataset["state"] = run.state;
    const charts = [chartsOf(this.runs)[0], sideChart(this.runs, state)];
    setText(lines.live, this.pointed ?? sayLive(trans, run, charts, state));
    setText(lines.caption, sayLatest(trans, run));
    setText(lines.status, reason);
    lines.setWarning(run.state === "failed" ? trans.__("The training failed: %1", run.message) : "");
  }

  /** Plotly is slow: a figure that did not change is not drawn again. */
  private draw(panel: PlotPanel, figure: Figure): void {
    if (panel.node.clientWidth === 0) return;
    const key = JSON.stringify([panel.node.clientWidth, figure]);
    if (this.drawn.get(panel) === key) return;
    this.drawn.set(panel, key);
    panel.draw(figure).catch((error: unknown) => this.lines.setProblem(String(error)));
  }

  private state: TrainingViewState = INITIAL;
  private connection: ConnectionState = "none";
  private pointed: string | undefined;
  private readonly runs: RunRecord[];
  private readonly drawing = new PacedDrawing(() => this.render());
  private readonly controls: TrainingControls;
  private readonly exports: ExportControls;
  private readonly help: HTMLElement;
  private readonly stages: StageBar;
  private readonly numbers: RunNumbers;
  private readonly matrices: MatrixPanels;
  private readonly table: TrainingTable;
  private readonly stage: HTMLElement;
  private readonly place = element("span", { class: "jp-FoveaTraining-place" });
  private readonly lines = new Lines();
  private readonly drawn = new Map<PlotPanel, string>();
  private readonly aborter = new AbortController();
  private readonly observer = new ResizeObserver(() => this.drawing.ask());
  private readonly curveEvents = { hover: (data: unknown) => this.onHover(data), click: () => undefined };
  private readonly loss = new PlotPanel("jp-FoveaTraining-chart", this.curveEvents);
  private readonly side = new PlotPanel("jp-FoveaTraining-chart", this.curveEvents);
}

/** The panels that lie beside each other on the page. */
function rowsOf(panels: readonly PlotPanel[]): PlotPanel[][] {
  const rows = new Map<number, PlotPanel[]>();
  for (const panel of panels) {
    const { top } = panel.node.getBoundingClientRect();
    rows.set(top, [...(rows.get(top) ?? []), panel]);
  }
  return [...rows.values()];
}
