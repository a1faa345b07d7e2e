import type { IThemeManager } from "@jupyterlab/apputils";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { element } from "../dom";
import type { Translate } from "../parts/translate";
import { readFigure, themedLayout, themedTraces, type Figure } from "../plots/figure";
import { pageColors } from "../plots/page";
import type { PlotlyModule } from "../plots/plotly";

export const PLOTLY_MIME = "application/vnd.plotly.v1+json";

/** Renders a plotly figure; plotly itself is loaded when the first one is shown. */
export class PlotlyRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(
    private readonly trans: Translate,
    private readonly themes: IThemeManager | undefined,
  ) {
    super();
    this.addClass("jp-FoveaPlotly");
    this.node.append(this.plot);
    themes?.themeChanged.connect(this.redraw, this);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    try {
      this.figure = readFigure(model.data[PLOTLY_MIME]);
      this.plotly ??= (await import("../plots/plotly")).loadPlotly();
      await this.draw();
    } catch (error) {
      this.showError(error);
    }
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.observer.disconnect();
    this.themes?.themeChanged.disconnect(this.redraw, this);
    this.plotly?.purge(this.plot);
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.observer.observe(this.node);
    this.redraw();
  }

  private redraw(): void {
    // The new theme's style sheet applies only in the next frame.
    requestAnimationFrame(() => void this.draw().catch((error: unknown) => this.showError(error)));
  }

  private async draw(): Promise<void> {
    const { figure, plotly } = this;
    if (!figure || !plotly || !this.isAttached) return;
    const colors = pageColors(this.node);
    const layout = themedLayout(figure.layout, colors);
    const config = { displaylogo: false, responsive: true, ...figure.config };
    // Plotly writes defaults into its arguments, and showing a figure must not change the notebook.
    await plotly.react(this.plot, themedTraces(structuredClone(figure.data), colors), structuredClone(layout), config);
  }

  private resize(): void {
    if (this.plotly && this.plot.childElementCount > 0 && this.isVisible) this.plotly.Plots.resize(this.plot);
  }

  private showError(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const text = this.trans.__("This figure cannot be shown: %1", reason);
    this.node.replaceChildren(element("p", { class: "jp-Fovea-error", text, attributes: { role: "alert" } }));
  }

  private figure: Figure | undefined;
  private plotly: PlotlyModule | undefined;
  private readonly plot = element("div", { class: "jp-FoveaPlotly-plot" });
  private readonly observer = new ResizeObserver(() => this.resize());
}
