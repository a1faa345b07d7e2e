import {
  chartFigure,
  chartsOf,
  readTraining,
  RunRecord,
  type ChartInput,
  type ColorMapName,
  type RunCommand,
  type SavedRun,
  type SteerRequest,
  type TrainingPayload,
  type TrainingReply,
} from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import { element, setText } from "../dom";
import { composeVector, type Exportable, type ViewPicture } from "../export";
import type { Lines } from "../parts/lines";
import { PlotDrawings } from "../plots/drawings";
import { PlotPanel } from "../plots/panel";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { Viewer, ViewerInput } from "../frame/viewer";
import { TrainingControls } from "./controls";
import { exportCode, exportData } from "./exports";
import { trainingKeys, type TrainingAction } from "./keys";
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
  linkFields,
} from "./state";
import { TrainingTable } from "./table";

export interface TrainingViewerInput extends ViewerInput<TrainingPayload> {
  colormap: ColorMapName;
}

/** The training viewer: follows runs event by event, or shows their record. Owns its elements and listeners. */
export class TrainingViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor(private readonly options: TrainingViewerInput) {
    const { payload, trans, colormap } = options;
    this.runs = payload.runs.map((saved) => RunRecord.load(saved));
    const keys = trainingKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Training",
      title: payload.title || trans.__("Training"),
      about: this.place,
      label: trans.__(
        "Curves of the training. Left and right read them update by update, p pauses, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
      pace: (draw) => new PacedDrawing(draw),
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(this.runs), { get: () => this.state, set: (state) => this.update(state) });
    this.lines = this.frame.lines;
    this.drawings = new PlotDrawings((message) => this.lines.setProblem(message));
    this.controls = new TrainingControls(trans, keys, this.runs, {
      act: (action) => this.act(action),
      run: (run) => this.set({ run, evaluation: undefined, confirming: false }),
      chart: (chart) => this.set({ chart }),
    });
    this.stages = new StageBar(trans);
    this.numbers = new RunNumbers(trans);
    this.matrices = new MatrixPanels(trans, colormap, {
      show: (position) => this.update(showEvaluation(this.state, this.run, position)),
      read: (text) => this.read(text),
      draw: (panel, figure) => this.drawings.draw(panel, figure),
    });
    this.table = new TrainingTable(trans);
    this.compose();
  }

  /** True if every run has ended, so that no more news comes. */
  get ended(): boolean {
    return this.runs.every((run) => run.ended);
  }

  /** The state of the comm. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.frame.ask();
  }

  setProblem(message: string): void {
    this.lines.setProblem(message);
  }

  /** Takes the runs, or events of one of them, as the kernel tells them. */
  take(reply: Exclude<TrainingReply, { type: "bundle" }>): void {
    if (reply.type === "runs") this.replace(reply.runs);
    else for (const event of reply.events) this.runs[reply.run]?.apply(event);
    this.frame.ask();
  }

  /** Takes what the kernel wrote into the notebook, where no live connection knows better. */
  accept({ runs }: TrainingPayload): void {
    if (this.connection !== "live") this.replace(runs);
    this.frame.ask();
  }

  /** Returns whether this output in the notebook is up to date with the runs. */
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
    return { rows: await this.rows((panel) => panel.picture()), words: this.words() };
  }

  async exportVector(): Promise<string> {
    return composeVector(await this.rows((panel) => panel.vector()), this.words(), this.node);
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.runs);
  }

  exportCode(): string {
    return exportCode(this.options.payload, this.runs);
  }

  /** Draws again, as after a change of the theme. */
  redraw(): void {
    this.drawings.clear();
    this.frame.ask();
  }

  dispose(): void {
    this.frame.dispose();
    for (const panel of [this.loss, this.side]) panel.dispose();
    this.matrices.dispose();
  }

  /** The panels as they lie on the page, each as something that it gives away. */
  private async rows<T>(of: (panel: PlotPanel) => Promise<T | undefined>): Promise<T[][]> {
    const panels = [this.loss, this.side, ...this.matrices.all()];
    const rows = await Promise.all(rowsOf(panels).map((row) => Promise.all(row.map(of))));
    return rows.map((row) => row.flatMap((one) => one ?? []));
  }

  private words(): string[] {
    const { live, caption } = this.lines;
    const words = [this.exportName(), sayPlace(this.options.trans, this.run), caption.textContent ?? ""];
    return this.state.cursor === undefined ? words : [...words, live.textContent ?? ""];
  }

  private get run(): RunRecord {
    return this.runs[this.state.run];
  }

  private replace(saved: readonly SavedRun[]): void {
    if (saved.length !== this.runs.length) return;
    saved.forEach((run, i) => (this.runs[i] = RunRecord.load(run)));
  }

  private compose(): void {
    const { live, caption, warning } = this.lines;
    this.frame.fill({
      controls: this.controls,
      above: [warning, this.stages.node],
      stage: [element("div", { class: "jp-FoveaTraining-charts" }, this.loss.node, this.side.node)],
      below: [live, caption, this.numbers.node, this.matrices.node, this.table.node],
    });
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
        return this.set({ [action.type]: !state[action.type] });
      default:
        return action satisfies never;
    }
  }

  private update(state: TrainingViewState): void {
    this.state = state;
    this.frame.ask();
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
    const request: SteerRequest = { type: "steer", run: this.state.run, command };
    if (works) this.options.send(request);
  }

  /** The pointer is on an update of a curve, or has left. */
  private onHover(data: unknown): void {
    this.lines.used("pointer");
    this.set({ cursor: typeof data === "number" ? data : undefined });
  }

  private read(text: string | undefined): void {
    this.lines.used("pointer");
    this.pointed = text;
    this.frame.ask();
  }

  private render(): void {
    const { trans } = this.options;
    const { state, runs, run, connection } = this;
    const reason = sayControl(trans, run, connection);
    this.controls.sync({ state, runs, live: connection === "live", reason });
    this.stages.update(run);
    this.numbers.update(run);
    const input = (panel: PlotPanel): ChartInput => ({ trans, runs, state, width: panel.node.clientWidth });
    this.drawings.draw(this.loss, chartFigure(chartsOf(runs)[0], input(this.loss)));
    this.drawings.draw(this.side, chartFigure(sideChart(runs, state), input(this.side)));
    this.matrices.update(run, state);
    this.table.update(runs, state);
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

  private state: TrainingViewState = INITIAL;
  private connection: ConnectionState = "none";
  private pointed: string | undefined;
  private readonly runs: RunRecord[];
  private readonly frame: ViewerFrame<TrainingAction>;
  private readonly lines: Lines;
  private readonly drawings: PlotDrawings;
  private readonly controls: TrainingControls;
  private readonly stages: StageBar;
  private readonly numbers: RunNumbers;
  private readonly matrices: MatrixPanels;
  private readonly table: TrainingTable;
  private readonly place = element("span", { class: "jp-FoveaTraining-place" });
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
