import { escapeText } from "fovea/protocol";

/** A drawing with its size, in device pixels. */
export interface Drawing {
  svg: string;
  width: number;
  height: number;
}

const [GAP, LINE, FONT] = [12, 18, 13];

/** One drawing with all others beside each other, and words below. */
export function composeVector(drawings: readonly Drawing[], words: readonly string[]): string {
  const unit = window.devicePixelRatio;
  let right = 0;
  const placed = drawings.map(({ svg, width }) => {
    const left = right;
    right += width + GAP * unit;
    return `<g transform="translate(${left} 0)">${svg}</g>`;
  });
  const height = Math.max(...drawings.map((drawing) => drawing.height));
  const lines = words.map((text, i) => `<text y="${height + (i + 1) * LINE * unit}">${escapeText(text)}</text>`);
  const size = `viewBox="0 0 ${right - GAP * unit} ${height + (words.length * LINE + 8) * unit}"`;
  const style = `font-family="sans-serif" font-size="${FONT * unit}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}>${placed.join("")}${lines.join("")}</svg>\n`;
}
