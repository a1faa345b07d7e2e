import { patchAt, type CorrespondencePayload, type GridPlacement, type Side } from "fovea/protocol";
import type { ConnectionState, FeaturePart, LiveContent } from "../comms";
import { element, freshId, setText } from "../dom";
import { composeVector, ExportControls, type Exportable, type ViewPicture } from "../export";
import { Pane, ScaleBar, type Scene } from "../image";
import { FrameSchedule } from "../parts/frame";
import type { Translate } from "../parts/translate";
import { Controls } from "./controls";
import { exportCode, exportData } from "./exports";
import { FeatureStore } from "./features";
import { correspondenceHelp } from "./help";
import { listenInput, type InputTarget } from "./input";
import type { Action } from "./keyboard";
import { PinAnswers } from "./pin-answers";
import { answerQuery, layerPCK, type Answer } from "./query";
import { answerScale } from "./scale";
import { buildScenes } from "./scene";
import { sayAnswer, sayMarks, sayPCK, sayProbe, sayStatus } from "./speech";
import {
  activeQuery,
  addPin,
  clearPins,
  initialState,
  moveCursor,
  removePin,
  turnRound,
  type ViewState,
} from "./state";

export interface ViewerOptions {
  payload: CorrespondencePayload;
  trans: Translate;
  /** Asks the kernel for the full features of a layer, if there is one. */
  requestLayer(position: number): void;
}

/** The correspondence viewer: two images, a query, its answer. Owns its elements and listeners. */
export class CorrespondenceViewer implements LiveContent, Exportable {
  readonly node: HTMLElement;

  constructor(private readonly options: ViewerOptions) {
    const { payload, trans } = options;
    this.store = new FeatureStore(payload);
    this.state = initialState(payload);
    this.panes = [new Pane(payload.images[0]), new Pane(payload.images[1])];
    this.controls = this.makeControls();
    this.exports = new ExportControls(trans, this, (message) => this.setProblem(message));
    this.controls.addButtons(this.exports.buttons);
    this.help = correspondenceHelp(trans);
    setText(this.hint, trans.__("Move the pointer over a picture to see where its patches match."));
    setText(this.marks, sayMarks(trans, payload));
    this.stage = this.makeStage();
    this.node = this.compose();
    listenInput(this.inputTarget(), this.aborter.signal);
    this.observer.observe(this.stage);
    for (const pane of this.panes) void this.load(pane);
  }

  /** The state of the comm: said in the status line; a live one is asked for the layer on screen. */
  setConnection(connection: ConnectionState): void {
    this.connection = connection;
    if (connection === "live") this.wantLayer();
    this.frame.ask();
  }

  /** Takes features from the kernel. Features that do not fit the view are a problem to show, not to throw. */
  receive(part: FeaturePart): void {
    try {
      if (!this.store.accept(part.reply, part.values)) return;
      this.pinAnswers.forget();
      this.setProblem("");
    } catch (error) {
      this.setProblem(error instanceof Error ? error.message : String(error));
    }
    this.frame.ask();
  }

  /** Shows a problem in words; the view goes on with what it has. */
  setProblem(message: string): void {
    setText(this.problem, message);
    this.problem.hidden = message === "";
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
    return composeVector(drawings, this.words());
  }

  private words(): string[] {
    const { payload, trans } = this.options;
    const lines = [this.live, this.pck, this.status].map((line) => line.textContent ?? "").filter(Boolean);
    return [trans.__("%1, layer %2", payload.encoder, payload.layers[this.state.layer].layer), ...lines];
  }

  dispose(): void {
    this.aborter.abort();
    this.observer.disconnect();
    this.frame.cancel();
    this.node.remove();
  }

  private makeControls(): Controls {
    return new Controls(this.options.trans, this.options.payload, {
      change: (part) => this.update({ ...this.state, ...part }),
      layer: (position) => this.setLayer(position),
      reverse: () => this.act({ type: "reverse" }),
      clear: () => this.act({ type: "clear" }),
      help: () => this.act({ type: "help" }),
    });
  }

  private makeStage(): HTMLElement {
    const { trans } = this.options;
    return element(
      "div",
      {
        class: "jp-FoveaView-stage jp-FoveaCorrespondence-stage",
        attributes: {
          tabindex: "0",
          role: "application",
          "aria-label": trans.__(
            "Matching points of two images. Arrows move the query, Enter pins it, question mark lists the keys.",
          ),
          "aria-describedby": this.live.id,
        },
      },
      ...this.panes.map((pane) => pane.node),
    );
  }

  private compose(): HTMLElement {
    const { payload, trans } = this.options;
    const title = payload.title || trans.__("Correspondence");
    const heading = element(
      "div",
      { class: "jp-FoveaView-title jp-FoveaCorrespondence-title" },
      element("strong", { text: title }),
    );
    heading.append(element("span", { text: trans.__("%1 on %2", payload.encoder, payload.device) }));
    const parts = [
      heading,
      this.controls.node,
      this.help,
      this.stage,
      this.hint,
      this.marks,
      this.bar.node,
      this.live,
      this.pck,
      this.exports.node,
      this.status,
      this.problem,
    ];
    return element(
      "section",
      { class: "jp-FoveaView jp-FoveaCorrespondence", attributes: { "aria-label": title } },
      ...parts,
    );
  }

