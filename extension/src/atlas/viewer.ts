import {
  type AtlasPayload,
  type AtlasRequest,
  meanWeights,
  paintTask,
  readAtlasReply,
  replyValues,
} from "fovea/protocol";
import type { ConnectionState, Received } from "../comms/channel";
import { element, setText } from "../dom";
import type { Exportable, ViewPicture } from "../export";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { Viewer, ViewerInput } from "../frame/viewer";
import type { Lines } from "../parts/lines";
import { AtlasControls } from "./controls";
import { exportCode, exportData } from "./exports";
import { type AtlasAction, atlasKeys } from "./keys";
import { AtlasMaps } from "./maps";
import { AtlasStore } from "./predictions";
import { SimplexPane } from "./simplex";
import { sayCaption, sayStatus, sayWeights } from "./speech";
import { type AtlasState, initialState, reset, setWeight, toggleTeacher, weightsOf, linkFields } from "./state";
import { AtlasTable } from "./table";
import { enlarged, Tile } from "./tile";

/** Change of a weight by one press of an arrow key. */
const STEP = 0.05;
/** Side of a tile in an exported picture. */
const EXPORTED = 96;

/** The bias atlas of a student: features, router and predictions. Owns its elements and listeners. */
export class AtlasViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor(private readonly options: ViewerInput<AtlasPayload>) {
    const { payload, trans } = options;
    this.state = initialState(payload);
    this.store = new AtlasStore(payload);
    const keys = atlasKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Atlas",
      title: payload.title || trans.__("Bias atlas"),
      about: payload.experts.join(", "),
      label: trans.__(
        "A student of several teachers. Left and right choose a teacher, up and down change its weight, numbers switch it off, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), { get: () => this.state, set: (state) => this.update(state) });
    this.lines = this.frame.lines;
    this.controls = new AtlasControls(trans, keys, payload, {
      task: (task) => this.update({ ...this.state, task }),
      weight: (expert, value) => this.update(setWeight(payload, this.state, expert, value)),
      act: (action) => this.act(action),
    });
    this.maps = new AtlasMaps(payload, this.store.values);
    this.simplex = new SimplexPane(payload.experts.length, (weights) => this.drag(weights), this.frame.signal);
    this.table = new AtlasTable(trans, payload);
    this.predicted = payload.tasks.map(() => new Tile());
    this.labels = payload.tasks.map(({ truth }) => (truth === undefined ? undefined : new Tile()));
    this.compose();
  }

  /** The state of the comm. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.frame.ask();
  }

  /** Takes predictions from the kernel. @throws ProtocolError on some that do not belong to the view */
  receive({ message, buffers }: Received): void {
    this.store.accept(readAtlasReply(message), replyValues(this.options.payload, buffers));
    this.lines.setProblem("");
    this.frame.ask();
  }

  setProblem(message: string): void {
    this.store.forget();
    this.lines.setProblem(message);
  }

  exportName(): string {
    return this.options.payload.title || "atlas";
  }

