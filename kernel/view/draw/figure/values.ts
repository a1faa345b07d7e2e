import type { JSONValue } from "../../../display/host";
import { ViewError } from "../../../protocol/core/error";
import { isRecord } from "../../../rules/json-text";

/** Any plotly trace or layout: we read what we know and pass everything on. */
export interface PlotlyObject {
  readonly [key: string]: unknown;
}

/** A coordinate: a number, or the name of a category. */
export type Coordinate = number | string;

/** Plotly's figures are a few levels deep; beyond this a value is no figure. */
const MOST_LEVELS = 64;

/**
 * Plain JSON of a figure: typed arrays become arrays, dates ISO text, `NaN` and infinities null, as plotly expects.
 * @throws ViewError for functions, dates that are none, and values that hold themselves or nest beyond 64 levels
 */
export function plainJson(value: unknown, path: string, level = 0): JSONValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return dateText(value, path);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as ArrayLike<number>, (item) => plainJson(item, path));
  if (level > MOST_LEVELS)
    throw new ViewError(
      "view.plotly",
      `${path.slice(0, 60)}… must not nest beyond ${MOST_LEVELS} levels`,
      typeof value,
    );
  if (Array.isArray(value))
    return value.map((item, i) => (item === undefined ? null : plainJson(item, `${path}[${i}]`, level + 1)));
  if (typeof value === "object") return plainObject(value, path, level + 1);
  throw new ViewError("view.plotly", `${path} must be data`, value);
}

function dateText(date: Date, path: string): string {
  if (Number.isNaN(date.getTime())) throw new ViewError("view.plotly", `${path} must be a valid date`, String(date));
  return date.toISOString();
}

function plainObject(value: object, path: string, level: number): JSONValue {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, plainJson(item, `${path}.${key}`, level)]));
}

/** A nested object, empty where there is none. */
export function record(value: unknown): PlotlyObject {
  return isRecord(value) ? value : {};
}

/** A title is a string or `{ text }`. */
export function titleText(value: unknown): string {
  if (typeof value === "string") return value;
  const { text } = record(value);
  return typeof text === "string" ? text : "";
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Coordinates of a trace; gaps are null. */
export function coordinates(value: unknown): (Coordinate | null)[] {
  if (!Array.isArray(value)) return [];
  return value.map((item: unknown) => (typeof item === "number" || typeof item === "string" ? item : null));
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', nbsp: "\u00a0" };

/** Plotly's text markup (`<b>`, `<br>`, `<i>`, `&lt;`…) as plain text. */
export function withoutTags(text: string): string {
  return text
    .replace(/<br\s*\/?>/gi, " ")
    .replace(/<\/?[a-z][^>]*>/gi, "")
    .replace(/&(lt|gt|amp|quot|nbsp);/g, (_, name: string) => ENTITIES[name]);
}

/** Tells whether the whole text is in bold. */
export function isBold(text: string): boolean {
  return /^\s*<b>.*<\/b>\s*$/is.test(text);
}

/** The item of a list that belongs to a point, or the one value of all points. */
export function ofPoint(value: unknown, i: number): unknown {
  return Array.isArray(value) ? (value as unknown[])[i] : value;
}

/** Rows of numbers; `undefined` where there is none. */
export function matrix(value: unknown): (number | undefined)[][] {
  return Array.isArray(value) ? value.map((row: unknown) => (Array.isArray(row) ? row.map(numberOf) : [])) : [];
}
