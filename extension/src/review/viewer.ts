import {
  type Box,
  boxMark,
  type DecideRequest,
  type Mark,
  readReviewReply,
  type ReviewDecision,
  type ReviewPayload,
  type Scene,
} from "fovea/protocol";
import type { ConnectionState, Received } from "../comms/channel";
import { element, setText } from "../dom";
import { composeVector, type Exportable, type ViewPicture } from "../export";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { Viewer, ViewerInput } from "../frame/viewer";
import { Pane } from "../panes";
import type { Lines } from "../parts/lines";
import { ReviewControls } from "./controls";
import { listenDrag } from "./drag";
import { exportCode, exportData } from "./exports";
import { type ReviewAction, reviewKeys } from "./keys";
import { ReviewList } from "./list";
import { acceptText, sayCaption, sayItem, sayStatus } from "./speech";
import {
  drawBox,
  dropDraft,
  initialState,
  nextOpen,
  nudge,
  type ReviewState,
  sent,
  showItem,
  shownBox,
  verdictOf,
  linkFields,
} from "./state";
import { ReviewTable } from "./table";

/** The review: one doubtful box after another, confirmed, redrawn or rejected. Owns its elements and listeners. */
export class ReviewViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor(private readonly options: ViewerInput<ReviewPayload>) {
    const { payload, trans } = options;
    this.state = initialState(payload);
    this.panes = payload.pictures.map((image) => new Pane(image));
    const keys = reviewKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Review",
      title: payload.title || trans.__("Review of doubtful boxes"),
      about: payload.file,
      label: trans.__(
        "Doubtful boxes. Enter saves the box on screen, x rejects it, arrows move it, n goes to the next, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), { get: () => this.state, set: (state) => this.update(state) });
    this.lines = this.frame.lines;
    this.controls = new ReviewControls(trans, keys, (action) => this.act(action));
    this.list = new ReviewList(trans, payload, (item) => {
      this.frame.focus();
      this.update(showItem(this.state, item));
    });
    this.table = new ReviewTable(trans, payload);
    this.compose();
    this.panes.forEach((pane, picture) => this.listen(pane, picture));
    this.frame.whenReleased("h", () => this.state.hide && this.update({ ...this.state, hide: false }));
  }

  /** Takes the state of the comm; only a live one can save. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.update({ ...this.state, pending: [] });
  }

  /** Takes the decisions as the file has them. @throws ProtocolError for a reply of another view */
  receive({ message }: Received): void {
    const { decisions, annotations, rejected } = readReviewReply(message);
    const { items } = this.options.payload;
    const known = items.map((_, at) => decisions.at(at) ?? undefined);
    const { state } = this;
    const pending = state.pending.filter((at) => JSON.stringify(known[at] ?? null) !== this.wanted.get(at));
    // A drawn box is kept until it is in the file.
    const drafts = state.drafts.map((draft, at) =>
      state.pending.includes(at) && !pending.includes(at) ? undefined : draft,
    );
    this.lines.setProblem("");
    this.update({ ...state, decisions: known, drafts, pending, written: { annotations, rejected } });
  }

  setProblem(message: string): void {
    this.lines.setProblem(message);
    this.update({ ...this.state, pending: [] });
  }

  exportName(): string {
    return this.options.payload.title || "review";
  }

  exportPicture(): ViewPicture {
    return { rows: this.pane ? [[this.pane.canvas]] : [], words: this.frame.words() };
  }

