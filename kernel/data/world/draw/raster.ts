import type { Point } from "../scenes/geometry";

/**
 * Square map of paint numbers. Polygons are filled by scanlines with the even-odd rule, later ones over earlier ones. A
 * cell belongs to the polygon that contains its centre.
 */
export class Canvas {
  /** Row-major, `side` x `side`. */
  readonly cells: Uint8Array;
  private crossings = new Float64Array(256);

  constructor(readonly side: number) {
    this.cells = new Uint8Array(side * side);
  }

  /** Fills a polygon given in cells. A seam walked in both directions cancels out, which gives a ring its hole. */
  fill(outline: readonly Point[], paint: number): void {
    let top = Infinity;
    let bottom = -Infinity;
    for (const [, y] of outline) {
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    const first = Math.max(0, Math.ceil(top - 0.5));
    const last = Math.min(this.side - 1, Math.floor(bottom - 0.5));
    for (let row = first; row <= last; row++) this.fillRow(outline, row, paint);
  }

  private fillRow(outline: readonly Point[], row: number, paint: number): void {
    const count = this.cross(outline, row + 0.5);
    const sorted = this.crossings.subarray(0, count).sort();
    const start = row * this.side;
    for (let k = 0; k + 1 < count; k += 2) {
      const from = Math.max(0, Math.ceil((sorted[k] as number) - 0.5));
      const to = Math.min(this.side, Math.ceil((sorted[k + 1] as number) - 0.5));
      if (to > from) this.cells.fill(paint, start + from, start + to);
    }
  }

  private cross(outline: readonly Point[], y: number): number {
    let count = 0;
    let [px, py] = outline[outline.length - 1] as Point;
    for (const [x, qy] of outline) {
      if (py <= y !== qy <= y && count < this.crossings.length) {
        this.crossings[count++] = px + ((y - py) / (qy - py)) * (x - px);
      }
      px = x;
      py = qy;
    }
    return count;
  }
}
