import type { Figure } from "./figure";
import type { PlotPanel } from "./panel";

/** Plotly is slow: a figure that did not change is not drawn again. */
export class PlotDrawings {
  constructor(private readonly fail: (message: string) => void) {}

  /** Draws a figure in a panel of the width that it has; a panel without a figure is hidden. */
  draw(panel: PlotPanel, figure: Figure | undefined): void {
    panel.node.hidden = !figure;
    if (!figure || panel.node.clientWidth === 0) return;
    const key = JSON.stringify([panel.node.clientWidth, figure]);
    if (this.drawn.get(panel) === key) return;
    this.drawn.set(panel, key);
    panel.draw(figure).catch((error: unknown) => this.fail(String(error)));
  }

  /** Forgets the figures on screen, as after a change of the theme. */
  clear(): void {
    this.drawn.clear();
  }

  private readonly drawn = new Map<PlotPanel, string>();
}
