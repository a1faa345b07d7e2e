import {
  patchAt,
  readCorrespondenceReply,
  readFeatureBuffer,
  type CorrespondencePayload,
  type FeaturesRequest,
  type GridPlacement,
  type ImageIndex,
  type Point,
  type Scene,
} from "fovea/protocol";
import type { ConnectionState, Received } from "../comms/channel";
import { element, setText } from "../dom";
import { composeVector, type Exportable, type ViewPicture } from "../export";
import { Pane, ScaleBar, WHOLE, zoomed } from "../panes";
import type { Lines } from "../parts/lines";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { DropAnswer, DroppedFile, Viewer, ViewerInput } from "../frame/viewer";
import { Controls } from "./controls";
import { dropAnswer, exportCode, exportData } from "./exports";
import { FeatureStore } from "./features";
import { listenInput, type InputTarget } from "./input";
import { correspondenceKeys, type Action } from "./keys";
import { PinAnswers } from "./pin-answers";
import { answersOf, layerPCK, otherSide, type Answer } from "./query";
import { answerScale } from "./scale";
import { buildScenes } from "./scene";
import { sayAnswer, sayEncoders, sayLayer, sayMarks, sayOthers, sayPCK, sayProbe, sayStatus } from "./speech";
import {
  activeQuery,
  addPin,
  chooseTarget,
  clearPins,
  followCursor,
  initialState,
  moveCursor,
  nextToken,
  removePin,
  swapSides,
  turnRound,
  type ViewState,
  linkFields,
} from "./state";
import { Strip } from "./strip";

/** Magnification of one press of a key. */
const ZOOM = 1.5;

