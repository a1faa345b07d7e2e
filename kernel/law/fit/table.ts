import { LawError } from "../error";
import { decimalNumber, isMissing, readCsv, type Csv, type CsvRecord } from "./csv";
import { PUBLISHED_CSV, PUBLISHED_GROUPS } from "./published";
import { checkOptionNames, given, type OptionNames } from "../../option-names";

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
  /** Benchmarks by the name of their group. Default: none; `law.publishedTable` has the paper's. */
  groups?: Record<string, string[]>;
}

const TABLE: (keyof ScoreTable)[] = ["rows", "encoders", "benchmarks"];
const NAMES: OptionNames<TableOptions> = { c: true, extra: true, groups: true };

/** Refuses a value that is no table, as options in its place. */
export function checkTable(where: string, table: ScoreTable): void {
  const isTable = typeof table === "object" && table !== null && TABLE.every((key) => Array.isArray(table[key]));
  if (!isTable) throw new LawError(where, "the table must be one of law.parseTable or law.publishedTable", table);
}

/**
 * Reads a table as CSV text: long (`encoder,benchmark,a,c,score`) or wide as the published one
 * (`encoder,c_pck010,perf_<b>,a_<b>,…`). An empty score, `NA` or `NaN` means that the encoder was not trained yet. Delimiters
 * `;` and tab, decimal commas beside them and a first line `sep=;` are read too.
 *
 * @throws LawError with row and column of the first cell that is wrong.
 */
export function parseTable(text: string, options: TableOptions = {}): ScoreTable {
  checkOptionNames("law.parseTable", options, NAMES, LawError);
  const csv = readCsv(text, "law.parseTable");
  const rows = csv.header.includes("benchmark") ? longRows(csv, options) : wideRows(csv, options);
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
  return parseTable(PUBLISHED_CSV, { groups: PUBLISHED_GROUPS, ...given(options) });
}

function longRows({ records, decimal }: Csv, { extra = [] }: TableOptions): TableRow[] {
  return records.map((record) => ({
    encoder: textOf(record, "encoder"),
    benchmark: textOf(record, "benchmark"),
    predictors: Object.fromEntries(["a", "c", ...extra].map((name) => [name, numberOf(record, name, decimal)])),
    score: scoreOf(record, "score", decimal),
  }));
}

function wideRows({ header, records, decimal }: Csv, { c, extra = [] }: TableOptions): TableRow[] {
  const benchmarks = header.filter((name) => name.startsWith("perf_")).map((name) => name.slice("perf_".length));
  if (benchmarks.length === 0) {
    throw new LawError(
      "law.parseTable",
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
        a: numberOf(record, `a_${benchmark}`, decimal),
        c: numberOf(record, cColumn, decimal),
        ...Object.fromEntries(extra.map((name) => [name, numberOf(record, column(name, benchmark), decimal)])),
      },
      score: scoreOf(record, `perf_${benchmark}`, decimal),
    })),
  );
}

function textOf({ fields, line }: CsvRecord, column: string): string {
  const value = fields[column];
  if (value) return value;
  throw new LawError("law.parseTable", `row ${line}, column ${column} must not be empty`, value);
}

function numberOf({ fields, line }: CsvRecord, column: string, decimal: Csv["decimal"]): number {
  const text = fields[column];
  const value = text ? decimalNumber(text, decimal) : NaN;
  if (Number.isFinite(value)) return value;
  throw new LawError("law.parseTable", `row ${line}, column ${column} must be a finite decimal number`, text);
}

function scoreOf(record: CsvRecord, column: string, decimal: Csv["decimal"]): number | null {
  const text = record.fields[column];
  return text !== undefined && isMissing(text) ? null : numberOf(record, column, decimal);
}

function checkUnique(rows: TableRow[]): void {
  const seen = new Set<string>();
  for (const { encoder, benchmark } of rows) {
    const key = JSON.stringify([encoder, benchmark]);
    if (seen.has(key))
      throw new LawError("law.parseTable", "an encoder may stand once per benchmark", `${encoder}, ${benchmark}`);
    seen.add(key);
  }
}
