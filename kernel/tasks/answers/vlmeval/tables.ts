import { parse } from "csv-parse/sync";
import { isRecord, parseJson } from "../../../rules/json-text";
import { readPlainFile, replaceFile, writeFile } from "../../../platform/files";
import { TaskError } from "../../error";
import { readSheet } from "./xlsx";

/** Row of a table by column. */
export type Fields = Record<string, string>;

/**
 * Reads a table as VLMEvalKit writes it: `.tsv`, `.csv`, `.json` (records, or columns of values) or `.xlsx` (first sheet).
 *
 * @throws TaskError for another ending or a file that cannot be read as one
 */
export async function readTable(path: string, where: string): Promise<Fields[]> {
  const ending = /\.(tsv|csv|json|xlsx)$/i.exec(path)?.[1].toLowerCase();
  if (!ending) throw new TaskError(where, "a table must end in .tsv, .csv, .json or .xlsx", path);
  const bytes = await bytesOf(path, where);
  if (ending === "xlsx") return recordsOf(await readSheet(bytes, where), where);
  const text = new TextDecoder().decode(bytes).replace(/^\uFEFF/, "");
  return ending === "json"
    ? ofJson(text, where)
    : recordsOf(cellsOf(text, ending === "tsv" ? "\t" : ",", where), where);
}

/** Returns a file's content. A pipe or a device, which may never end, is refused. */
export async function bytesOf(path: string, where: string): Promise<Uint8Array> {
  const bytes = await readPlainFile(path).catch((error: Error) => {
    throw new TaskError(where, `the file must be readable (${error.message})`, path);
  });
  if (bytes) return bytes;
  throw new TaskError(where, "the file must be a plain one", path);
}

function cellsOf(text: string, delimiter: string, where: string): string[][] {
  try {
    return parse(text, { delimiter, relax_quotes: true, skip_empty_lines: true });
  } catch (error) {
    throw new TaskError(where, "the text must be a table", (error as Error).message);
  }
}

function recordsOf([header, ...rows]: string[][], where: string): Fields[] {
  if (!header || !rows.length) throw new TaskError(where, "a table must have a header and a row", rows.length);
  const twice = firstTwice(header.filter((name) => name !== ""));
  if (twice !== undefined) throw new TaskError(where, "a table must name each column once", twice);
  // pandas writes its own index under an empty name.
  const columns = [...header.keys()].filter((i) => header[i] !== "");
  return rows.map((cells) => Object.fromEntries(columns.map((i) => [header[i], cells[i] ?? ""])));
}

function ofJson(text: string, where: string): Fields[] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new TaskError(where, "the file must hold JSON", (error as Error).message);
  }
  const records = Array.isArray(value) ? value : columnsToRecords(value, where);
  if (!records.length || !records.every(isRecord)) throw new TaskError(where, "JSON must hold records", records);
  return records.map((record) =>
    Object.fromEntries(Object.entries(record).map(([key, cell]) => [key, asText(cell, where)])),
  );
}

/** Returns the first text that stands there for the second time. */
export function firstTwice(texts: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return texts.find((text) => seen.size === seen.add(text).size);
}

function columnsToRecords(value: unknown, where: string): Record<string, unknown>[] {
  if (!isRecord(value)) throw new TaskError(where, "JSON must hold records or columns", value);
  const columns = Object.entries(value).map(([name, cells]) => {
    if (!isRecord(cells) && !Array.isArray(cells)) throw new TaskError(where, `column ${name} must hold values`, cells);
    return [name, Array.isArray(cells) ? (cells as unknown[]) : Object.values(cells)] as const;
  });
  const [length, ...others] = columns.map(([, cells]) => cells.length);
  if (others.some((other) => other !== length)) throw new TaskError(where, "columns must be equally long", others);
  return Array.from({ length }, (_, i) => Object.fromEntries(columns.map(([name, cells]) => [name, cells[i]])));
}

function asText(cell: unknown, where: string): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "string") return cell;
  if (typeof cell === "number" || typeof cell === "boolean") return String(cell);
  try {
    return JSON.stringify(cell);
  } catch (error) {
    // Lists are read at any depth, but not written.
    throw new TaskError(where, "a cell must not be nested so deep", (error as Error).message);
  }
}

/** Writes text beside its place and moves it there. */
export function writeWhole(path: string, text: string): Promise<void> {
  return replaceFile(path, (beside) => writeFile(beside, text));
}

/** Returns a table as text with a delimiter, quoted as pandas quotes. */
export function tableText(rows: readonly Fields[], columns: readonly string[], delimiter: "\t" | ","): string {
  const quote = (cell: string): string =>
    cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  const line = (cells: readonly string[]): string => `${cells.map(quote).join(delimiter)}\n`;
  return line(columns) + rows.map((row) => line(columns.map((name) => row[name] ?? ""))).join("");
}
