import { type AtlasPayload, colorAt, type AtlasValues } from "fovea/protocol";
import { element } from "../dom";
import { Tile } from "./tile";

/** Rows of levels and columns of experts: maps of principal components, or gains. */
export class AtlasMaps {
  readonly node: HTMLElement;
  private readonly tiles: Tile[];

  constructor(
    private readonly payload: AtlasPayload,
    private readonly values: AtlasValues,
  ) {
    const { levels, experts } = payload;
    this.tiles = levels.flatMap(() => experts.map(() => new Tile()));
    const attributes = { "aria-hidden": "true" };
    this.node = element("div", { class: "jp-FoveaAtlas-maps", attributes }, ...this.tiles.map(({ node }) => node));
    this.node.style.gridTemplateColumns = `repeat(${experts.length}, minmax(0, 112px))`;
  }

  get canvases(): HTMLCanvasElement[] {
    return this.tiles.map(({ canvas }) => canvas);
  }

  update(task: number, isGains: boolean, closed: readonly boolean[]): void {
    const { levels, experts, tasks } = this.payload;
    const { gains } = tasks[task];
    const most = gains ? gains.reduce((largest, gain) => Math.max(largest, Math.abs(gain)), 1) : 1;
    this.tiles.forEach((tile, at) => {
      const [level, expert] = [Math.floor(at / experts.length), at % experts.length];
      tile.node.classList.toggle("jp-mod-closed", closed[expert]);
      const name = `${levels[level]}: ${experts[expert]}`;
      if (!isGains || !gains) return tile.show(this.colors(at), this.payload.grid, name);
      const color = colorAt("coolwarm", (gains[at] / most + 1) / 2);
      const sign = gains[at] > 0 ? "+" : "";
      tile.show(Uint8ClampedArray.from([...color, 255]), [1, 1], `${name} ${sign}${gains[at].toFixed(1)} %`);
    });
  }

  private colors(at: number): Uint8ClampedArray {
    const cells = this.payload.grid[0] * this.payload.grid[1];
    const out = new Uint8ClampedArray(4 * cells).fill(255);
    for (let cell = 0; cell < cells; cell++)
      for (let c = 0; c < 3; c++) out[4 * cell + c] = this.values.maps[(at * cells + cell) * 3 + c];
    return out;
  }
}
