import { NORMALIZATIONS, argmax, patchAt, type AlignmentPayload, type GridPlacement, type Scene } from "fovea/protocol";
import { setText } from "../dom";
import { composeVector, type Exportable, type ViewPicture } from "../export";
import { Pane, ScaleBar, type Scale } from "../panes";
import type { Lines } from "../parts/lines";
import type { Translate } from "../parts/translate";
import { ViewerFrame } from "../frame/frame";
import { linkState, type LinkState } from "../frame/link";
import type { Viewer, ViewerInput } from "../frame/viewer";
import { Chips } from "./chips";
import { AlignmentControls } from "./controls";
import { exportCode, exportData } from "./exports";
import { alignmentKeys, type AlignmentAction } from "./keys";
import { MatrixPane, type MatrixCell } from "./matrix";
import { patchScene, tokenScene } from "./scenes";
import { normalizationName, sayAlignment, sayCaption, sayPrecision, valueText } from "./speech";
import { initialState, movePatch, moveToken, type AlignmentState, linkFields } from "./state";
import { AlignmentTable } from "./table";
import { AlignmentValues, answerState, type AlignmentAnswer } from "./values";

/** The alignment viewer: an image's patches against tokens. Owns its elements and listeners; needs no kernel. */
export class AlignmentViewer implements Viewer, Exportable {
  readonly node: HTMLElement;
  readonly link: LinkState;

  constructor({ payload, trans }: Pick<ViewerInput<AlignmentPayload>, "payload" | "trans">) {
    this.payload = payload;
    this.trans = trans;
    this.values = new AlignmentValues(payload);
    this.state = initialState(payload, argmax(this.firstRow()));
    this.pane = new Pane(payload.image);
    this.reference = payload.tokens.image && new Pane(payload.tokens.image);
    const keys = alignmentKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Alignment",
      title: payload.title || trans.__("Alignment of patches and tokens"),
      about: payload.encoder,
      label: trans.__(
        "Patches of an image against tokens. Arrows move the patch, brackets the token, question mark lists the keys.",
      ),
      keys,
      act: (action) => this.act(action),
      draw: () => this.render(),
      exported: this,
    });
    this.node = this.frame.node;
    this.link = linkState(linkFields(payload), { get: () => this.state, set: (state) => this.update(state) });
    this.lines = this.frame.lines;
    this.controls = new AlignmentControls(trans, keys, payload, {
      change: (part) => this.update({ ...this.state, ...part }),
      act: (action) => this.act(action),
    });
    this.table = new AlignmentTable(trans, payload);
    this.chips = this.reference ? undefined : this.makeChips();
    this.matrix = this.makeMatrix();
    this.compose();
    this.listen();
    for (const pane of [this.pane, this.reference]) if (pane) void this.load(pane);
  }

  setProblem(message: string): void {
    this.lines.setProblem(message);
  }

  exportName(): string {
    return this.payload.title || "alignment";
  }

  exportPicture(): ViewPicture {
    const canvases = [this.pane, this.reference].flatMap((pane) => pane?.canvas ?? []);
    const words = this.frame.words();
    return { rows: [canvases, [this.matrix.canvas]], words };
  }

  /** Pictures and marks; the matrix, which is a raster, stays out. */
  exportVector(): string {
    const answer = this.answer();
    const { placement } = this.payload.tokens;
    const scenes: [Pane, Scene][] = [[this.pane, patchScene(this.payload, this.state, answer)]];
    if (this.reference && placement) scenes.push([this.reference, tokenScene(placement, this.state, answer)]);
    const drawings = scenes.map(([pane, scene]) => {
      const { width, height } = pane.canvas;
      return { svg: pane.vector(scene), width, height };
    });
    const words = this.frame.words();
    return composeVector([drawings], words, this.node);
  }

  exportData(): unknown {
    return exportData(this.payload, this.state, this.answer());
  }

  exportCode(): string {
    return exportCode(this.payload, this.state);
  }

  dispose(): void {
    this.frame.dispose();
  }

  private firstRow(): Float32Array {
    return answerState(this.values, initialState(this.payload, 0)).row;
  }

  private makeChips(): Chips {
    const events = {
      hover: (token: number | undefined) => this.hover({ hoverToken: token }),
      click: (token: number) => this.keep({ token }),
    };
    return new Chips(this.payload.tokens.labels, events, this.frame.signal);
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
    return new MatrixPane(caption, tokens, patches, { hover, click: (cell) => this.keep(cell) }, this.frame.signal);
  }

  private compose(): void {
    const { live, caption, status } = this.lines;
    setText(status, sayPrecision(this.trans, this.payload));
    status.classList.toggle("jp-mod-approximate", this.payload.reduced !== undefined);
    const tokens = this.reference?.node ?? this.chips?.node;
    this.frame.fill({
      controls: this.controls,
      stage: tokens ? [this.pane.node, tokens] : [this.pane.node],
      below: [this.bar.node, live, this.matrix.node, caption, this.table.node],
    });
  }

  private listen(): void {
    const { placement } = this.payload.tokens;
    this.listenPane(this.pane, this.payload.placement, (patch) => ({ patch }), "hoverPatch");
    if (this.reference && placement) this.listenPane(this.reference, placement, (token) => ({ token }), "hoverToken");
    this.frame.whenReleased("h", () => this.showHeat());
  }

  private listenPane(
    pane: Pane,
    placement: GridPlacement,
    kept: (cell: number) => Partial<AlignmentState>,
    hovered: "hoverPatch" | "hoverToken",
  ): void {
    const { signal } = this.frame;
    const { canvas } = pane;
    const at = (event: MouseEvent): number | undefined => patchAt(placement, pane.pointAt(event));
    canvas.addEventListener("pointermove", (event) => this.hover({ [hovered]: at(event) }), { signal });
    canvas.addEventListener("pointerleave", () => this.hover({ [hovered]: undefined }), { signal });
    canvas.addEventListener("click", (event) => this.keep(cellState(kept, at(event))), { signal });
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

  /** Keeps the token or the patch under a click. */
  private keep(part: Partial<AlignmentState>): void {
    if (part.token !== undefined || part.patch !== undefined) this.frame.focus();
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

  private readonly payload: AlignmentPayload;
  private readonly trans: Translate;
  private state: AlignmentState;
  private readonly frame: ViewerFrame<AlignmentAction>;
  private readonly lines: Lines;
  private readonly values: AlignmentValues;
  private readonly pane: Pane;
  /** The image of reference tokens; text tokens are chips. */
  private readonly reference: Pane | undefined;
  private readonly chips: Chips | undefined;
  private readonly matrix: MatrixPane;
  private readonly controls: AlignmentControls;
  private readonly table: AlignmentTable;
  private readonly bar = new ScaleBar();
}

function cellState(kept: (cell: number) => Partial<AlignmentState>, cell: number | undefined): Partial<AlignmentState> {
  return cell === undefined ? {} : kept(cell);
}

function after<T>(values: readonly T[], value: T): T {
  return values[(values.indexOf(value) + 1) % values.length];
}
