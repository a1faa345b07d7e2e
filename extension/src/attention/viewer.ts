import {
  patchAt,
  readAttentionReply,
  readRowsBuffer,
  shapeOf,
  type AttentionPayload,
  type Scene,
} from "fovea/protocol";
import type { ConnectionState, Received } from "../comms/channel";
import { element, setText } from "../dom";
import { composeVector, type Exportable, type ViewPicture } from "../export";
import { Pane, ScaleBar, type Scale } from "../panes";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { DropAnswer, DroppedFile, Viewer, ViewerInput } from "../frame/viewer";
import { answerState, type AttentionAnswer } from "./answer";
import { AttentionControls } from "./controls";
import { dropAnswer, exportCode, exportData } from "./exports";
import { HeadGrid } from "./heads";
import { attentionKeys, type AttentionAction } from "./keys";
import { headScene, placementOf } from "./scenes";
import { probability, sayAnswer, sayCaption, sayStatus } from "./speech";
import {
  initialState,
  kindQuery,
  moveHead,
  moveQuery,
  showLayer,
  shownQuery,
  type AttentionState,
  linkFields,
} from "./state";
import { RowStore } from "./store";
import { AttentionTable } from "./table";

/** Small pictures in a row of an exported picture. */
const EXPORT_COLUMNS = 6;

