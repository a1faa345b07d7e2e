/** Tables of scores as CSV text, also as spreadsheets of other countries write them. */
import { parse } from "csv-parse/sync";
import { LawError } from "../error";

/** One row under the header's names, with its line number in the text for error messages. */
export interface CsvRecord {
  fields: Record<string, string>;
  line: number;
}

/** Columns and rows of a CSV text. */
export interface Csv {
  header: string[];
  records: CsvRecord[];
  /** `,` where the text writes 0,5 for a half. */
  decimal: "." | ",";
}

const DELIMITERS = [",", ";", "\t"] as const;
/** Excel's own line, which names the delimiter: `sep=;`. */
const SEPARATOR_LINE = /^\uFEFF?"?sep=(.)"?[ \t]*\r?\n/i;
const DECIMAL_POINT = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const DECIMAL_COMMA = /^[-+]?(\d+,?\d*|,\d+)(e[-+]?\d+)?$/i;
/** Spellings of a missing value, in lower case. */
const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "-"]);

/**
 * Reads CSV with a column `encoder`. The delimiter is the one that a first line `sep=` names, else the one of `,`, `;` and tab
 * under which the header has a column `encoder` beside others. A text delimited by `;` or tabs may write decimal commas; one cell
 * that only reads with a comma decides for all.
 *
 * @throws LawError when the text is no CSV, has no column `encoder`, names a column twice or has no row
 */
export function readCsv(text: string, fn: string): Csv {
  const named = SEPARATOR_LINE.exec(text);
  const rest = named ? text.slice(named[0].length) : text;
  const delimiters: readonly string[] = named ? [named[1]] : DELIMITERS;
  const tries = delimiters.map((delimiter) => parseWith(rest, delimiter, fn));
  const { rows, delimiter } = tries.find(({ rows: [header] }) => header?.includes("encoder")) ?? tries[0];
  const [header, ...body] = rows;
  checkHeader(header, fn);
  if (body.length === 0) throw new LawError(fn, "at least one row must follow the header", 0);
  const first = named ? 3 : 2;
  const records = body.map((cells, i) => ({
    fields: Object.fromEntries(header.map((name, column) => [name, cells[column]])),
    line: i + first,
  }));
  return { header, records, decimal: delimiter !== "," && body.some(hasDecimalComma) ? "," : "." };
}

function parseWith(text: string, delimiter: string, fn: string): { rows: string[][]; delimiter: string } {
  try {
    return { rows: parse(text, { bom: true, trim: true, skip_empty_lines: true, delimiter }), delimiter };
  } catch (error) {
    if (delimiter !== DELIMITERS[0]) return { rows: [], delimiter };
    // A text of another delimiter may well be no CSV under commas: the other tries speak for it.
    const other = DELIMITERS.slice(1).find((one) => text.split(/\r?\n/, 1)[0].split(one).includes("encoder"));
    if (other) return { rows: [], delimiter };
    throw new LawError(fn, "the text must be CSV", (error as Error).message);
  }
}

function checkHeader(header: string[] | undefined, fn: string): asserts header is string[] {
  if (!header?.includes("encoder")) throw new LawError(fn, "row 1 must name a column encoder", header?.join(","));
  const twice = header.find((name, i) => header.indexOf(name) !== i);
  if (twice !== undefined) throw new LawError(fn, "row 1 must name each column once", twice);
}

const hasDecimalComma = (cells: string[]): boolean =>
  cells.some((cell) => DECIMAL_COMMA.test(cell) && !DECIMAL_POINT.test(cell));

/** Returns whether a cell stands for a missing value: empty, `NA`, `NaN` and the like. */
export const isMissing = (cell: string): boolean => MISSING.has(cell.trim().toLowerCase());

/** A decimal number, or NaN: hexadecimal, binary and grouped digits are none. */
export function decimalNumber(cell: string, decimal: Csv["decimal"]): number {
  const form = decimal === "," ? DECIMAL_COMMA : DECIMAL_POINT;
  const plain = form.test(cell) ? cell : decimal === "," && DECIMAL_POINT.test(cell) ? cell : "";
  return plain ? Number(plain.replace(",", ".")) : NaN;
}
