import { most } from "../../../numeric/order";
import { textWidth } from "../../../protocol/core/text-width";
import type { Figure } from "../../../protocol/core/figure";
import { drawFigure } from "./still";
import { drawing, type Drawn, label, tag } from "./svg";

const [GAP, EDGE] = [16, 10];

/** A line of words in a still picture. */
export interface Words {
  text: string;
  size?: number;
  weight?: "bold";
}

/** A figure of some width, as the live viewer draws it. */
export function figureOf({ data, layout }: Figure, width: number): Drawn {
  return drawFigure(data as Record<string, unknown>[], { ...layout, width });
}

/** Lines of words, broken where they are wider than the picture. */
export function wordsOf(words: readonly Words[], width: number): Drawn {
  const parts: string[] = [];
  let y = 0;
  for (const { text, size = 12, weight } of words)
    for (const part of broken(text, width, size, weight === "bold")) {
      y += 1.45 * size;
      parts.push(label(part, 0, y - 0.35 * size, { size, weight }));
    }
  return { width, height: y, parts };
}

function broken(text: string, width: number, size: number, isBold: boolean): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && textWidth(longer, size, isBold) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line ? [...lines, line] : lines;
}

/** A drawing of rows of drawings, one below the other. */
export function drawRows(rows: readonly (readonly Drawn[])[]): { svg: string; width: number; height: number } {
  const shown = rows.filter((row) => row.some(({ height }) => height > 0));
  const width = 2 * EDGE + most(shown.map((row) => row.reduce((sum, one) => sum + Math.ceil(one.width) + GAP, -GAP)));
  let top = EDGE;
  const parts = shown.flatMap((row) => {
    const placed = placedRow(row, top);
    // In whole pixels, so that cells of a heat-map stay sharp.
    top += Math.ceil(most(row.map(({ height }) => height))) + GAP / 2;
    return placed;
  });
  const height = Math.ceil(top + EDGE - GAP / 2);
  return { svg: drawing(Math.ceil(width), height, parts), width: Math.ceil(width), height };
}

function placedRow(row: readonly Drawn[], top: number): string[] {
  let left = EDGE;
  return row.map(({ parts, width }) => {
    const group = tag("g", { transform: `translate(${left} ${top})` }, ...parts, "");
    left += Math.ceil(width) + GAP;
    return group;
  });
}
