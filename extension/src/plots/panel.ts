import { element } from "../dom";
import { themedLayout, type Figure } from "./figure";
import { pageColors } from "./page";
import type { PlotlyElement, PlotlyModule, PlotlyPoint } from "./plotly";

export interface PanelEvents {
  /** The `customdata` of the point under the pointer, `undefined` when the pointer leaves it. */
  hover(data: unknown): void;
  click(data: unknown): void;
}

/**
 * One figure inside a viewer of ours. It is drawn by plotly, loaded with the first panel, and hidden from assistive technology:
 * the viewer says the same in words, by keys and in a table.
 */
export class PlotPanel {
  readonly node: PlotlyElement;

  constructor(
    name: string,
    private readonly events: PanelEvents,
  ) {
    this.node = element("div", { class: `jp-FoveaView-plot ${name}`, attributes: { "aria-hidden": "true" } });
  }

  /** Draws a figure in the colours of the page; of several calls while one is drawn, the last is drawn next. */
  async draw(figure: Figure): Promise<void> {
    this.wanted = figure;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.wanted && !this.disposed) await this.drawNow(this.wanted);
    } finally {
      this.busy = false;
    }
  }

  /** The figure as it is drawn, in device pixels; `undefined` where nothing is drawn. */
  async picture(): Promise<HTMLImageElement | undefined> {
    const { clientWidth: width, clientHeight: height } = this.node;
    if (!this.plotly || width === 0 || height === 0) return undefined;
    const image = new Image();
    image.src = await this.plotly.toImage(this.node, { format: "png", width, height, scale: window.devicePixelRatio });
    await image.decode();
    return image;
  }

  /** The figure as it is drawn, as SVG with its size in device pixels; `undefined` where nothing is drawn. */
  async vector(): Promise<{ svg: string; width: number; height: number } | undefined> {
    const { clientWidth: width, clientHeight: height } = this.node;
    if (!this.plotly || width === 0 || height === 0) return undefined;
    const unit = window.devicePixelRatio;
    const address = await this.plotly.toImage(this.node, { format: "svg", width, height, scale: 1 });
    const drawn = decodeURIComponent(address.slice(address.indexOf(",") + 1));
    return { svg: `<g transform="scale(${unit})">${drawn}</g>`, width: width * unit, height: height * unit };
  }

  dispose(): void {
    this.disposed = true;
    this.plotly?.purge(this.node);
  }

  private async drawNow(figure: Figure): Promise<void> {
    this.wanted = undefined;
    this.plotly ??= (await import("./plotly")).loadPlotly();
    if (this.disposed || !this.node.isConnected || this.node.clientWidth === 0) return;
    const layout = { ...themedLayout(figure.layout, pageColors(this.node)), width: this.node.clientWidth };
    await this.plotly.react(this.node, figure.data, layout, { displayModeBar: false, ...figure.config });
    this.listen();
  }

  private listen(): void {
    if (this.listening || !this.node.on) return;
    this.listening = true;
    const first = (points: PlotlyPoint[] | undefined): unknown => points?.[0]?.customdata;
    this.node.on("plotly_hover", ({ points }) => this.events.hover(first(points)));
    this.node.on("plotly_unhover", () => this.events.hover(undefined));
    this.node.on("plotly_click", ({ points }) => this.events.click(first(points)));
  }

  private wanted: Figure | undefined;
  private plotly: PlotlyModule | undefined;
  private busy = false;
  private listening = false;
  private disposed = false;
}
