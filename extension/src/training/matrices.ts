import { numberText, type ColourMapName, type RunRecord, type SavedMatrices } from "fovea/protocol";
import { element, freshId, setText } from "../dom";
import type { Translate } from "../parts/translate";
import { PlotPanel, type Figure, type PanelEvents } from "../plotly";
import { frameAt, isWide, matrixFigure } from "./matrix-figure";
import { evaluationsOf, type TrainingViewState } from "./state";

export interface MatrixEvents {
  /** The evaluation at this position was asked for. */
  show(position: number): void;
  /** What the pointer is on, in words; nothing when it leaves. */
  read(text: string | undefined): void;
  draw(panel: PlotPanel, figure: Figure): void;
}

/** The pictures of a run's evaluations, and a slider over their times. */
export class MatrixPanels {
  readonly node: HTMLElement;
  private readonly panels = new Map<string, PlotPanel>();
  private readonly grid = element("div", { class: "jp-FoveaTraining-matrices" });
  private readonly slider = element("input", { attributes: { type: "range", min: "0", step: "1" } });
  private readonly said = element("span");

  constructor(
    private readonly trans: Translate,
    private readonly colormap: ColourMapName,
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
    this.node = element("div", { class: "jp-FoveaTraining-evaluations" }, row, this.grid);
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
    for (const matrix of matrices) {
      const frame = frameAt(matrix, step);
      if (frame) this.events.draw(this.panel(matrix), matrixFigure(matrix, frame, this.colormap));
    }
  }

  private panel(matrix: SavedMatrices): PlotPanel {
    const { title } = matrix;
    let panel = this.panels.get(title);
    if (!panel) {
      const events: PanelEvents = {
        hover: (data) => this.events.read(typeof data === "string" ? `${title}: ${data}` : undefined),
        click: () => undefined,
      };
      panel = new PlotPanel("jp-FoveaTraining-matrix", events);
      this.panels.set(title, panel);
      this.grid.append(panel.node);
    }
    panel.node.classList.toggle("jp-mod-wide", isWide(matrix));
    return panel;
  }
}
