import { View } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import { escapeMarkup } from "../../display/escape";

/** What a cell may hold: numbers are right-aligned, everything else is text. */
export type TableViewValue = string | number | boolean | null | undefined;
/** Rows as objects by column name, or as arrays. */
export type TableViewRow = readonly TableViewValue[] | { readonly [column: string]: TableViewValue };

export interface TableViewOptions {
  title?: string;
  /** Digits after the point of numbers that are not integers. Default 3. */
  digits?: number;
}

interface Cell {
  text: string;
  numeric: boolean;
}

/**
 * A table as HTML, Markdown and text: `view.table(rows)` for rows that are objects, `view.table(rows, ["name", "PCK"])` to choose
 * or, for arrays, to name the columns. Everything is escaped.
 * @throws ViewError when rows are no rows, or a row of an array is as long as the columns are not.
 */
export function table(
  rows: readonly TableViewRow[],
  columns?: readonly string[],
  options: TableViewOptions = {},
): View {
  if (!Array.isArray(rows)) throw new ViewError("view.table", "rows must be an array", rows);
  const names = columns ? [...columns] : columnsOf(rows);
  const cells = rows.map((row: TableViewRow, i) => readRow(row, names, i, options.digits ?? 3));
  return new View({
    "text/html": asHtml(names, cells, options.title),
    "text/markdown": asMarkdown(names, cells, options.title),
    "text/plain": asText(names, cells, options.title),
  });
}

function columnsOf(rows: readonly TableViewRow[]): string[] {
  const names = new Set<string>();
  for (const row of rows) {
    if (isList(row)) throw new ViewError("view.table", "rows that are arrays need columns", row);
    for (const name of Object.keys(row ?? {})) names.add(name);
  }
  return [...names];
}

function isList(row: TableViewRow): row is readonly TableViewValue[] {
  return Array.isArray(row);
}

function readRow(row: TableViewRow, names: string[], i: number, digits: number): Cell[] {
  if (typeof row !== "object" || row === null)
    throw new ViewError("view.table", `row ${i} must be an object or an array`, row);
  if (!isList(row)) return names.map((name) => readCell(row[name], digits));
  if (row.length !== names.length)
    throw new ViewError("view.table", `row ${i} must have ${names.length} cells`, row.length);
  return row.map((value) => readCell(value, digits));
}

function readCell(value: TableViewValue, digits: number): Cell {
  if (typeof value === "number")
    return { text: Number.isInteger(value) ? String(value) : value.toFixed(digits), numeric: true };
  const text = value === null || value === undefined ? "" : String(value);
  return { text, numeric: /^[-+]?[\d.]+ ?%?$/.test(text) };
}

function asHtml(names: string[], rows: Cell[][], title?: string): string {
  const caption = title ? `<caption style="text-align:left">${escapeMarkup(title)}</caption>` : "";
  const align = (column: number): string => (isNumeric(rows, column) ? "right" : "left");
  const head = names.map((name, i) => `<th scope="col" style="text-align:${align(i)}">${escapeMarkup(name)}</th>`);
  const body = rows.map(
    (row) =>
      `<tr>${row.map((cell, i) => `<td style="text-align:${align(i)}">${escapeMarkup(cell.text)}</td>`).join("")}</tr>`,
  );
  return `<table>${caption}<thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

/** A column is a number column when every filled cell is a number. */
function isNumeric(rows: Cell[][], column: number): boolean {
  const filled = rows.map((row) => row[column]).filter((cell) => cell.text !== "");
  return filled.length > 0 && filled.every((cell) => cell.numeric);
}

function asMarkdown(names: string[], rows: Cell[][], title?: string): string {
  const line = (cells: string[]): string => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const rule = `|${names.map((_, i) => (isNumeric(rows, i) ? " ---: " : " --- ")).join("|")}|`;
  const body = rows.map((row) => line(row.map((cell) => cell.text)));
  return [...(title ? [`**${escapeMarkdown(title)}**`, ""] : []), line(names), rule, ...body].join("\n");
}

function escapeMarkdown(text: string): string {
  return escapeMarkup(text)
    .replace(/[\\|*_`[\]]/g, "\\$&")
    .replace(/\s*\n\s*/g, " ");
}

function asText(names: string[], rows: Cell[][], title?: string): string {
  const columns = names.map((name, i) => {
    const texts = [name, ...rows.map((row) => row[i].text)];
    const width = Math.max(...texts.map((text) => text.length));
    return texts.map((text) => (isNumeric(rows, i) ? text.padStart(width) : text.padEnd(width)));
  });
  const lines = ["", ...rows].map((_, i) =>
    columns
      .map((column) => column[i])
      .join("  ")
      .trimEnd(),
  );
  const rule = columns.map((column) => "-".repeat(column[0].length)).join("  ");
  return [...(title ? [title] : []), lines[0], rule, ...lines.slice(1)].join("\n");
}