  private async load(pane: Pane): Promise<void> {
    if (!(await pane.load())) this.setProblem(this.options.trans.__("An image of this view cannot be decoded."));
    this.frame.ask();
  }

  private inputTarget(): InputTarget {
    return {
      stage: this.stage,
      panes: this.panes,
      state: () => this.state,
      placement: (side) => this.placement(side),
      update: (state) => this.update(state),
      act: (action) => this.act(action),
      used: (device) => {
        this.hint.hidden = true;
        this.live.setAttribute("aria-live", device === "pointer" ? "off" : "polite");
      },
    };
  }

  private act(action: Action): void {
    switch (action.type) {
      case "move":
        return this.update(moveCursor(this.state, this.placement(this.state.cursor.side), action.dx, action.dy));
      case "layer":
        return this.setLayer(this.state.layer + action.by);
      case "pin":
        return this.update(addPin(this.state, this.state.cursor, true));
      case "remove":
        return this.update(removePin(this.state));
      case "clear":
        return this.update(clearPins(this.state));
      case "close":
        return this.close();
      case "grid":
        return this.update({ ...this.state, grid: !this.state.grid });
      case "reverse":
        return this.update(turnRound(this.state, this.placements()));
      case "hide":
        return this.update({ ...this.state, hideHeat: true });
      case "help":
        this.help.hidden = !this.help.hidden;
        return this.frame.ask();
      default:
        return action satisfies never;
    }
  }

  /** Closes the help first. Pins stay: they are dropped by their own button only. */
  private close(): void {
    if (this.help.hidden) return this.update({ ...this.state, selected: -1, hover: undefined, probe: undefined });
    this.help.hidden = true;
    this.frame.ask();
  }

  private setLayer(position: number): void {
    if (position < 0 || position >= this.options.payload.layers.length) return;
    this.update({ ...this.state, layer: position });
    this.wantLayer();
  }

  private wantLayer(): void {
    if (!this.store.hasFull(this.state.layer)) this.options.requestLayer(this.state.layer);
  }

  private placements(): [GridPlacement, GridPlacement] {
    return this.options.payload.layers[this.state.layer].placements;
  }

  private placement(side: Side): GridPlacement {
    return this.placements()[side];
  }

  private update(state: ViewState): void {
    this.state = state;
    this.frame.ask();
  }

  private render(): void {
    const { state } = this;
    const answer = this.answer();
    const scenes = this.scenes(answer);
    this.panes.forEach((pane, i) => {
      pane.resize();
      pane.draw(scenes[i]);
    });
    this.controls.sync(state, !this.help.hidden);
    this.bar.show(answerScale(this.options.trans, state, answer, this.probed(answer)));
    this.write(answer);
  }

  private scenes(answer = this.answer()): [Scene, Scene] {
    const { payload } = this.options;
    const { store, state } = this;
    return buildScenes({ payload, state, answer, pins: this.pinAnswers.answers(payload, store, state) });
  }

  private answer(): Answer | undefined {
    return answerQuery(this.options.payload, this.store, this.state, activeQuery(this.state));
  }

  private probed(answer: Answer | undefined): number | undefined {
    const { probe } = this.state;
    if (!answer || probe?.side !== answer.other) return undefined;
    return patchAt(this.placement(probe.side), probe.point);
  }

  private write(answer: Answer | undefined): void {
    const { payload, trans } = this.options;
    const { state, store } = this;
    const probed = this.probed(answer);
    setText(this.status, sayStatus(trans, payload, store, state.layer, this.connection));
    this.status.classList.toggle("jp-mod-approximate", !store.hasFull(state.layer));
    if (!answer) return setText(this.live, trans.__("No features for this layer without the kernel."));
    const said =
      probed === undefined ? sayAnswer(trans, payload, state, answer) : sayProbe(trans, state, payload, answer, probed);
    setText(this.live, said);
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
  private readonly frame = new FrameSchedule(() => this.render());
  private pckKey = "";
  private readonly store: FeatureStore;
  private readonly panes: [Pane, Pane];
  private readonly controls: Controls;
  private readonly exports: ExportControls;
  private readonly stage: HTMLElement;
  private readonly help: HTMLElement;
  private readonly bar = new ScaleBar();
  private readonly pinAnswers = new PinAnswers();
  private readonly aborter = new AbortController();
  private readonly observer = new ResizeObserver(() => this.frame.ask());
  private readonly live = element("p", {
    class: "jp-FoveaView-live jp-FoveaCorrespondence-live",
    attributes: { id: freshId("live"), "aria-live": "polite", "aria-atomic": "true" },
  });
  private readonly hint = element("p", { class: "jp-FoveaCorrespondence-hint" });
  private readonly marks = element("p", { class: "jp-FoveaView-note jp-FoveaCorrespondence-marks" });
  private readonly pck = element("p", { class: "jp-FoveaCorrespondence-pck" });
  private readonly status = element("p", {
    class: "jp-FoveaView-status jp-FoveaCorrespondence-status",
    attributes: { role: "status" },
  });
  private readonly problem = element("p", {
    class: "jp-FoveaView-problem jp-FoveaCorrespondence-problem",
    attributes: { role: "alert", hidden: "" },
  });
}
