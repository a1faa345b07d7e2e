import {
  type GridPlacement,
  type GroundingPayload,
  type Mark,
  most,
  patchAt,
  patchCenter,
  patchSize,
  readGroundingReply,
  type Scene,
} from "fovea/protocol";
import type { ConnectionState, Received } from "../comms/channel";
import { element, setText } from "../dom";
import { composeVector, type Exportable, type ViewPicture } from "../export";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { DropAnswer, DroppedFile, Viewer, ViewerInput } from "../frame/viewer";
import { Pane, type Scale, ScaleBar } from "../panes";
import type { Lines } from "../parts/lines";
import { boxesOf, boxMarks, type ShownBoxes } from "./boxes";
import { WordChips } from "./chips";
import { GroundingControls } from "./controls";
import { dropAnswer, exportCode, exportData } from "./exports";
import { type GroundingAction, groundingKeys } from "./keys";
import { ReplayPane } from "./replay";
import { attentionText, sayAnswer, sayBox, sayCaption, sayStatus } from "./speech";
import {
  type GroundingState,
  initialState,
  moveLayer,
  movePatch,
  movePhrase,
  moveThreshold,
  moveWord,
  reset,
  showEpoch,
  shownPatch,
  shownWord,
  showPhrase,
  linkFields,
} from "./state";
import { GroundingStore, type ShownAnswer } from "./store";
import { GroundingTable } from "./table";

/** The grounding viewer: a phrase under a picture, and its boxes at every keystroke. Owns its elements and listeners. */
export class GroundingViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor(private readonly options: ViewerInput<GroundingPayload>) {
    const { payload, trans } = options;
    this.state = initialState(payload);
    this.store = new GroundingStore(payload);
    this.panes = payload.pictures.map((image) => new Pane(image));
    const keys = groundingKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Grounding",
      title: payload.title || trans.__("Visual grounding"),
      about: payload.model,
      label: trans.__(
        "Boxes of a phrase on a picture. Slash writes a phrase, comma and full stop choose a word, arrows move the patch, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), { get: () => this.state, set: (state) => this.update(state) });
    this.lines = this.frame.lines;
    this.controls = new GroundingControls(trans, keys, payload, {
      change: (part) => this.update({ ...this.state, ...part }),
      write: (phrase) => this.update(showPhrase(this.state, phrase)),
      leave: () => this.frame.focus(),
      listed: (at) => this.update(showPhrase(this.state, payload.saved[at].phrase, payload.saved[at].picture)),
      picture: (picture) => this.update(showPhrase(this.state, this.state.phrase, picture)),
      act: (action) => this.act(action),
    });
    this.chips = new WordChips({
      hover: (hoverWord) => this.hover({ hoverWord }),
      click: (word) => this.keep({ word: this.state.word === word ? undefined : word }),
    });
    this.replay = new ReplayPane(
      trans,
      payload,
      (epoch) => this.update(showEpoch(this.state, payload, epoch)),
      this.frame.signal,
    );
    this.table = new GroundingTable(trans, payload);
    this.compose();
    this.panes.forEach((pane) => this.listen(pane));
    this.frame.whenReleased("h", () => this.state.hide && this.update({ ...this.state, hide: false }));
  }

  /** Takes the state of the comm; a live one is asked for the phrase on screen. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    this.store.reconnect();
    this.want();
    this.frame.ask();
  }

  /** Takes boxes or attention from the kernel. @throws ProtocolError for a reply of another view */
  receive({ message, buffers }: Received): void {
    this.store.accept(readGroundingReply(message), buffers);
    this.lines.setProblem("");
    this.want();
    this.frame.ask();
  }

  setProblem(message: string): void {
    this.store.fail(message);
    this.lines.setProblem(message);
    this.frame.ask();
  }

  exportName(): string {
    return this.options.payload.title || "grounding";
  }

  exportPicture(): ViewPicture {
    const charts = this.state.epoch === undefined ? [] : [[this.replay.canvas]];
    return { rows: [[this.pane.canvas], ...charts], words: this.frame.words() };
  }

  exportVector(): string {
    const { width, height } = this.pane.canvas;
    const svg = this.pane.vector(this.scene(this.shown(), this.boxes()));
    return composeVector([[{ svg, width, height }]], this.frame.words(), this.node);
  }