  exportVector(): string {
    const { pane } = this;
    const drawings = pane
      ? [[{ svg: pane.vector(this.scene()), width: pane.canvas.width, height: pane.canvas.height }]]
      : [];
    return composeVector(drawings, this.frame.words(), this.node);
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.state);
  }

  exportCode(): string {
    return exportCode(this.options.payload);
  }

  /** Draws again, as after a change of the theme. */
  redraw(): void {
    this.frame.ask();
  }

  dispose(): void {
    this.frame.dispose();
  }

  /** Picture of the prediction on screen; none where there is nothing to review. */
  private get pane(): Pane | undefined {
    const item = this.options.payload.items.at(this.state.item);
    return item && this.panes[item.picture];
  }

  private compose(): void {
    const { live, caption } = this.lines;
    const pictures = element(
      "div",
      { class: "jp-FoveaReview-pictures" },
      this.phrase,
      ...this.panes.map(({ node }) => node),
    );
    this.frame.fill({
      controls: this.controls,
      stage: [pictures, this.list.node],
      below: [live, this.hint, caption, this.table.node],
    });
  }

  private listen(pane: Pane, picture: number): void {
    const { payload } = this.options;
    const events = {
      box: () => (payload.items.length ? shownBox(payload, this.state) : undefined),
      draw: (box: Box) => {
        this.frame.focus();
        this.lines.used("pointer");
        this.update(drawBox(payload, this.state, box));
      },
    };
    listenDrag(pane, payload.pictures[picture], events, this.frame.signal);
    void this.frame.load(pane);
  }

  private act(action: ReviewAction): void {
    const { state } = this;
    const { payload } = this.options;
    if (!payload.items.length && action.type !== "table") return;
    switch (action.type) {
      case "accept":
        return this.decide({ verdict: verdictOf(payload, state), box: shownBox(payload, state) }, true);
      case "reject":
        return this.decide({ verdict: "rejected", box: null }, true);
      case "undo":
        return this.decide(null, false);
      case "nudge":
        return this.update(nudge(payload, state, action.dx, action.dy));
      case "mode":
        return this.update({ ...state, mode: state.mode === "move" ? "size" : "move" });
      case "item":
        return this.update(showItem(state, state.item + action.by));
      case "reset":
        return this.update(dropDraft(state));
      case "hide":
        return this.update({ ...state, hide: true });
      case "table":
        return this.update({ ...state, table: !state.table });
      default:
        return action satisfies never;
    }
  }

  /** Sends a decision to the kernel; a new decision moves on to the next prediction. */
  private decide(decision: ReviewDecision | null, goesOn: boolean): void {
    const { item } = this.state;
    const { trans } = this.options;
    if (this.connection !== "live")
      return this.lines.setProblem(trans.__("Nothing can be saved without the kernel: run the cell of this view."));
    const request: DecideRequest = { type: "decide", item, decision };
    this.wanted.set(item, JSON.stringify(decision));
    this.options.send(request);
    const after = sent(this.state, item);
    this.update(goesOn ? nextOpen(after) : dropDraft(after));
  }

  private update(state: ReviewState): void {
    this.state = state;
    this.frame.ask();
  }

  private scene(): Scene {
    const { payload } = this.options;
    const { state } = this;
    if (state.hide || !payload.items.length) return { marks: [] };
    const { box: predicted } = payload.items[state.item];
    const box = shownBox(payload, state);
    const isRejected = state.decisions[state.item]?.verdict === "rejected" && !state.drafts[state.item];
    if (isRejected) return { marks: [boxMark(predicted, "second", "rejected", false)] };
    const corners = [
      [box[0], box[1]],
      [box[2], box[1]],
      [box[2], box[3]],
      [box[0], box[3]],
    ] as const;
    const handles = corners.map((at): Mark => ({ kind: "keypoint", at }));
    const before = verdictOf(payload, state) === "redrawn" ? [boxMark(predicted, "truth", "", false)] : [];
    return { marks: [...before, boxMark(box, "first", "", true), ...handles] };
  }

  private render(): void {
    const { payload, trans } = this.options;
    const { state, lines, pane, connection } = this;
    const item = payload.items.at(state.item);
    this.panes.forEach((one) => (one.node.hidden = one !== pane));
    pane?.resize();
    pane?.draw(this.scene());
    setText(this.phrase, item ? `“${item.phrase}”` : "");
    const isRedrawn = item !== undefined && verdictOf(payload, state) === "redrawn";
    this.controls.sync(state, isRedrawn, connection === "live" && item !== undefined);
    this.list.update(state);
    this.table.update(state);
    setText(this.hint, item ? acceptText(trans, payload, state) : "");
    setText(lines.live, sayItem(trans, payload, state));
    setText(lines.caption, sayCaption(trans, payload, state));
    setText(lines.status, sayStatus(trans, payload, state, connection));
    lines.status.classList.toggle("jp-mod-approximate", connection !== "live");
  }

  private state: ReviewState;
  private connection: ConnectionState = "none";
  /** The decision that was sent last, by item, as JSON. */
  private readonly wanted = new Map<number, string>();
  private readonly frame: ViewerFrame<ReviewAction>;
  private readonly lines: Lines;
  private readonly panes: Pane[];
  private readonly controls: ReviewControls;
  private readonly list: ReviewList;
  private readonly table: ReviewTable;
  private readonly phrase = element("p", { class: "jp-FoveaReview-phrase", attributes: { "aria-hidden": "true" } });
  private readonly hint = element("p", { class: "jp-FoveaView-note" });
}
