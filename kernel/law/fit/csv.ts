/** Tables of scores as CSV text, with the delimiters and decimal signs of spreadsheets in several languages. */
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
const FORM = { bom: true, trim: true, skip_empty_lines: true };
/** Excel's own line, which names the delimiter: `sep=;`. */
const SEPARATOR_LINE = /^\uFEFF?"?sep=(.)"?[ \t]*\r?\n/i;
const DECIMAL_POINT = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const DECIMAL_COMMA = /^[-+]?(\d+,?\d*|,\d+)(e[-+]?\d+)?$/i;
/** Spellings of a missing value, in lower case. */
const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "-"]);

/**
 * Reads CSV with a column of encoders. The delimiter is the one that a first line `sep=` names, else the one of `,`, `;` and tab
 * under which the header has that column beside others. A text delimited by `;` or tabs may write decimal commas; one cell
 * that only reads with a comma decides for all.
 *
 * @param column that names the encoders. Default `encoder`
 * @throws LawError when the text is no CSV, lacks the column, names a column twice or has no row
 */
export function readCsv(text: string, fn: string, column = "encoder"): Csv {
  const named = SEPARATOR_LINE.exec(text);
  const rest = named ? text.slice(named[0].length) : text;
  const delimiter = named ? named[1] : delimiterOf(rest, column);
  const [header, ...body] = rowsOf(rest, delimiter, fn);
  checkHeader(header, fn, column);
  if (body.length === 0) throw new LawError(fn, "at least one row must follow the header", 0);
  const first = named ? 3 : 2;
  const records = body.map((cells, i) => ({
    fields: Object.fromEntries(header.map((name, column) => [name, cells[column]])),
    line: i + first,
  }));
  return { header, records, decimal: delimiter !== "," && body.some(hasDecimalComma) ? "," : "." };
}

/** Returns the delimiter under which the header, quoted or not, has the column; a comma where none fits. */
function delimiterOf(text: string, column: string): string {
  const hasColumn = (delimiter: string): boolean => {
    try {
      return parse(text, { ...FORM, delimiter, to: 1 })[0]?.includes(column) ?? false;
    } catch {
      return false;
    }
  };
  return DELIMITERS.find(hasColumn) ?? DELIMITERS[0];
}

function rowsOf(text: string, delimiter: string, fn: string): string[][] {
  try {
    return parse(text, { ...FORM, delimiter });
  } catch (error) {
    throw new LawError(fn, "the text must be CSV", (error as Error).message);
  }
}

function checkHeader(header: string[] | undefined, fn: string, column: string): asserts header is string[] {
  if (!header?.includes(column)) throw new LawError(fn, `row 1 must name a column ${column}`, header?.join(","));
  const twice = header.find((name, i) => header.indexOf(name) !== i);
  if (twice !== undefined) throw new LawError(fn, "row 1 must name each column once", twice);
}

const hasDecimalComma = (cells: string[]): boolean =>
  cells.some((cell) => DECIMAL_COMMA.test(cell) && !DECIMAL_POINT.test(cell));

/** True for a cell of a missing value: empty, `NA`, `NaN` and the like. */
export const isMissing = (cell: string): boolean => MISSING.has(cell.trim().toLowerCase());

/** A decimal number, or NaN: hexadecimal, binary and grouped digits are none, nor is 1.234 among decimal commas, which may mean 1234. */
export function decimalNumber(cell: string, decimal: Csv["decimal"]): number {
  const form = decimal === "," ? DECIMAL_COMMA : DECIMAL_POINT;
  return form.test(cell) ? Number(cell.replace(",", ".")) : NaN;
}
