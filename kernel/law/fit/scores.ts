/** Published scores of others, joined with predictors measured here. */
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { LawError } from "../error";
import { type Csv, type CsvRecord, decimalNumber, isMissing, readCsv } from "./csv";
import { type ScoreTable, tableOfColumns } from "./table";

/** Options of `law.parseScores`. */
export interface ScoresOptions {
  /**
   * Predictors of the encoders as CSV text: `encoder,a,c`, or with an A of each benchmark `encoder,c,a_<benchmark>,…`. Its names
   * of encoders and benchmarks are those of the scores.
   */
  measured: string;
  /** Publication of the scores, e.g. `Tong et al., arXiv 2406.16860, table 3`. The table keeps and shows it. */
  source: string;
  /** Column of the scores that names the encoders. Default `encoder`. */
  encoder?: string;
  /** Columns of wide scores that are benchmarks. Default: all but that of the encoders. */
  benchmarks?: string[];
  /** Column of `measured` that holds C. Default `c_pck010`, else `c`. */
  c?: string;
  /** Further columns of `measured` that become predictors. Default: none. */
  extra?: string[];
}

const WHERE = "law.parseScores";
const NAMES: OptionNames<ScoresOptions> = {
  measured: true,
  source: true,
  encoder: true,
  benchmarks: true,
  c: true,
  extra: true,
};

/**
 * Reads a published table of encoders, benchmarks and scores, which lacks A and C, and adds predictors measured by the caller. The
 * scores are long (`encoder,benchmark,score`) or wide (one column a benchmark), as CSV or as the table of a Markdown page. Encoders
 * without predictors are left out and listed in `omitted`: no value is made up. Benchmarks of different publications may not be
 * comparable; `source` tells them apart.
 *
 * @param text of the scores; an empty cell, `-`, `NA` or `NaN` means that the encoder has no score
 * @returns a table for `law.fit`, `law.policy`, `law.plan` and `view.law`
 * @throws LawError with row and column of the first cell that is wrong, for a missing source, or when no encoder has predictors
 */
export function parseScores(text: string, options: ScoresOptions): ScoreTable {
  checkOptionNames(WHERE, options, NAMES, LawError);
  const { measured, source, c, extra } = options;
  if (typeof text !== "string") throw new LawError(WHERE, "the scores must be text", text);
  if (typeof measured !== "string") throw new LawError(WHERE, "measured must be CSV text of predictors", measured);
  if (typeof source !== "string" || !source.trim())
    throw new LawError(WHERE, "source must say who published the scores", source);
  const scores = scoresOf(text, options);
  const predictors = readCsv(measured, `${WHERE}, measured`);
  const own = new Map(predictors.records.map((record) => [record.fields.encoder, record]));
  const known = [...scores.encoders].filter(([encoder]) => own.has(encoder));
  if (known.length === 0)
    throw new LawError(WHERE, `measured must have a row of one of ${[...own.keys()].join(", ")}`, [
      ...scores.encoders.keys(),
    ]);
  const records = known.map(([encoder, cells]): CsvRecord => {
    const { fields, line } = own.get(encoder)!;
    const written = Object.entries(cells).map(([name, text]) => [name, text.replace(".", predictors.decimal)]);
    return { fields: { ...fields, ...Object.fromEntries(written) }, line };
  });
  const header = [...predictors.header, ...scores.benchmarks.map((name) => `perf_${name}`)];
  const table = tableOfColumns({ header, records, decimal: predictors.decimal }, { c, extra }, WHERE);
  table.source = source.trim();
  table.omitted = [...scores.encoders.keys()].filter((encoder) => !own.has(encoder));
  return table;
}

/** Cells `perf_<benchmark>` of each encoder, written with a decimal point whatever the text used. */
interface Scores {
  benchmarks: string[];
  encoders: Map<string, Record<string, string>>;
}

function scoresOf(text: string, { encoder = "encoder", benchmarks }: ScoresOptions): Scores {
  const csv = readCsv(isMarkdown(text) ? csvOfMarkdown(text) : text, WHERE, encoder);
  const long = csv.header.includes("benchmark") && csv.header.includes("score");
  const columns = benchmarks ?? csv.header.filter((name) => name !== encoder);
  const missing = long ? undefined : columns.find((name) => !csv.header.includes(name));
  if (missing !== undefined) throw new LawError(WHERE, `row 1 must name a column ${missing}`, csv.header);
  const found: Scores = { benchmarks: [], encoders: new Map() };
  for (const record of csv.records) {
    const name = record.fields[encoder];
    if (!name) throw new LawError(WHERE, `row ${record.line}, column ${encoder} must not be empty`, name);
    if (long) keep(found, name, record.fields.benchmark, scoreText(csv, record, "score"));
    else for (const column of columns) keep(found, name, column, scoreText(csv, record, column));
  }
  return found;
}

function keep({ benchmarks, encoders }: Scores, encoder: string, benchmark: string, score: string): void {
  const cells = encoders.get(encoder) ?? {};
  const key = `perf_${benchmark}`;
  if (Object.hasOwn(cells, key))
    throw new LawError(WHERE, "an encoder may stand once per benchmark", `${encoder}, ${benchmark}`);
  encoders.set(encoder, { ...cells, [key]: score });
  if (!benchmarks.includes(benchmark)) benchmarks.push(benchmark);
}

function scoreText({ decimal }: Csv, { fields, line }: CsvRecord, column: string): string {
  const cell = fields[column];
  if (isMissing(cell)) return "";
  const value = decimalNumber(cell, decimal);
  if (Number.isFinite(value)) return String(value);
  throw new LawError(
    WHERE,
    `row ${line}, column ${column} must be a decimal number; benchmarks names the columns to read`,
    cell,
  );
}

const isMarkdown = (text: string): boolean => /^\uFEFF?\s*\|/.test(text);

/** Writes a Markdown table as CSV: without its line of dashes, and without the signs of bold, italic and code round a cell. */
function csvOfMarkdown(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim().startsWith("|"));
  const cells = lines.map((line) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map(plain),
  );
  return cells
    .filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell)))
    .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","))
    .join("\n");
}

const plain = (cell: string): string => cell.trim().replace(/^([*_`]{1,3})(.*)\1$/, "$2");
