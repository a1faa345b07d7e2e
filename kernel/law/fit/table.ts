import { parse } from "csv-parse/sync";
import { LawError } from "../error";
import { PUBLISHED_CSV, PUBLISHED_GROUPS } from "./published";

/** One encoder on one benchmark: the predictors by name (`a`, `c` and any others) and the score to predict. */
export interface TableRow {
  encoder: string;
  benchmark: string;
  predictors: Record<string, number>;
  /** Measured score; `null` for an untrained encoder. */
  score: number | null;
}

/** Table of encoders on benchmarks. */
export interface ScoreTable {
  rows: TableRow[];
  encoders: string[];
  benchmarks: string[];
  /** Names of the predictors that every row has, starting with `a` and `c`. */
  predictors: string[];
  groups: Record<string, string[]>;
}

/** Options of reading a table. */
export interface TableOptions {
  /** Column that holds C in a wide table. Default `c_pck010`, else `c`. */
  c?: string;
  /** Extra columns that become predictors. In a wide table `<name>_<benchmark>` wins over `<name>`. Default: none. */
  extra?: string[];
  /** Benchmarks by the name of their group. Default: none; `law.published` has the paper's. */
  groups?: Record<string, string[]>;
}

type Record_ = { fields: Record<string, string>; line: number };

/**
 * Reads a table from CSV text: long (`encoder,benchmark,a,c,score`) or wide as the published one
 * (`encoder,c_pck010,perf_<b>,a_<b>,…`). An empty score marks an untrained encoder.
 *
 * @param text CSV with a header row
 * @param options column names
 * @throws LawError with row and column of the first invalid cell
 */
export function parseTable(text: string, options: TableOptions = {}): ScoreTable {
  const { header, records } = readCsv(text);
  const rows = header.includes("benchmark") ? longRows(records, options) : wideRows(header, records, options);
  checkUnique(rows);
  return {
    rows,
    encoders: [...new Set(rows.map((row) => row.encoder))],
    benchmarks: [...new Set(rows.map((row) => row.benchmark))],
    predictors: ["a", "c", ...(options.extra ?? [])],
    groups: options.groups ?? {},
  };
}

/**
 * Returns the table of 13 encoders and 8 benchmarks published with the Law paper (arXiv 2408.16357); `published.ts`
 * names its source.
 */
export function publishedTable(options: TableOptions = {}): ScoreTable {
  return parseTable(PUBLISHED_CSV, { groups: PUBLISHED_GROUPS, ...options });
}

function readCsv(text: string): { header: string[]; records: Record_[] } {
  let rows: string[][];
  try {
    rows = parse(text, { bom: true, trim: true, skip_empty_lines: true });
  } catch (error) {
    throw new LawError("law.table", "the text must be CSV", (error as Error).message);
  }
  const [header, ...body] = rows;
  if (!header?.includes("encoder"))
    throw new LawError("law.table", "row 1 must name a column encoder", header?.join(","));
  if (body.length === 0) throw new LawError("law.table", "at least one row must follow the header", 0);
  const records = body.map((cells, i) => ({
    fields: Object.fromEntries(header.map((name, column) => [name, cells[column]])),
    line: i + 2,
  }));
  return { header, records };
}

function longRows(records: Record_[], { extra = [] }: TableOptions): TableRow[] {
  return records.map((record) => ({
    encoder: textOf(record, "encoder"),
    benchmark: textOf(record, "benchmark"),
    predictors: Object.fromEntries(["a", "c", ...extra].map((name) => [name, numberOf(record, name)])),
    score: scoreOf(record, "score"),
  }));
}

function wideRows(header: string[], records: Record_[], { c, extra = [] }: TableOptions): TableRow[] {
  const benchmarks = header.filter((name) => name.startsWith("perf_")).map((name) => name.slice("perf_".length));
  if (benchmarks.length === 0) {
    throw new LawError(
      "law.table",
      "row 1 must name a column benchmark (long) or columns perf_<benchmark> (wide)",
      header.join(","),
    );
  }
  const cColumn = c ?? (header.includes("c_pck010") ? "c_pck010" : "c");
  const column = (name: string, benchmark: string) => {
    const own = `${name}_${benchmark}`;
    return header.includes(own) ? own : name;
  };
  return records.flatMap((record) =>
    benchmarks.map((benchmark) => ({
      encoder: textOf(record, "encoder"),
      benchmark,
      predictors: {
        a: numberOf(record, `a_${benchmark}`),
        c: numberOf(record, cColumn),
        ...Object.fromEntries(extra.map((name) => [name, numberOf(record, column(name, benchmark))])),
      },
      score: scoreOf(record, `perf_${benchmark}`),
    })),
  );
}

function textOf({ fields, line }: Record_, column: string): string {
  const value = fields[column];
  if (value) return value;
  throw new LawError("law.table", `row ${line}, column ${column} must not be empty`, value);
}

function numberOf({ fields, line }: Record_, column: string): number {
  const text = fields[column];
  const value = text ? Number(text) : NaN;
  if (Number.isFinite(value)) return value;
  throw new LawError("law.table", `row ${line}, column ${column} must be a finite number`, text);
}

function scoreOf(record: Record_, column: string): number | null {
  return record.fields[column] === "" ? null : numberOf(record, column);
}

function checkUnique(rows: TableRow[]): void {
  const seen = new Set<string>();
  for (const { encoder, benchmark } of rows) {
    const key = JSON.stringify([encoder, benchmark]);
    if (seen.has(key))
      throw new LawError("law.table", "an encoder may stand once per benchmark", `${encoder}, ${benchmark}`);
    seen.add(key);
  }
}