/** The attention viewer: one head enlarged, all heads of the layer beside it. Owns its elements and listeners. */
export class AttentionViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor(private readonly options: ViewerInput<AttentionPayload>) {
    const { payload, trans } = options;
    this.store = new RowStore(payload);
    this.state = initialState(payload);
    this.panes = payload.pictures.map(({ image }) => new Pane(image));
    const keys = attentionKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Attention",
      title: payload.title || trans.__("Attention"),
      about: trans.__("%1 on %2", payload.encoder, payload.device),
      label: trans.__(
        "Where heads of attention look. Arrows move the query, brackets the layer, comma and full stop the head, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), {
      get: () => this.state,
      // The head of a link may be one that its layer does not have.
      set: (state) => this.update(showLayer(state, payload, state.layer)),
    });
    this.controls = new AttentionControls(trans, keys, payload, {
      change: (part) => this.update({ ...this.state, ...part }),
      layer: (position) => this.update(showLayer(this.state, payload, position)),
      act: (action) => this.act(action),
    });
    this.heads = new HeadGrid(
      (head) => this.keep({ head }),
      () => this.frame.ask(),
    );
    this.table = new AttentionTable(trans, payload);
    setText(this.marks, trans.__("□ query · ✛ patch with most of it · small: head · entropy · mean distance"));
    this.compose();
    this.panes.forEach((pane, picture) => this.listen(pane, picture));
    this.frame.whenReleased("h", () => this.state.hideHeat && this.update({ ...this.state, hideHeat: false }));
  }

  /** The state of the comm: a live one is asked for the query on screen. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.asking = undefined;
    this.want();
    this.frame.ask();
  }

  /** Takes rows from the kernel. @throws ProtocolError on rows that do not fit the view */
  receive({ message, buffers }: Received): void {
    this.asking = undefined;
    const reply = readAttentionReply(message);
    this.store.accept(reply, readRowsBuffer(reply, buffers));
    this.frame.lines.setProblem("");
    this.want();
    this.frame.ask();
  }

  /** Shows a problem in words; a question that failed is not asked again. */
  setProblem(message: string): void {
    if (this.asking !== undefined) this.failed.add(this.asking);
    this.asking = undefined;
    this.frame.lines.setProblem(message);
  }

  exportName(): string {
    return this.options.payload.title || "attention";
  }

  exportPicture(): ViewPicture {
    const words = this.frame.words();
    return { rows: [[this.pane.canvas], ...this.heads.rows(EXPORT_COLUMNS)], words };
  }

  exportVector(): string {
    const svg = this.pane.vector(this.scene(this.answer(), this.state.head, true));
    const { width, height } = this.pane.canvas;
    return composeVector([[{ svg, width, height }]], [this.frame.lines.live.textContent ?? ""], this.node);
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.state, this.answer());
  }

  /** The reader's own picture takes the place of the one on screen, a model that of the encoder. */
  dropped(file: DroppedFile): DropAnswer {
    return dropAnswer(this.options.payload, this.state, file);
  }

  exportCode(): string {
    return exportCode(this.options.payload, this.state);
  }

  dispose(): void {
    this.frame.dispose();
  }

  private get pane(): Pane {
    return this.panes[this.state.picture];
  }

  private compose(): void {
    const { live, caption } = this.frame.lines;
    const large = element("div", { class: "jp-FoveaAttention-large" }, ...this.panes.map(({ node }) => node));
    this.frame.fill({
      controls: this.controls,
      stage: [large, this.heads.node],
      below: [this.bar.node, live, this.marks, caption, this.table.node],
    });
  }

  private listen(pane: Pane, picture: number): void {
    const { payload } = this.options;
    const { signal, lines } = this.frame;
    const queryAt = (event: MouseEvent): number | undefined => {
      const patch = patchAt(placementOf(payload, picture), pane.pointAt(event));
      return patch === undefined ? undefined : payload.prefix + patch;
    };
    const hover = (query: number | undefined): void => {
      lines.used("pointer");
      if (query !== this.state.hover) this.update({ ...this.state, hover: query });
    };
    pane.canvas.addEventListener("pointermove", (event) => hover(queryAt(event)), { signal });
    pane.canvas.addEventListener("pointerleave", () => hover(undefined), { signal });
    pane.canvas.addEventListener("click", (event) => this.keep({ query: queryAt(event) ?? this.state.query }), {
      signal,
    });
    void this.frame.load(pane);
  }

  private act(action: AttentionAction): void {
    const { state } = this;
    const { payload } = this.options;
    const shape = shapeOf(payload, state.layer);
    switch (action.type) {
      case "move":
        return this.update(moveQuery(state, shape, action.dx, action.dy));
      case "layer":
        return this.update(showLayer(state, payload, state.layer + action.by));
      case "head":
        return this.update(moveHead(state, shape, action.by));
      case "class":
      case "mean":
        return this.update(kindQuery(state, payload, action.type));
      case "picture":
        return this.update({ ...state, picture: (state.picture + 1) % payload.pictures.length, hover: undefined });
      case "reset":
        return this.update({ ...state, query: payload.query, hover: undefined });
      case "hide":
        return this.update({ ...state, hideHeat: true });
      case "grid":
      case "table":
        return this.update({ ...state, [action.type]: !state[action.type] });
      default:
        return action satisfies never;
    }
  }

  /** Keeps the patch under a click. */
  private keep(part: Partial<AttentionState>): void {
    this.frame.focus();
    this.update({ ...this.state, ...part });
  }

  private update(state: AttentionState): void {
    this.state = state;
    this.want();
    this.frame.ask();
  }

  /** Asks the kernel for the query on screen, one question at a time: of those that come meanwhile the last is asked. */
  private want(): void {
    const { picture, layer } = this.state;
    if (this.connection !== "live" || this.asking !== undefined) return;
    const question = this.store.question(picture, layer, shownQuery(this.state));
    const key = JSON.stringify(question);
    if (!question || this.failed.has(key)) return;
    this.asking = key;
    this.options.send(question);
  }

  private answer(): AttentionAnswer | undefined {
    return answerState(this.options.payload, this.store, this.state);
  }

  private scene(answer: AttentionAnswer | undefined, head: number, isLarge: boolean): Scene {
    return headScene(this.options.payload, this.state, answer, head, isLarge);
  }

  private render(): void {
    const { payload } = this.options;
    const { state } = this;
    const answer = this.answer();
    this.panes.forEach((pane, i) => (pane.node.hidden = i !== state.picture));
    this.pane.resize();
    this.pane.draw(this.scene(answer, state.head, true));
    this.heads.show(payload.pictures[state.picture].image, payload.numbers[state.picture][state.layer]);
    this.heads.draw((head) => this.scene(answer, head, false), state.head);
    this.controls.sync(state);
    this.table.update(state, answer);
    this.bar.show(answer && this.scaleOf(answer));
    this.write(answer);
  }

  private scaleOf({ heads }: AttentionAnswer): Scale {
    const { trans } = this.options;
    const { map, end, best } = heads[this.state.head];
    return {
      title: trans.__("Attention, head %1", this.state.head + 1),
      colormap: this.state.colormap,
      range: [0, end],
      clipped: false,
      value: map[best],
      label: trans.__("most %1", probability(map[best])),
    };
  }

  private write(answer: AttentionAnswer | undefined): void {
    const { payload, trans } = this.options;
    const { live, caption, status } = this.frame.lines;
    setText(status, sayStatus(trans, answer, this.connection));
    status.classList.toggle("jp-mod-approximate", !answer || answer.isSaved);
    setText(caption, sayCaption(trans, payload, this.state));
    setText(
      live,
      answer
        ? sayAnswer(trans, payload, this.state, answer)
        : trans.__("No attention of this query without the kernel."),
    );
  }

  private state: AttentionState;
  private connection: ConnectionState = "none";
  /** The question that the kernel has not answered yet, and those that it could not answer. */
  private asking: string | undefined;
  private readonly failed = new Set<string>();
  private readonly store: RowStore;
  private readonly frame: ViewerFrame<AttentionAction>;
  private readonly panes: Pane[];
  private readonly heads: HeadGrid;
  private readonly controls: AttentionControls;
  private readonly table: AttentionTable;
  private readonly bar = new ScaleBar();
  private readonly marks = element("p", { class: "jp-FoveaView-note" });
}
