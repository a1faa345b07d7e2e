import { most } from "fovea/protocol";

/** Parts of a view that go into a picture: rows of pictures as they are on screen, then its words. */
export interface ViewPicture {
  rows: CanvasPicture[][];
  words: string[];
}

export type CanvasPicture = HTMLCanvasElement | HTMLImageElement;

const GAP = 12;
const LINE = 18;
const FONT = 13;

/** One canvas with the rows above the words, in the colours of the page at `node`. */
export function composePicture({ rows, words }: ViewPicture, node: HTMLElement): HTMLCanvasElement {
  const unit = window.devicePixelRatio;
  const shown = rows.map((row) => row.filter((picture) => picture.width > 0)).filter((row) => row.length > 0);
  const widths = shown.map((row) => row.reduce((sum, { width }) => sum + width, (row.length - 1) * GAP * unit));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(Math.max(320 * unit, most(widths)) + 2 * GAP * unit);
  const lines = wrapAll(words, canvas.width - 2 * GAP * unit, font(unit));
  const heights = shown.map((row) => most(row.map(({ height }) => height)) + GAP * unit);
  canvas.height = Math.ceil(heights.reduce((sum, height) => sum + height, (2 * GAP + lines.length * LINE) * unit));
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  const colors = pageInks(node);
  context.fillStyle = colors.paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  let top = GAP * unit;
  shown.forEach((row, i) => {
    let left = GAP * unit;
    for (const picture of row) {
      context.drawImage(picture, left, top);
      left += picture.width + GAP * unit;
    }
    top += heights[i];
  });
  context.fillStyle = colors.ink;
  context.font = font(unit);
  context.textBaseline = "top";
  lines.forEach((text, i) => context.fillText(text, GAP * unit, top + i * LINE * unit));
  return canvas;
}

const font = (unit: number): string => `${FONT * unit}px sans-serif`;

/** Paper and ink of the page at a node. */
export function pageInks(node: HTMLElement): { paper: string; ink: string } {
  const style = getComputedStyle(node);
  const paper = style.getPropertyValue("--jp-layout-color0").trim();
  return { paper: paper || "#fff", ink: style.color || "#111" };
}

/** The lines of all words, none wider than `width`. */
function wrapAll(words: readonly string[], width: number, face: string): string[] {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return [...words];
  context.font = face;
  return words.filter(Boolean).flatMap((text) => wrap(text, (part) => context.measureText(part).width <= width));
}

/** Breaks a text at its spaces wherever a line would no longer fit. */
export function wrap(text: string, fits: (part: string) => boolean): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && !fits(longer)) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line ? [...lines, line] : lines;
}
