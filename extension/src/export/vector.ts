import { escapeText } from "fovea/protocol";
import { pageInks } from "./picture";

/** A drawing with its size, in device pixels. */
export interface Drawing {
  svg: string;
  width: number;
  height: number;
}

const [GAP, LINE, FONT] = [12, 18, 13];

/** One drawing of rows of drawings, with words below, in the colors of the page at `node`. */
export function composeVector(
  rows: readonly (readonly Drawing[])[],
  words: readonly string[],
  node: HTMLElement,
): string {
  const unit = window.devicePixelRatio;
  const gap = GAP * unit;
  let [width, top] = [0, gap];
  const placed = rows.flatMap((row) => {
    let left = gap;
    const parts = row.map((drawing) => {
      const part = `<g transform="translate(${left} ${top})">${drawing.svg}</g>`;
      left += drawing.width + gap;
      return part;
    });
    width = Math.max(width, left);
    top += row.reduce((most, { height }) => Math.max(most, height), 0) + gap;
    return parts;
  });
  const lines = words.map(
    (text, i) => `<text x="${gap}" y="${top + (i + 1) * LINE * unit}">${escapeText(text)}</text>`,
  );
  const height = top + (words.length * LINE + GAP) * unit;
  const { paper, ink } = pageInks(node);
  const sheet = `<rect width="${width}" height="${height}" fill="${escapeText(paper)}"/>`;
  const look = `font-family="sans-serif" font-size="${FONT * unit}" fill="${escapeText(ink)}"`;
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${look}>${sheet}${placed.join("")}${lines.join("")}</svg>\n`;
}
