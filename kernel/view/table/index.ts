import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { View } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import { escapeMarkup } from "../../display/escape";
import { isWhole } from "../../rules/rule-error";
import { checkArguments } from "../../rules/arguments";

/** Value of a cell: numbers are right-aligned, everything else is text. */
export type TableViewValue = string | number | boolean | null | undefined;
/** Rows as objects by column name, or as arrays. */
export type TableViewRow = readonly TableViewValue[] | { readonly [column: string]: TableViewValue };

/** Options of `view.table`. */
export interface TableViewOptions {
  /** Title above the view. Default: none. */
  title?: string;
  /** Digits after the point of numbers that are not integers. Default 3. */
  digits?: number;
  /** Rows that are shown; a last line says how many are not. Default 1000. */
  maxRows?: number;
  /** Column that orders the rows; empty cells come last. Default: the order given. */
  sortBy?: string;
  /** Order from large to small. Default false. */
  descending?: boolean;
}

const NAMES: OptionNames<TableViewOptions> = {
  title: true,
  digits: true,
  maxRows: true,
  sortBy: true,
  descending: true,
};

const MAX_ROWS = 1000;

/** Common source of all forms: columns, their kinds, the rows shown and the number of rows left out. */
interface Sheet {
  title: string | undefined;
  names: string[];
  /** True, by column, if every filled cell of the column is a number. */
  numeric: boolean[];
  rows: Cell[][];
  hidden: number;
}

interface Cell {
  text: string;
  numeric: boolean;
}

/**
 * Shows a table as HTML, Markdown and text: `view.table(rows)` for rows that are objects, `view.table(rows, ["name", "PCK"])` to
 * choose or, for arrays, to name the columns. Everything is escaped.
 *
 * @throws ViewError for rows that are neither objects nor arrays, or an array whose length differs from that of the columns
 */
export function table(
  rows: readonly TableViewRow[],
  columns?: readonly string[],
  options: TableViewOptions = {},
): View {
  checkOptionNames("view.table", options, NAMES, ViewError);
  if (!Array.isArray(rows)) throw new ViewError("view.table", "rows must be an array", rows);
  const { digits = 3, maxRows = MAX_ROWS } = options;
  if (!isWhole(maxRows)) throw new ViewError("view.table", "maxRows must be a whole number of at least 1", maxRows);
  if (columns !== undefined) checkArguments("view.table", ViewError, { columns }, { columns: ["string"] });
  const names = columns ? [...columns] : columnsOf(rows);
  const read = rows.map((row: TableViewRow, i) => readRow(row, names, i, digits));
  const cells = options.sortBy === undefined ? read : sorted(read, names, options.sortBy, options.descending ?? false);
  const sheet: Sheet = {
    title: options.title,
    names,
    numeric: names.map((_, column) => isNumeric(cells, column)),
    rows: cells.slice(0, maxRows),
    hidden: Math.max(0, cells.length - maxRows),
  };
  return new View({ "text/html": asHtml(sheet), "text/markdown": asMarkdown(sheet), "text/plain": asText(sheet) });
}

/** Orders rows by a column: numbers by value, texts by language; equal ones stay in their order. */
function sorted(rows: Cell[][], names: readonly string[], by: string, descending: boolean): Cell[][] {
  const column = names.indexOf(by);
  if (column < 0) throw new ViewError("view.table", `sortBy must be one of ${names.join(", ")}`, by);
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [a[column], b[column]];
    if (left.text === "" || right.text === "") return Number(left.text === "") - Number(right.text === "");
    const order =
      left.numeric && right.numeric
        ? parseFloat(left.text) - parseFloat(right.text)
        : left.text.localeCompare(right.text);
    return sign * order;
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

const moreRows = (hidden: number): string => `… ${hidden} more ${hidden === 1 ? "row" : "rows"} (maxRows)`;

function asHtml({ title, names, numeric, rows, hidden }: Sheet): string {
  const caption = title ? `<caption style="text-align:left">${escapeMarkup(title)}</caption>` : "";
  const align = (column: number): string => `style="text-align:${numeric[column] ? "right" : "left"}"`;
  const head = names.map((name, i) => `<th scope="col" ${align(i)}>${escapeMarkup(name)}</th>`);
  const body = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td ${align(i)}>${escapeMarkup(cell.text)}</td>`).join("")}</tr>`,
  );
  const more = hidden ? `<tfoot><tr><td colspan="${names.length}">${moreRows(hidden)}</td></tr></tfoot>` : "";
  return `<table>${caption}<thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody>${more}</table>`;
}

function isNumeric(rows: Cell[][], column: number): boolean {
  const filled = rows.map((row) => row[column]).filter((cell) => cell.text !== "");
  return filled.length > 0 && filled.every((cell) => cell.numeric);
}

function asMarkdown({ title, names, numeric, rows, hidden }: Sheet): string {
  const line = (cells: string[]): string => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const rule = `|${numeric.map((isRight) => (isRight ? " ---: " : " --- ")).join("|")}|`;
  const body = rows.map((row) => line(row.map((cell) => cell.text)));
  const heading = title ? [`**${escapeMarkdown(title)}**`, ""] : [];
  return [...heading, line(names), rule, ...body, ...(hidden ? ["", moreRows(hidden)] : [])].join("\n");
}

function escapeMarkdown(text: string): string {
  return escapeMarkup(text)
    .replace(/[\\|*_`[\]]/g, "\\$&")
    .replace(/\s*\n\s*/g, " ");
}

function asText({ title, names, numeric, rows, hidden }: Sheet): string {
  const widths = names.map((name, i) => rows.reduce((width, row) => Math.max(width, row[i].text.length), name.length));
  const pad = (text: string, i: number): string => (numeric[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]));
  const line = (texts: string[]): string => texts.map(pad).join("  ").trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  const body = rows.map((row) => line(row.map((cell) => cell.text)));
  return [...(title ? [title] : []), line(names), rule, ...body, ...(hidden ? [moreRows(hidden)] : [])].join("\n");
}