/** The correspondence viewer: a source, its targets, a query, its answers. Owns its elements and listeners. */
export class CorrespondenceViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor(private readonly options: ViewerInput<CorrespondencePayload>) {
    const { payload, trans } = options;
    this.store = new FeatureStore(payload);
    this.state = initialState(payload);
    this.panes = payload.images.map((image) => new Pane(image));
    this.strip = new Strip(trans, payload, this.panes, (layer) => this.setLayer(layer));
    const keys = correspondenceKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Correspondence",
      title: payload.title || trans.__("Correspondence"),
      about: sayEncoders(trans, payload),
      label: trans.__("Matching points of images. Arrows move the query, Enter pins it, question mark lists the keys."),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), { get: () => this.state, set: (state) => this.update(state) });
    this.lines = this.frame.lines;
    this.controls = new Controls(trans, keys, payload, {
      change: (part) => this.update({ ...this.state, ...part }),
      layer: (position) => this.setLayer(position),
      target: (image) => this.update(chooseTarget(this.state, image, this.placements())),
      act: (action) => this.act(action),
    });
    setText(this.hint, trans.__("Move the pointer over a picture to see where its patches match."));
    setText(this.marks, sayMarks(trans, payload));
    this.frame.fill({
      controls: this.controls,
      stage: this.panes.map((pane) => pane.node),
      below: [this.hint, this.marks, this.bar.node, this.lines.live, this.others, this.pck, this.strip.node],
    });
    listenInput(this.inputTarget(), this.frame.signal);
    this.frame.whenReleased("h", () => this.showHeat());
    for (const pane of this.panes) void this.load(pane);
  }

  /** The state of the comm: said in the status line; a live one is asked for the layer on screen. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    if (connection === "live") this.wantLayers();
    this.frame.ask();
  }

  /** Takes features from the kernel. @throws ProtocolError on features that do not fit the view */
  receive({ message, buffers }: Received): void {
    const reply = readCorrespondenceReply(message);
    if (!this.store.accept(reply, readFeatureBuffer(reply, buffers))) return;
    this.pinAnswers.forget();
    this.setProblem("");
    this.frame.ask();
  }

  /** Shows a problem in words; the view goes on with what it has. */
  setProblem(message: string): void {
    this.lines.setProblem(message);
  }

  /** The reader's own picture takes the place of the one that it was dropped on. */
  dropped(file: DroppedFile, on: Node): DropAnswer {
    const side = this.panes.findIndex(({ node }) => node.contains(on));
    return dropAnswer(this.options.payload, this.state, file, Math.max(0, side));
  }

  exportName(): string {
    return this.options.payload.title || "correspondence";
  }

  exportPicture(): ViewPicture {
    return { rows: [this.panes.map(({ canvas }) => canvas)], words: this.words() };
  }

  exportData(): unknown {
    const { payload } = this.options;
    const { store, state } = this;
    const pins = this.pinAnswers.answers(payload, store, state);
    return exportData(payload, state, pins, !store.hasFull(state.layer));
  }

  exportCode(): string {
    return exportCode(this.options.payload, this.state);
  }

  exportVector(): string {
    const scenes = this.scenes();
    const drawings = this.panes.map((pane, i) => ({
      svg: pane.vector(scenes[i]),
      width: pane.canvas.width,
      height: pane.canvas.height,
    }));
    return composeVector([drawings], this.words(), this.node);
  }

  private words(): string[] {
    const { payload, trans } = this.options;
    const lines = [this.lines.live, this.others, this.pck, this.lines.status]
      .map((line) => line.textContent ?? "")
      .filter(Boolean);
    return [sayLayer(trans, payload, payload.layers[this.state.layer]), ...lines];
  }

  dispose(): void {
    this.frame.dispose();
  }

  private async load(pane: Pane): Promise<void> {
    if (!(await pane.load())) this.setProblem(this.options.trans.__("An image of this view cannot be decoded."));
    this.frame.ask();
  }

  private inputTarget(): InputTarget {
    return {
      panes: this.panes,
      state: () => this.state,
      placements: () => this.placements(),
      update: (state) => this.update(state),
      focus: () => this.frame.focus(),
      used: () => this.lines.used("pointer"),
    };
  }

  private act(action: Action): void {
    switch (action.type) {
      case "move":
        return this.move(action.dx, action.dy);
      case "layer":
        return this.setLayer(this.state.layer + action.by);
      case "pin":
        return this.update(addPin(this.state, this.state.cursor, true));
      case "remove":
        return this.update(removePin(this.state));
      case "clear":
        return this.update(clearPins(this.state));
      case "close":
        return this.update({ ...this.state, selected: -1, hover: undefined, probe: undefined });
      case "grid":
        return this.update({ ...this.state, grid: !this.state.grid });
      case "zoom":
        return this.zoom(action.by);
      case "components":
        return this.update({ ...this.state, base: this.state.base === "image" ? "components" : "image" });
      case "strip":
        this.update({ ...this.state, strip: !this.state.strip });
        return this.wantLayers();
      case "swap":
        return this.update(swapSides(this.state, this.placements()));
      case "target":
        return this.update(chooseTarget(this.state, this.nextTarget(), this.placements()));
      case "token":
        return this.update(nextToken(this.state, this.options.payload.layers[this.state.layer].prefix ?? 0));
      case "reverse":
        return this.update(turnRound(this.state, this.placements()));
      case "hide":
        return this.update({ ...this.state, hideHeat: true });
      default:
        return action satisfies never;
    }
  }

  private move(dx: number, dy: number): void {
    const moved = moveCursor(this.state, this.placement(this.state.cursor.side), dx, dy);
    this.update(followCursor(moved, this.options.payload));
  }

  /** Magnifies about the query, so that the keys reach what a pointer reaches. */
  private zoom(by: number): void {
    const { side, point } = activeQuery(this.state);
    const { width, height } = this.options.payload.images[side];
    const at: Point = [point[0] / width, point[1] / height];
    const shown = by === 0 ? WHOLE : zoomed(this.state.shown, ZOOM ** by, at);
    this.update({ ...this.state, shown });
  }

  private nextTarget(): ImageIndex {
    return (this.state.target % (this.panes.length - 1)) + 1;
  }

  private showHeat(): void {
    if (this.state.hideHeat) this.update({ ...this.state, hideHeat: false });
  }

  private setLayer(position: number): void {
    if (position < 0 || position >= this.options.payload.layers.length) return;
    this.update({ ...this.state, layer: position });
    this.wantLayers();
  }

  /** Asks for the full features of the layer on screen, and for those of layers of the strip that were not saved. */
  private wantLayers(): void {
    const { layer, strip } = this.state;
    if (!this.store.hasFull(layer)) this.wantLayer(layer);
    if (!strip) return;
    this.options.payload.layers.forEach((_, i) => {
      if (i !== layer && !this.store.layer(i)) this.wantLayer(i);
    });
  }

  private wantLayer(layer: number): void {
    this.panes.forEach((_, image) => {
      const request: FeaturesRequest = { type: "features", layer, image };
      this.options.send(request);
    });
  }

  private placements(): readonly GridPlacement[] {
    return this.options.payload.layers[this.state.layer].placements;
  }

  private placement(side: ImageIndex): GridPlacement {
    return this.placements()[side];
  }

  private update(state: ViewState): void {
    this.state = state;
    this.hint.hidden = true;
    this.frame.ask();
  }

  private render(): void {
    const { state } = this;
    const answers = this.answers();
    const answer = this.mainOf(answers);
    const scenes = this.scenes(answers);
    this.panes.forEach((pane, i) => {
      pane.node.classList.toggle("jp-mod-target", this.panes.length > 2 && i === state.target);
      pane.node.style.order = state.swapped && i === state.target ? "-1" : "";
      pane.show(state.shown);
      pane.resize();
      pane.draw(scenes[i]);
    });
    this.strip.draw(state, this.store);
    this.controls.sync(state);
    this.bar.show(answerScale(this.options.trans, state, answer, this.probed(answer)));
    this.write(answer, answers);
  }

  private scenes(answers = this.answers()): Scene[] {
    const { payload } = this.options;
    const { store, state } = this;
    const colors = state.base === "components" ? store.colors(state.layer) : undefined;
    return buildScenes({ payload, state, answers, pins: this.pinAnswers.answers(payload, store, state), colors });
  }

  private answers(): Answer[] {
    return answersOf(this.options.payload, this.store, this.state, activeQuery(this.state));
  }

  /** The answer that the words and the scale speak of. */
  private mainOf(answers: readonly Answer[]): Answer | undefined {
    return answers.find(({ side, other }) => other === otherSide(side, this.state));
  }

  private probed(answer: Answer | undefined): number | undefined {
    const { probe } = this.state;
    if (!answer || probe?.side !== answer.other) return undefined;
    return patchAt(this.placement(probe.side), probe.point);
  }

  private write(answer: Answer | undefined, answers: readonly Answer[]): void {
    const { payload, trans } = this.options;
    const { state, store } = this;
    const probed = this.probed(answer);
    setText(this.lines.status, sayStatus(trans, payload, store, state.layer, this.connection));
    this.lines.status.classList.toggle("jp-mod-approximate", !store.hasFull(state.layer));
    if (!answer) return setText(this.lines.live, trans.__("No features for this layer without the kernel."));
    const said =
      probed === undefined ? sayAnswer(trans, payload, state, answer) : sayProbe(trans, state, payload, answer, probed);
    setText(this.lines.live, said);
    setText(this.others, sayOthers(trans, payload, state, answers));
    this.writePCK();
  }

  /** PCK changes with layer, similarity, direction and features, not with every hover. */
  private writePCK(): void {
    const { payload, trans } = this.options;
    if (!payload.groundTruth) return;
    const { layer, similarity, reverse } = this.state;
    const key = [layer, similarity === "centered", reverse, this.store.hasFull(layer)].join();
    if (key === this.pckKey) return;
    this.pckKey = key;
    const pck = layerPCK(payload, this.store, this.state);
    setText(this.pck, pck ? sayPCK(trans, payload.groundTruth.alpha, pck) : "");
  }

  private state: ViewState;
  private connection: ConnectionState = "none";
  private readonly frame: ViewerFrame<Action>;
  private readonly lines: Lines;
  private pckKey = "";
  private readonly store: FeatureStore;
  private readonly panes: readonly Pane[];
  private readonly strip: Strip;
  private readonly controls: Controls;
  private readonly bar = new ScaleBar();
  private readonly pinAnswers = new PinAnswers();
  private readonly hint = element("p", { class: "jp-FoveaCorrespondence-hint" });
  private readonly marks = element("p", { class: "jp-FoveaView-note jp-FoveaCorrespondence-marks" });
  private readonly others = element("p", { class: "jp-FoveaView-note jp-FoveaCorrespondence-others" });
  private readonly pck = element("p", { class: "jp-FoveaCorrespondence-pck" });
}