  exportData(): unknown {
    return exportData(this.options.payload, this.state, this.shown(), this.boxes());
  }

  /** The phrase is asked for in the reader's own picture. */
  dropped(file: DroppedFile): DropAnswer | undefined {
    return dropAnswer(this.options.payload, this.state, file);
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

  private get pane(): Pane {
    return this.panes[this.state.picture];
  }

  private compose(): void {
    const { trans } = this.options;
    const { live, caption } = this.lines;
    const legend = trans.__("solid: token branch · dashed: decoder branch · dotted: truth");
    const side = element(
      "div",
      { class: "jp-FoveaGrounding-side" },
      this.chips.node,
      this.found,
      element("p", { class: "jp-FoveaView-note", text: legend }),
    );
    const pictures = element("div", { class: "jp-FoveaGrounding-pictures" }, ...this.panes.map(({ node }) => node));
    // The field stands outside the stage, whose keys would take its letters.
    this.frame.fill({
      controls: this.controls,
      above: [this.controls.field],
      stage: [pictures, side],
      below: [this.bar.node, live, this.replay.node, caption, this.table.node],
    });
  }

  private listen(pane: Pane): void {
    const { signal } = this.frame;
    const at = (event: MouseEvent): number | undefined => patchAt(this.placement(), pane.pointAt(event));
    pane.canvas.addEventListener("pointermove", (event) => this.hover({ hoverPatch: at(event) }), { signal });
    pane.canvas.addEventListener("pointerleave", () => this.hover({ hoverPatch: undefined }), { signal });
    pane.canvas.addEventListener("click", (event) => this.keep({ patch: at(event) }), { signal });
    void this.frame.load(pane);
  }

  private act(action: GroundingAction): void {
    const { state } = this;
    const { payload } = this.options;
    switch (action.type) {
      case "write":
        return this.controls.write();
      case "move":
        return this.update(movePatch(state, payload, action.dx, action.dy));
      case "word":
        return this.update(moveWord(state, this.shown()?.answer.words.length ?? 1, action.by));
      case "layer":
        return this.update(moveLayer(state, payload, action.by));
      case "phrase":
        return this.update(movePhrase(state, payload, action.by));
      case "threshold":
        return this.update(payload.queries > 1 ? moveThreshold(state, action.by) : state);
      case "replay":
        return this.update(state.epoch === undefined ? showEpoch(state, payload, Infinity) : reset(state));
      case "epoch":
        return this.update(showEpoch(state, payload, (state.epoch ?? payload.replay?.epochs.length ?? 0) + action.by));
      case "reset":
        return this.update(reset(state));
      case "hide":
        return this.update({ ...state, hide: true });
      case "table":
        return this.update({ ...state, table: !state.table });
      default:
        return action satisfies never;
    }
  }

  private hover(part: Pick<GroundingState, "hoverWord" | "hoverPatch">): void {
    const same = (Object.keys(part) as (keyof typeof part)[]).every((key) => part[key] === this.state[key]);
    if (same) return;
    this.lines.used("pointer");
    this.update({ ...this.state, ...part });
  }

  /** Keeps the word or patch that was clicked. */
  private keep(part: Pick<GroundingState, "word" | "patch">): void {
    this.frame.focus();
    this.update({ ...this.state, ...part });
  }

  private update(state: GroundingState): void {
    const isSame = state.phrase === this.state.phrase && state.picture === this.state.picture;
    this.state = state;
    // A complaint about a phrase goes with it, and comes back with it.
    if (!isSame) this.lines.setProblem(this.store.problem(state));
    this.want();
    this.frame.ask();
  }

  /** Asks the kernel for the answer on screen; of several questions it answers the last. */
  private want(): void {
    if (this.connection !== "live" || this.state.epoch !== undefined) return;
    const question = this.store.question(this.state);
    if (question) this.options.send(question);
  }

  private shown(): ShownAnswer | undefined {
    return this.store.shown(this.state);
  }

  private boxes(shown = this.shown()): ShownBoxes {
    return boxesOf(this.options.payload, this.state, shown);
  }

  private placement(): GridPlacement {
    const { grid, pictures } = this.options.payload;
    const { width, height } = pictures[this.state.picture];
    return { grid, region: [0, 0, width, height] };
  }

  /** The picture with the boxes, over the attention of the word. */
  private scene(shown: ShownAnswer | undefined, boxes: ShownBoxes): Scene {
    const { state } = this;
    if (state.hide) return { marks: [] };
    const placement = this.placement();
    const patch = shownPatch(state);
    const here: Mark[] =
      patch === undefined
        ? []
        : [{ kind: "patch", at: patchCenter(placement, patch), size: patchSize(placement), cursor: false }];
    const values = this.lit(shown);
    const heat = values && {
      values,
      placement,
      range: [0, this.ends(shown).toPatches] as [number, number],
      colormap: "viridis" as const,
      opacity: state.opacity,
    };
    return { ...(heat && { heat }), marks: [...boxMarks(boxes), ...here] };
  }

  /** Attention of the word on screen to the patches. */
  private lit(shown: ShownAnswer | undefined): Float32Array | undefined {
    const word = shownWord(this.state);
    const isThere = word !== undefined && shown !== undefined && word < shown.answer.words.length;
    return isThere && this.state.epoch === undefined ? shown.attention?.word(word, this.state.layer) : undefined;
  }

  /** Upper ends of the scales, one for all words: a word that looks nowhere must look so. */
  private ends(shown: ShownAnswer | undefined): { toPatches: number; toWords: number } {
    return shown?.attention?.ends(this.state.layer) ?? { toPatches: 1, toWords: 1 };
  }

  private render(): void {
    const { payload, trans } = this.options;
    const { state, store, lines } = this;
    const shown = this.shown();
    const boxes = this.boxes(shown);
    this.panes.forEach((pane, i) => (pane.node.hidden = i !== state.picture));
    this.pane.resize();
    this.pane.draw(this.scene(shown, boxes));
    this.drawChips(shown);
    this.found.replaceChildren(...boxes.boxes.map((box) => element("li", { text: sayBox(trans, box) })));
    this.controls.sync(state);
    this.controls.setInvalid(store.hasFailed(state));
    this.replay.draw(state.epoch);
    this.table.update(state, shown, boxes);
    this.bar.show(this.scale(shown));
    setText(lines.live, sayAnswer(trans, payload, state, shown, boxes));
    setText(lines.caption, sayCaption(trans, payload, state, store));
    setText(lines.status, sayStatus(trans, state, shown, store, this.connection));
    lines.status.classList.toggle("jp-mod-approximate", !store.has(state));
  }

  private drawChips(shown: ShownAnswer | undefined): void {
    const { state } = this;
    const patch = shownPatch(state);
    const values = patch === undefined ? undefined : shown?.attention?.patch(patch, state.layer);
    this.chips.update({
      words: shown?.answer.words ?? [],
      word: shownWord(state),
      values,
      end: this.ends(shown).toWords,
    });
  }

  private scale(shown: ShownAnswer | undefined): Scale | undefined {
    const values = this.lit(shown);
    const word = shownWord(this.state);
    if (!values || word === undefined) return undefined;
    const top = most(values);
    const range: [number, number] = [0, this.ends(shown).toPatches];
    const patch = shownPatch(this.state);
    const value = patch === undefined ? top : values[patch];
    const { trans } = this.options;
    return {
      title: trans.__("Attention of “%1”", shown?.answer.words[word] ?? ""),
      colormap: "viridis",
      range,
      clipped: false,
      value,
      label: patch === undefined ? trans.__("most %1", attentionText(top)) : trans.__("here %1", attentionText(value)),
    };
  }

  private state: GroundingState;
  private connection: ConnectionState = "none";
  private readonly store: GroundingStore;
  private readonly frame: ViewerFrame<GroundingAction>;
  private readonly lines: Lines;
  private readonly panes: Pane[];
  private readonly controls: GroundingControls;
  private readonly chips: WordChips;
  private readonly replay: ReplayPane;
  private readonly table: GroundingTable;
  private readonly bar = new ScaleBar();
  private readonly found = element("ul", { class: "jp-FoveaGrounding-boxes", attributes: { "aria-hidden": "true" } });
}
