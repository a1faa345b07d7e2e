import {
  balancedColumns,
  frameAt,
  isMap,
  isWide,
  leastWidth,
  matrixFigure,
  numberText,
  type ColorMapName,
  type Figure,
  type RunRecord,
  type SavedMatrices,
} from "fovea/protocol";
import { element, freshId, setText } from "../dom";
import type { Translate } from "../parts/translate";
import { PlotPanel, type PanelEvents } from "../plots/panel";
import { evaluationsOf, type TrainingViewState } from "./state";

export interface MatrixEvents {
  /** The evaluation at this position was asked for. */
  show(position: number): void;
  /** Receives a description of the cell under the pointer; `undefined` when the pointer leaves. */
  read(text: string | undefined): void;
  draw(panel: PlotPanel, figure: Figure): void;
}

/** The pictures of a run's evaluations, and a slider over their times. */
export class MatrixPanels {
  readonly node: HTMLElement;
  private readonly panels = new Map<string, PlotPanel>();
  private readonly tables = element("div", { class: "jp-FoveaTraining-matrices" });
  /** Those over the grid of patches, which are as high as wide, below the flat ones. */
  private readonly maps = element("div", { class: "jp-FoveaTraining-matrices jp-mod-maps" });
  private readonly slider = element("input", { attributes: { type: "range", min: "0", step: "1" } });
  private readonly said = element("span");

  constructor(
    private readonly trans: Translate,
    private readonly colormap: ColorMapName,
    private readonly events: MatrixEvents,
  ) {
    const label = element("label", { text: trans.__("Evaluation") });
    this.slider.id = freshId("field");
    label.htmlFor = this.slider.id;
    this.slider.addEventListener("input", () => events.show(Number(this.slider.value)));
    const row = element(
      "div",
      { class: "jp-FoveaView-controls jp-FoveaTraining-times" },
      label,
      this.slider,
      this.said,
    );
    this.node = element("div", { class: "jp-FoveaTraining-evaluations" }, row, this.tables, this.maps);
    this.node.hidden = true;
  }

  update(run: RunRecord, { evaluation }: TrainingViewState): void {
    const steps = evaluationsOf(run);
    this.node.hidden = steps.length === 0;
    if (!steps.length) return;
    const step = evaluation ?? steps[steps.length - 1];
    this.slider.max = String(steps.length - 1);
    this.slider.value = String(steps.filter((one) => one <= step).length - 1);
    this.slider.disabled = steps.length < 2;
    const text = this.trans.__(
      "after update %1, %2 of %3",
      numberText(step),
      Number(this.slider.value) + 1,
      steps.length,
    );
    setText(this.said, text);
    this.slider.setAttribute("aria-valuetext", text);
    this.show(run.matrices, step);
  }

  all(): PlotPanel[] {
    return [...this.panels.values()];
  }

  dispose(): void {
    for (const panel of this.all()) panel.dispose();
  }

  private show(matrices: readonly SavedMatrices[], step: number): void {
    for (const [title, panel] of this.panels)
      if (!matrices.some((one) => one.title === title)) {
        panel.dispose();
        panel.node.remove();
        this.panels.delete(title);
      }
    for (const matrix of matrices) this.place(matrix);
    for (const group of [this.tables, this.maps])
      setColumns(
        group,
        matrices.filter((one) => this.groupOf(one) === group),
      );
    for (const matrix of matrices) {
      const [panel, frame] = [this.panels.get(matrix.title), frameAt(matrix, step)];
      if (!panel || !frame) continue;
      const style = { colormap: this.colormap, width: panel.node.clientWidth };
      this.events.draw(panel, matrixFigure(matrix, frame, style));
    }
  }

  private groupOf(matrix: SavedMatrices): HTMLElement {
    return isMap(matrix) ? this.maps : this.tables;
  }

  private place(matrix: SavedMatrices): void {
    const { title } = matrix;
    let panel = this.panels.get(title);
    if (!panel) {
      const events: PanelEvents = {
        hover: (data) => this.events.read(typeof data === "string" ? `${title}: ${data}` : undefined),
        click: () => undefined,
      };
      panel = new PlotPanel("jp-FoveaTraining-matrix", events);
      this.panels.set(title, panel);
    }
    const group = this.groupOf(matrix);
    if (panel.node.parentElement !== group) group.append(panel.node);
    panel.node.classList.toggle("jp-mod-wide", isWide(matrix));
  }
}

/** Puts as many panels into a row as fit, and no more than fill the rows evenly: five become three and two. */
function setColumns(group: HTMLElement, matrices: readonly SavedMatrices[]): void {
  const narrow = matrices.filter((matrix) => !isWide(matrix));
  const columns = balancedColumns(group.clientWidth, narrow.map(leastWidth));
  group.style.setProperty("--jp-FoveaTraining-columns", String(columns));
}
