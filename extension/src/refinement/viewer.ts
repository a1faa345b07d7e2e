import {
  type RefinementFigureInput,
  refinementLayers,
  refinementMeasures,
  type RefinementPayload,
  refinementPlane,
  RefinementValues,
} from "fovea/protocol";
import { element, setText } from "../dom";
import { composeVector, type Exportable, type ViewPicture } from "../export";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { Viewer, ViewerInput } from "../frame/viewer";
import type { Lines } from "../parts/lines";
import type { Translate } from "../parts/translate";
import { PlotDrawings } from "../plots/drawings";
import { PlotPanel } from "../plots/panel";
import { RefinementControls } from "./controls";
import { exportCode, exportData } from "./exports";
import { type RefinementAction, refinementKeys } from "./keys";
import { sayCaption, sayStatus, sayToken } from "./speech";
import {
  activeToken,
  choicesOf,
  choosePicture,
  initialState,
  movePicture,
  moveStage,
  moveToken,
  pin,
  type RefinementState,
  linkFields,
} from "./state";
import { RefinementTable } from "./table";
import { TokenPicture } from "./token-picture";

/** Tokens and words in one plane through the stages of a refinement, with the gap between them. Owns its elements and listeners. */
export class RefinementViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor({ payload, trans }: Pick<ViewerInput<RefinementPayload>, "payload" | "trans">) {
    this.payload = payload;
    this.trans = trans;
    this.state = initialState(payload);
    this.values = new RefinementValues(payload);
    const keys = refinementKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Refinement",
      title: payload.title || trans.__("Refinement"),
      about: payload.stages.join(" → "),
      label: trans.__(
        "Tokens of pictures and words in one plane through the stages. Arrows move over the tokens, brackets change the stage, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), { get: () => this.state, set: (state) => this.update(state) });
    this.lines = this.frame.lines;
    this.drawings = new PlotDrawings((message) => this.setProblem(message));
    this.controls = new RefinementControls(trans, keys, payload, {
      stage: (stage) => this.update({ ...this.state, stage }),
      picture: (picture) => this.update(choosePicture(payload, this.state, picture)),
      act: (action) => this.act(action),
    });
    this.picture = new TokenPicture(trans, payload, () => this.frame.ask());
    this.table = new RefinementTable(trans, payload);
    this.compose();
  }

  setProblem(message: string): void {
    this.lines.setProblem(message);
  }

  exportName(): string {
    return this.payload.title || "refinement";
  }

  async exportPicture(): Promise<ViewPicture> {
    const [plane, measures, layers] = await Promise.all(this.panels().map((panel) => panel.picture()));
    const rows = [[plane, this.picture.canvas], [measures], [layers]];
    return { rows: rows.map((row) => row.flatMap((one) => one ?? [])), words: this.frame.words() };
  }

  async exportVector(): Promise<string> {
    const [plane, measures, layers] = await Promise.all(this.panels().map((panel) => panel.vector()));
    const rows = [[plane], [measures], [layers]].map((row) => row.flatMap((one) => one ?? []));
    return composeVector(rows, this.frame.words(), this.node);
  }

  exportData(): unknown {
    return exportData(this.payload, this.values, this.state);
  }

  exportCode(): string {
    return exportCode(this.payload, this.state);
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

  private compose(): void {
    const { live, caption } = this.lines;
    const top = element("div", { class: "jp-FoveaRefinement-top" }, this.plane.node, this.picture.node);
    this.frame.fill({
      controls: this.controls,
      stage: [top],
      below: [live, caption, this.measures.node, this.layers.node, this.table.node],
    });
  }

  private panels(): PlotPanel[] {
    return [this.plane, this.measures, this.layers];
  }

  private act(action: RefinementAction): void {
    const { state, payload } = this;
    switch (action.type) {
      case "arrow":
        return this.update(moveToken(payload, state, [action.dx, action.dy]));
      case "stage":
        return this.update(moveStage(payload, state, action.by));
      case "picture":
        return this.update(movePicture(payload, state, action.by));
      case "pin":
        return this.update(pin(state, activeToken(state)));
      case "release":
        return this.update({ ...state, pinned: false });
      case "words":
        return this.update({ ...state, named: !state.named });
      case "table":
        return this.update({ ...state, table: !state.table });
      default:
        return action satisfies never;
    }
  }

  /** Shows the token under the pointer; words have no data, so pointing at one changes nothing. */
  private onHover(data: unknown): void {
    this.lines.used("pointer");
    if (typeof data !== "number" || data === this.state.hover) return;
    this.update({ ...this.state, hover: data });
  }

  private onClick(data: unknown): void {
    this.frame.focus();
    if (typeof data === "number") this.update(pin(this.state, data));
  }

  private update(state: RefinementState): void {
    this.state = state;
    this.frame.ask();
  }

  private render(): void {
    const { trans, payload, values, state, lines } = this;
    const choices = choicesOf(payload, state);
    const input: RefinementFigureInput = { trans, payload, values, choices };
    this.drawings.draw(this.plane, refinementPlane(input));
    this.drawings.draw(this.measures, refinementMeasures(input, this.frame.stage.clientWidth));
    this.drawings.draw(this.layers, refinementLayers(input));
    this.picture.draw(choices.token, state.pinned);
    this.controls.sync(state, choices.picture);
    this.table.update(state.stage, state.table);
    setText(lines.live, sayToken(trans, payload, values, state));
    setText(lines.caption, sayCaption(trans, payload));
    setText(lines.status, sayStatus(trans, payload));
  }

  private readonly payload: RefinementPayload;
  private readonly trans: Translate;
  private state: RefinementState;
  private readonly values: RefinementValues;
  private readonly frame: ViewerFrame<RefinementAction>;
  private readonly lines: Lines;
  private readonly drawings: PlotDrawings;
  private readonly controls: RefinementControls;
  private readonly picture: TokenPicture;
  private readonly table: RefinementTable;
  private readonly panelEvents = {
    hover: (data: unknown) => this.onHover(data),
    click: (data: unknown) => this.onClick(data),
  };
  private readonly plane = new PlotPanel("jp-FoveaRefinement-plane", this.panelEvents);
  private readonly measures = new PlotPanel("jp-FoveaRefinement-measures", {
    hover: () => undefined,
    click: () => undefined,
  });
  private readonly layers = new PlotPanel("jp-FoveaRefinement-layers", {
    hover: () => undefined,
    click: () => undefined,
  });
}
