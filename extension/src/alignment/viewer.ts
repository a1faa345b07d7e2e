import { NORMALIZATIONS, argmax, patchAt, type AlignmentPayload, type GridPlacement } from "fovea/protocol";
import { element, setText } from "../dom";
import { ExportControls, type Exportable, type ViewPicture } from "../export";
import { Pane, ScaleBar, type Scale, type Scene } from "../image";
import { FrameSchedule } from "../parts/frame";
import { listenKeys } from "../parts/keys";
import { Lines } from "../parts/lines";
import type { OutputContent } from "../parts/output";
import type { Translate } from "../parts/translate";
import { Chips } from "./chips";
import { alignmentControls, type AlignmentControls } from "./controls";
import { exportCode, exportData } from "./exports";
import { alignmentHelp } from "./help";
import { alignmentAction, type AlignmentAction } from "./keyboard";
import { MatrixPane, type MatrixCell } from "./matrix";
import { patchScene, tokenScene } from "./scenes";
import { normalizationName, sayAlignment, sayCaption, sayPrecision, valueText } from "./speech";
import { initialState, movePatch, moveToken, type AlignmentState } from "./state";
import { AlignmentTable } from "./table";
import { AlignmentValues, answerState, type AlignmentAnswer } from "./values";

/** The alignment viewer: an image's patches against tokens. Owns its elements and listeners; needs no kernel. */
export class AlignmentViewer implements OutputContent, Exportable {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: AlignmentPayload,
  ) {
    this.values = new AlignmentValues(payload);
    this.state = initialState(payload, argmax(this.firstRow()));
    this.pane = new Pane(payload.image);
    this.reference = payload.tokens.image && new Pane(payload.tokens.image);
    this.controls = alignmentControls(trans, payload, {
      change: (part) => this.update({ ...this.state, ...part }),
      act: (action) => this.act(action),
    });
    this.exports = new ExportControls(trans, this, (message) => this.lines.setProblem(message));
    this.controls.addButtons(this.exports.buttons);
    this.help = alignmentHelp(trans);
    this.table = new AlignmentTable(trans, payload);
    this.chips = this.reference ? undefined : this.makeChips();
    this.matrix = this.makeMatrix();
    this.stage = this.makeStage();
    this.node = this.compose();
    this.listen();
    for (const pane of [this.pane, this.reference]) if (pane) void this.load(pane);
  }

  exportName(): string {
    return this.payload.title || "alignment";
  }

  exportPicture(): ViewPicture {
    const { live, caption } = this.lines;
    const canvases = [this.pane, this.reference].flatMap((pane) => pane?.canvas ?? []);
    const words = [this.exportName(), ...[live, caption].map((line) => line.textContent ?? "")];
    return { rows: [canvases, [this.matrix.canvas]], words };
  }

  exportData(): unknown {
    return exportData(this.payload, this.state, this.answer());
  }

  exportCode(): string {
    return exportCode(this.payload, this.state);
  }

  dispose(): void {
    this.aborter.abort();
    this.observer.disconnect();
    this.frame.cancel();
    this.node.remove();
  }

  private firstRow(): Float32Array {
    return answerState(this.values, initialState(this.payload, 0)).row;
  }

  private makeChips(): Chips {
    const events = {
      hover: (token: number | undefined) => this.hover({ hoverToken: token }),
      click: (token: number) => this.keep({ token }),
    };
    return new Chips(this.payload.tokens.labels, events, this.aborter.signal);
  }

  private makeMatrix(): MatrixPane {
    const { tokens, patches } = this.values.cosines;
    const caption = this.trans.__(
      "All values: %1 tokens down, in reading order; %2 patches across, row by row of the image.",
      tokens,
      patches,
    );
    const hover = (cell: MatrixCell | undefined): void =>
      this.hover({ hoverToken: cell?.token, hoverPatch: cell?.patch });
    return new MatrixPane(caption, tokens, patches, { hover, click: (cell) => this.keep(cell) }, this.aborter.signal);
  }

  private makeStage(): HTMLElement {
    const label = this.trans.__(
      "Patches of an image against tokens. Arrows move the patch, brackets the token, question mark lists the keys.",
    );
    const attributes = { tabindex: "0", role: "application", "aria-label": label };
    const tokens = this.reference?.node ?? this.chips?.node;
    return element(
      "div",
      {
        class: "jp-FoveaView-stage jp-FoveaAlignment-stage",
        attributes: { ...attributes, "aria-describedby": this.lines.live.id },
      },
      this.pane.node,
      ...(tokens ? [tokens] : []),
    );
  }

  private compose(): HTMLElement {
    const { trans, payload, lines } = this;
    const title = payload.title || trans.__("Alignment of patches and tokens");
    const heading = element("div", { class: "jp-FoveaView-title" }, element("strong", { text: title }));
    if (payload.encoder) heading.append(element("span", { text: payload.encoder }));
    setText(lines.status, sayPrecision(trans, payload));
    lines.status.classList.toggle("jp-mod-approximate", payload.reduced !== undefined);
    const parts = [heading, this.controls.node, this.help, this.stage, this.bar.node, lines.live];
    const rest = [this.matrix.node, lines.caption, this.table.node, this.exports.node, lines.status, lines.problem];
    const attributes = { "aria-label": title };
    return element("section", { class: "jp-FoveaView jp-FoveaAlignment", attributes }, ...parts, ...rest);
  }

  private listen(): void {
    const { signal } = this.aborter;
    const { placement } = this.payload.tokens;
    this.listenPane(this.pane, this.payload.placement, (patch) => ({ patch }), "hoverPatch");
    if (this.reference && placement) this.listenPane(this.reference, placement, (token) => ({ token }), "hoverToken");
    listenKeys(this.stage, alignmentAction, (action) => this.onKey(action), signal);
    this.stage.addEventListener("keyup", (event) => event.key === "h" && this.showHeat(), { signal });
    this.stage.addEventListener("blur", () => this.showHeat(), { signal });
    this.observer.observe(this.stage);
  }

  private listenPane(
    pane: Pane,
    placement: GridPlacement,
    kept: (cell: number) => Partial<AlignmentState>,
    hovered: "hoverPatch" | "hoverToken",
  ): void {
    const { signal } = this.aborter;
    const { canvas } = pane;
    const at = (event: MouseEvent): number | undefined => patchAt(placement, pane.pointAt(event));
    canvas.addEventListener("pointermove", (event) => this.hover({ [hovered]: at(event) }), { signal });
    canvas.addEventListener("pointerleave", () => this.hover({ [hovered]: undefined }), { signal });
    canvas.addEventListener("click", (event) => this.keep(cellState(kept, at(event))), { signal });
  }

  private onKey(action: AlignmentAction): void {
    this.lines.used("keyboard");
    this.act(action);
  }

  private act(action: AlignmentAction): void {
    const { state, payload } = this;
    switch (action.type) {
      case "move":
        return this.update(movePatch(state, payload.placement.grid, action.dx, action.dy));
      case "token":
        return this.update(moveToken(state, payload.tokens.labels.length, action.by));
      case "best-patch":
        return this.keep({ patch: this.answer().bestPatch });
      case "best-token":
        return this.keep({ token: this.answer().bestToken });
      case "reset":
        return this.keep({ token: payload.current });
      case "normalize":
        return this.update({ ...state, normalization: after(NORMALIZATIONS, state.normalization) });
      case "hide":
        return this.update({ ...state, hideHeat: true });
      case "table":
        return this.update({ ...state, table: !state.table });
      case "help":
        return this.update({ ...state, help: !state.help });
      default:
        return action satisfies never;
    }
  }

  private showHeat(): void {
    if (this.state.hideHeat) this.update({ ...this.state, hideHeat: false });
  }

  private hover(part: Pick<AlignmentState, "hoverToken" | "hoverPatch">): void {
    this.lines.used("pointer");
    this.update({ ...this.state, ...part });
  }

  /** A click keeps what it points at. */
  private keep(part: Partial<AlignmentState>): void {
    if (part.token !== undefined || part.patch !== undefined) this.stage.focus({ preventScroll: true });
    this.update({ ...this.state, ...part });
  }

  private answer(): AlignmentAnswer {
    return answerState(this.values, this.state);
  }

  private async load(pane: Pane): Promise<void> {
    if (!(await pane.load())) this.lines.setProblem(this.trans.__("An image of this view cannot be decoded."));
    this.frame.ask();
  }

  private update(state: AlignmentState): void {
    this.state = state;
    this.frame.ask();
  }

  private render(): void {
    const { payload, state, trans } = this;
    const answer = this.answer();
    this.drawPane(this.pane, patchScene(payload, state, answer));
    const { placement } = payload.tokens;
    if (this.reference && placement) this.drawPane(this.reference, tokenScene(placement, state, answer));
    this.chips?.update(answer, state.colormap);
    this.matrix.draw(answer, state);
    this.controls.sync(state);
    this.help.hidden = !state.help;
    this.table.update(state, answer);
    this.bar.show(this.scale(answer));
    setText(this.lines.live, sayAlignment(trans, payload, answer));
    setText(this.lines.caption, sayCaption(trans, payload, state));
  }

  private drawPane(pane: Pane, scene: Scene): void {
    pane.resize();
    pane.draw(scene);
  }

  private scale({ range, value, matrix }: AlignmentAnswer): Scale {
    const { state, trans } = this;
    return {
      title: normalizationName(trans, state.normalization),
      colormap: state.colormap,
      range,
      clipped: state.scale === "absolute" && matrix.values.some((of) => of < range[0]),
      value,
      label: trans.__("token and patch %1", valueText(value)),
    };
  }

  private state: AlignmentState;
  private readonly frame = new FrameSchedule(() => this.render());
  private readonly values: AlignmentValues;
  private readonly pane: Pane;
  /** The image of reference tokens; text tokens are chips. */
  private readonly reference: Pane | undefined;
  private readonly chips: Chips | undefined;
  private readonly matrix: MatrixPane;
  private readonly controls: AlignmentControls;
  private readonly exports: ExportControls;
  private readonly help: HTMLElement;
  private readonly table: AlignmentTable;
  private readonly stage: HTMLElement;
  private readonly bar = new ScaleBar();
  private readonly lines = new Lines();
  private readonly aborter = new AbortController();
  private readonly observer = new ResizeObserver(() => this.frame.ask());
}

function cellState(kept: (cell: number) => Partial<AlignmentState>, cell: number | undefined): Partial<AlignmentState> {
  return cell === undefined ? {} : kept(cell);
}

function after<T>(values: readonly T[], value: T): T {
  return values[(values.indexOf(value) + 1) % values.length];
}