  exportPicture(): ViewPicture {
    const { experts, levels } = this.options.payload;
    const big = (canvas: HTMLCanvasElement): HTMLCanvasElement => enlarged(canvas, EXPORTED);
    const maps = levels.map((_, l) => this.maps.canvases.slice(l * experts.length, (l + 1) * experts.length).map(big));
    const labels = this.labels.flatMap((tile) => (tile ? [big(tile.canvas)] : []));
    const rows = [[this.simplex.canvas], ...maps, this.predicted.map(({ canvas }) => big(canvas)), labels];
    const words = this.frame.words();
    return { rows, words };
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.state);
  }

  exportCode(): string {
    return exportCode(this.options.payload, this.state);
  }

  /** Draws again, as after a change of the theme. */
  redraw(): void {
    this.frame.ask();
  }

  dispose(): void {
    this.frame.dispose();
  }

  private compose(): void {
    const { payload, trans } = this.options;
    const picture = element("img", {
      class: "jp-FoveaAtlas-picture",
      attributes: { alt: trans.__("The picture"), src: `data:${payload.image.mime};base64,${payload.image.data}` },
    });
    const results = payload.tasks.map((_, t) =>
      element("div", { class: "jp-FoveaAtlas-task" }, this.predicted[t].node, ...[this.labels[t]?.node ?? []].flat()),
    );
    const { live, caption } = this.lines;
    const stage = [
      element("div", { class: "jp-FoveaAtlas-top" }, picture, this.simplex.canvas),
      this.maps.node,
      element("div", { class: "jp-FoveaAtlas-results" }, ...results),
    ];
    // Sliders stand outside the stage, whose keys would take theirs.
    this.frame.fill({
      controls: this.controls,
      stage,
      above: [this.controls.experts],
      below: [live, caption, this.table.node],
    });
  }

  private act(action: AtlasAction): void {
    const { state } = this;
    const { payload } = this.options;
    const { experts, tasks } = payload;
    switch (action.type) {
      case "arrow":
        if (action.dx) return this.update({ ...state, expert: around(state.expert + action.dx, experts.length) });
        return this.update(
          setWeight(payload, state, state.expert, weightsOf(payload, state)[state.expert] - STEP * action.dy),
        );
      case "task":
        return this.update({ ...state, task: around(state.task + action.by, tasks.length) });
      case "toggle":
        return this.update(toggleTeacher(state, action.expert));
      case "reset":
        return this.update(reset(state));
      case "gains":
        return this.update({ ...state, gains: !state.gains });
      case "table":
        return this.update({ ...state, table: !state.table });
      default:
        return action satisfies never;
    }
  }

  private drag(weights: number[]): void {
    this.lines.used("pointer");
    this.update({ ...this.state, weights });
  }

  private update(state: AtlasState): void {
    this.state = state;
    this.frame.ask();
  }

  private render(): void {
    const { payload, trans } = this.options;
    const { state, store, connection } = this;
    const { experts, tasks } = payload;
    const shown = store.shown(state);
    tasks.forEach(({ name, kind, range }, t) => {
      this.predicted[t].show(paintTask(kind, shown.values[t], range), shown.size, name);
      const truth = store.values.truth(t);
      if (truth) this.labels[t]?.show(paintTask(kind, truth, range), payload.size, trans.__("%1, label", name));
    });
    const isGains = state.gains && tasks[state.task].gains !== undefined;
    this.maps.update(state.task, isGains, state.closed);
    this.simplex.draw({
      experts,
      closed: state.closed,
      others: tasks[state.task].others,
      own: meanWeights(tasks[state.task], experts.length),
      weights: weightsOf(payload, state),
      expert: state.expert,
    });
    this.controls.sync(state);
    this.table.update(state);
    setText(this.lines.live, sayWeights(trans, payload, state, store));
    setText(this.lines.caption, sayCaption(trans, payload, isGains));
    setText(this.lines.status, sayStatus(trans, payload, shown, connection));
    this.lines.status.classList.toggle("jp-mod-approximate", shown.milliseconds === undefined);
    this.wantFull();
  }

  /** Asks the kernel for the predictions of the state on screen, once. */
  private wantFull(): void {
    if (this.connection !== "live") return;
    const serial = this.store.ask(this.state);
    if (serial === undefined) return;
    const { weights, closed } = this.state;
    const off = closed.flatMap((isClosed, e) => (isClosed ? [e] : []));
    const given = weights ? weightsOf(this.options.payload, this.state) : null;
    const request: AtlasRequest = { type: "predict", serial, weights: given, closed: off };
    this.options.send(request);
  }

  private state: AtlasState;
  private connection: ConnectionState = "none";
  private readonly frame: ViewerFrame<AtlasAction>;
  private readonly lines: Lines;
  private readonly store: AtlasStore;
  private readonly controls: AtlasControls;
  private readonly maps: AtlasMaps;
  private readonly simplex: SimplexPane;
  private readonly table: AtlasTable;
  private readonly predicted: Tile[];
  private readonly labels: (Tile | undefined)[];
}

const around = (at: number, count: number): number => (at + count) % count;
