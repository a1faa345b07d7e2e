import type { Box } from "../../contracts/geometry";

/** A count with its noun: `1 benchmark`, `8 benchmarks`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A text of at most so many letters: both ends of a longer one, with an ellipsis between them. */
export function shortText(text: string, letters: number): string {
  const least = Math.max(3, letters);
  if (text.length <= least) return text;
  const head = Math.floor((least - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (least - 1 - head))}`;
}

/** Colors and cursor movements of terminals begin with the control character ESC. */
const TERMINAL = /\u001b\[[0-?]*[ -/]*[@-~]/g;

/** Returns text without a terminal's commands; a carriage return overwrites the line, as progress bars do. */
export const plainText = (text: string): string =>
  text
    .replace(TERMINAL, "")
    .replace(/\r\n/g, "\n")
    .replace(/^.*\r(?!\n)/gm, "");

/** Four digits that count: "0.0123", "1.23e−5", "12,346". */
export function numberText(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const size = Math.abs(rounded);
  if (size >= 1e7) return value.toExponential(2);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size !== 0 && size < 1e-4) return rounded.toExponential().replace("e-", "e−");
  return String(rounded);
}

/** A figure with the half width of its interval, "1.234 ± 0.056"; the figure alone where there is none. */
export const intervalText = (value: number, half: number | null): string =>
  half === null ? numberText(value) : `${numberText(value)} ± ${numberText(half)}`;

/** The part of JupyterLab's translation bundle that sentences and figures need. */
export interface Translate {
  __(text: string, ...values: (string | number)[]): string;
}

/** A box in words: `left 12, top 30, 40 × 22 px`. */
export function boxText(trans: Translate, [left, top, right, bottom]: Box): string {
  const [x, y, width, height] = [left, top, right - left, bottom - top].map(Math.round);
  return trans.__("left %1, top %2, %3 × %4 px", x, y, width, height);
}

/** Puts values into the places `%1`, `%2`, … of a text. */
const filled = (text: string, values: readonly (string | number)[]): string =>
  text.replace(/%(\d+)/g, (_, position: string) => String(values[Number(position) - 1] ?? ""));

/** English, for pictures that are drawn where no reader's language is known. */
export const ENGLISH: Translate = { __: (text, ...values) => filled(text, values) };

/** Texts of a language by the English ones, as JupyterLab's catalogs hold them. */
export type Catalog = Readonly<Record<string, readonly string[]>>;

/** Returns the translation by a catalog; a text that it lacks stays English. */
export const translationBy = (catalog: Catalog): Translate => ({
  __: (text, ...values) => filled((Object.hasOwn(catalog, text) ? catalog[text][0] : undefined) ?? text, values),
});

/** Two digits of a score, five of one that they would round to 1: the order of sure predictions is seen there. */
export const confidenceText = (score: number): string => score.toFixed(score >= 0.995 && score < 1 ? 5 : 2);
