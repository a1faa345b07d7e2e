import { clamp, paintValues } from "fovea/protocol";
import { element } from "../dom";
import type { AlignmentState } from "./state";
import type { AlignmentAnswer } from "./values";

/** A cell of the matrix. */
export interface MatrixCell {
  token: number;
  patch: number;
}

export interface MatrixEvents {
  hover(cell: MatrixCell | undefined): void;
  click(cell: MatrixCell): void;
}

const ROW_HEIGHT = 14;
const HEIGHT: readonly [least: number, most: number] = [56, 260];

/** All values at once: a row a token in reading order, a column a patch in raster order; cross-hairs mark the ones on screen. */
export class MatrixPane {
  readonly canvas: HTMLCanvasElement = element("canvas", { class: "jp-FoveaAlignment-matrixCanvas" });
  readonly node: HTMLElement;

  constructor(
    caption: string,
    private readonly tokens: number,
    private readonly patches: number,
    events: MatrixEvents,
    signal: AbortSignal,
  ) {
    const height = clamp(tokens * ROW_HEIGHT, HEIGHT[0], HEIGHT[1]);
    this.canvas.style.height = `${height}px`;
    const parts = [this.canvas, element("figcaption", { text: caption })];
    this.node = element(
      "figure",
      { class: "jp-FoveaAlignment-matrix", attributes: { "aria-hidden": "true" } },
      ...parts,
    );
    this.canvas.addEventListener("pointermove", (event) => events.hover(this.cellAt(event)), { signal });
    this.canvas.addEventListener("pointerleave", () => events.hover(undefined), { signal });
    this.canvas.addEventListener("click", (event) => events.click(this.cellAt(event)), { signal });
  }

  draw(answer: AlignmentAnswer, state: AlignmentState): void {
    const context = this.canvas.getContext("2d");
    // Out of sight, a canvas keeps what it shows: nobody asks for another drawing when it comes back.
    if (!context || this.canvas.clientWidth === 0) return;
    this.canvas.width = Math.round(this.canvas.clientWidth * window.devicePixelRatio);
    this.canvas.height = Math.round(this.canvas.clientHeight * window.devicePixelRatio);
    this.paint(answer, state);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.raster, 0, 0, this.canvas.width, this.canvas.height);
    this.cross(context, answer);
  }

  private cellAt(event: MouseEvent): MatrixCell {
    const box = this.canvas.getBoundingClientRect();
    const cell = (at: number, length: number, count: number): number =>
      clamp(Math.floor((at / length) * count), 0, count - 1);
    return {
      token: cell(event.clientY - box.top, box.height, this.tokens),
      patch: cell(event.clientX - box.left, box.width, this.patches),
    };
  }

  /** The raster changes with normalisation, scale and colours, not with every hover. */
  private paint({ matrix, range }: AlignmentAnswer, { colormap }: AlignmentState): void {
    const key = [...range, colormap].join();
    if (key === this.painted?.key && matrix.values === this.painted.values) return;
    this.painted = { key, values: matrix.values };
    this.raster.width = matrix.patches;
    this.raster.height = matrix.tokens;
    const small = this.raster.getContext("2d");
    if (!small) return;
    const pixels = small.createImageData(matrix.patches, matrix.tokens);
    paintValues(colormap, matrix.values, range, 255, pixels.data);
    small.putImageData(pixels, 0, 0);
  }

  private cross(context: CanvasRenderingContext2D, { token, patch }: AlignmentAnswer): void {
    const { width, height } = this.canvas;
    const [cellWidth, cellHeight] = [width / this.patches, height / this.tokens];
    const pixel = window.devicePixelRatio;
    for (const [color, line] of [
      ["#111", 3],
      ["#fff", 1.25],
    ] as const) {
      context.strokeStyle = color;
      context.lineWidth = line * pixel;
      context.strokeRect(0, token * cellHeight, width, cellHeight);
      context.strokeRect(patch * cellWidth, 0, cellWidth, height);
    }
  }

  private painted: { key: string; values: Float32Array } | undefined;
  private readonly raster = document.createElement("canvas");
}
