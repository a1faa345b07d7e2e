import { clamp } from "../../numeric";
import { colorHex, type ColorMapName } from "../../protocol/core/color";
import type { GridPlacement } from "../../protocol/core/geometry";
import { drawMark } from "../../protocol/core/marks";
import { SvgPen } from "../../protocol/core/pen";
import type { Mark } from "../../protocol/core/scene";
import { tag } from "./figure/svg";

/** Values over an image. */
export interface DrawnHeat {
  values: ArrayLike<number>;
  placement: GridPlacement;
  range: [number, number];
  colormap: ColorMapName;
  opacity: number;
  /** Meaning of the values, over their color bar. */
  title: string;
}

export function heatColor({ colormap, range: [low, high] }: DrawnHeat): (value: number) => string {
  return (value) => colorHex(colormap, (value - low) / (high - low || 1));
}

/** One rectangle a patch, cut where the grid reaches over the image; `scale` is that of the drawn image. */
export function heatCells(heat: DrawnHeat, [width, height]: readonly [number, number], scale: number): string[] {
  const { grid, region } = heat.placement;
  const [rows, columns] = grid;
  const edge = (at: number, low: number, high: number, most: number): number =>
    clamp(Math.round((low + at * (high - low)) * scale), 0, most);
  const color = heatColor(heat);
  const cells = Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [x0, x1] = [column, column + 1].map((at) => edge(at / columns, region[0], region[2], width));
    const [y0, y1] = [row, row + 1].map((at) => edge(at / rows, region[1], region[3], height));
    return tag("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, fill: color(heat.values[i]) });
  });
  return [tag("g", { opacity: heat.opacity }, ...cells, "")];
}

/** The marks of a live view. */
export function markParts(marks: readonly Mark[], scale: number): string[] {
  const pen = new SvgPen();
  for (const mark of marks) drawMark(pen, mark, { scale, pixel: 1 });
  return pen.elements;
}
