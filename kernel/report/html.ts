import { escapeMarkup } from "../display/escape";

/** Text of a cell; numbers are aligned to the right. */
export type Cell = string | { number: string };

/** Returns a table; all texts are escaped. */
export function tableOf(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const headings = head.map((text) => `<th scope="col">${escapeMarkup(text)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map(cellOf).join("")}</tr>`).join("");
  return `<div class="wide" tabindex="0"><table><thead><tr>${headings}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const cellOf = (cell: Cell): string =>
  typeof cell === "string" ? `<td>${escapeMarkup(cell)}</td>` : `<td class="number">${escapeMarkup(cell.number)}</td>`;

/** Returns a paragraph. */
export const paragraph = (text: string): string => `<p>${escapeMarkup(text)}</p>`;

/** Returns a section with its heading. */
export const section = (title: string, ...parts: readonly string[]): string =>
  `<section><h2>${escapeMarkup(title)}</h2>${parts.join("")}</section>`;
