import { platform } from "../platform";
import { escapeMarkup } from "./escape";

/** Display of a value in a notebook: mime type to content. */
export type DisplayBundle = { "text/plain": string; "text/html": string };

/** Method by which a value shows itself, in Deno's notebooks and in Fovea's. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** Method by which Node's `console.log` asks a value for its text. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

const LEFT = 'style="text-align:left"';

/** Formats a title over rows of names and values, as text and as a table. */
export function describe(title: string, rows: readonly [name: string, value: string][]): DisplayBundle {
  return tabulate(title, null, rows);
}

/**
 * Formats a title over a table, as text and as HTML. The first column names the rows.
 *
 * @param columns names of the columns; null for a table without a head
 * @param rows one cell a column
 */
export function tabulate(
  title: string,
  columns: readonly string[] | null,
  rows: readonly (readonly string[])[],
): DisplayBundle {
  const lines = columns ? [columns, ...rows] : rows;
  const widths = lines.reduce<number[]>((most, line) => line.map((cell, i) => Math.max(cell.length, most[i] ?? 0)), []);
  const padded = lines.map((line) => `  ${line.map((cell, i) => cell.padEnd(widths[i])).join("  ")}`.trimEnd());
  const head = columns ? `<thead>${rowOf(columns, "col")}</thead>` : "";
  const body = rows.map((row) => rowOf(row, "row")).join("");
  return {
    "text/plain": [title, ...padded].join("\n"),
    "text/html": `<table><caption ${LEFT}>${escapeMarkup(title)}</caption>${head}<tbody>${body}</tbody></table>`,
  };
}

function rowOf(cells: readonly string[], scope: "row" | "col"): string {
  const cell = (text: string, i: number) =>
    scope === "col" || i === 0
      ? `<th scope="${scope}" ${LEFT}>${escapeMarkup(text)}</th>`
      : `<td ${LEFT}>${escapeMarkup(text)}</td>`;
  return `<tr>${cells.map(cell).join("")}</tr>`;
}

/** Value that a notebook shows as a table and `console.log` prints as the table's text. */
export abstract class Described {
  abstract [DISPLAY](): DisplayBundle;

  /** Returns the text for `console.log`, also inside of arrays and objects. */
  [INSPECT](): string {
    return this[DISPLAY]()["text/plain"];
  }
}

/**
 * Gives a plain result the display of {@link Described}. Its own keys, its JSON and comparisons by value stay as they
 * are.
 *
 * @returns `value` itself
 */
export function described<T extends object>(value: T, bundle: (value: T) => DisplayBundle): T {
  const method = (compute: () => unknown) => ({ value: compute, enumerable: false, configurable: true });
  return Object.defineProperties(value, {
    [DISPLAY]: method(() => bundle(value)),
    [INSPECT]: method(() => bundle(value)["text/plain"]),
  });
}

/** Returns what stands behind the text of a promise, which shows as it is: who wants its value awaits it. Empty for other values. */
export function promiseHint(value: unknown): string {
  return platform().isPromise(value) ? "\n(a promise: write await before it to see its value)" : "";
}

/** Formats `1234567` as `1,234,567`. */
export const thousands = (count: number): string => count.toLocaleString("en-US");
