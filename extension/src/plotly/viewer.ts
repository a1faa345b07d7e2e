import { element } from "../dom";
import type { Viewer } from "../frame/viewer";
import type { Translate } from "../parts/translate";
import { themedLayout, themedTraces, type Figure } from "../plots/figure";
import { offline } from "../plots/offline";
import { pageColors } from "../plots/page";
import type { PlotlyModule } from "../plots/plotly";

/** A plotly figure in the colors of its page. */
export class PlotlyViewer implements Viewer {
  readonly node: HTMLElement;
  private readonly figure: Figure;

  constructor(
    given: Figure,
    private readonly plotly: PlotlyModule,
    private readonly trans: Translate,
  ) {
    const { figure, isWhole } = offline(given);
    this.figure = figure;
    const text = this.trans.__("Maps and pictures that would be loaded from the network are left out.");
    const note = isWhole ? [] : [element("p", { class: "jp-FoveaView-note", text })];
    this.node = element("div", { class: "jp-FoveaPlotly" }, this.plot, ...note);
    this.observer.observe(this.node);
  }

  setProblem(message: string): void {
    const text = this.trans.__("This figure cannot be shown: %1", message);
    this.node.replaceChildren(element("p", { class: "jp-Fovea-error", text, attributes: { role: "alert" } }));
  }

  redraw(): void {
    this.draw().catch((error: unknown) => this.setProblem(error instanceof Error ? error.message : String(error)));
  }

  dispose(): void {
    this.observer.disconnect();
    this.plotly.purge(this.plot);
    this.node.remove();
  }

  private async draw(): Promise<void> {
    const { layout, data, config } = this.figure;
    const colors = pageColors(this.node);
    const settings = { displaylogo: false, responsive: true, ...config };
    // Plotly writes defaults into its arguments, and showing a figure must not change the notebook.
    const [traces, themed] = [themedTraces(structuredClone(data), colors), themedLayout(layout, colors)];
    await this.plotly.react(this.plot, traces, structuredClone(themed), settings);
  }

  /** The first size is that of the page that the figure was put on; before, there are no colors and no place to draw at. */
  private resized(): void {
    if (this.node.offsetWidth === 0 || !this.node.contains(this.plot)) return;
    if (this.plot.childElementCount > 0) this.plotly.Plots.resize(this.plot);
    else this.redraw();
  }

  private readonly plot = element("div", { class: "jp-FoveaPlotly-plot" });
  private readonly observer = new ResizeObserver(() => this.resized());
}
