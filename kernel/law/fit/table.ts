import { checkArguments } from "../../rules/arguments";
import { described, type DisplayBundle, tabulate } from "../../display/describe";
import { LawError } from "../error";
import { type Csv, type CsvRecord, decimalNumber, isMissing, readCsv } from "./csv";
import { checkOptionNames, given, type OptionNames } from "../../rules/option-names";
import { counted } from "../../protocol/core/words";

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
  /** Publication of the scores, where others published them (`law.parseScores`). */
  source?: string;
  /** Encoders that have scores and no predictors, and are therefore not among the rows (`law.parseScores`). */
  omitted?: string[];
}

/** Options of reading a table. */
export interface TableOptions {
  /** Column that holds C in a wide table. Default `c_pck010`, else `c`. */
  c?: string;
  /** Extra columns that become predictors. In a wide table `<name>_<benchmark>` wins over `<name>`, as for `a`. Default: none. */
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
  checkArguments(where, LawError, { rows: table.rows }, { rows: [{ encoder: "string", predictors: "object" }] });
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
  return tableOfColumns(readCsv(text, "law.parseTable"), options, "law.parseTable");
}

/** Reads a table from columns, long or wide; `fn` is the public function that errors name. */
export function tableOfColumns(csv: Csv, options: TableOptions, fn: string): ScoreTable {
  const { extra = [] } = options;
  checkArguments(fn, LawError, { extra }, { extra: ["string"] });
  const rows = csv.header.includes("benchmark") ? longRows(csv, options, fn) : wideRows(csv, options, fn);
  checkUnique(rows, fn);
  return described<ScoreTable>(
    {
      rows,
      encoders: [...new Set(rows.map((row) => row.encoder))],
      benchmarks: [...new Set(rows.map((row) => row.benchmark))],
      predictors: ["a", "c", ...(options.extra ?? [])],
      groups: options.groups ?? {},
    },
    showTable,
  );
}

/**
 * Returns the table of 13 encoders and 8 benchmarks published with the Law paper (arXiv 2408.16357); `published.ts`
 * names its source.
 */
export function publishedTable(options: TableOptions = {}): ScoreTable {
  const where = "law.publishedTable";
  checkOptionNames(where, options, NAMES, LawError);
  return tableOfColumns(readCsv(PUBLISHED_CSV, where), { groups: PUBLISHED_GROUPS, ...given(options) }, where);
}

function longRows({ records, decimal }: Csv, { extra = [] }: TableOptions, fn: string): TableRow[] {
  const { text, number, score } = cellReaders(decimal, fn);
  return records.map((record) => ({
    encoder: text(record, "encoder"),
    benchmark: text(record, "benchmark"),
    predictors: Object.fromEntries(["a", "c", ...extra].map((name) => [name, number(record, name)])),
    score: score(record, "score"),
  }));
}

function wideRows({ header, records, decimal }: Csv, { c, extra = [] }: TableOptions, fn: string): TableRow[] {
  const { text, number, score } = cellReaders(decimal, fn);
  const benchmarks = header.filter((name) => name.startsWith("perf_")).map((name) => name.slice("perf_".length));
  if (benchmarks.length === 0) {
    throw new LawError(
      fn,
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
      encoder: text(record, "encoder"),
      benchmark,
      predictors: {
        a: number(record, header.includes("a") ? column("a", benchmark) : `a_${benchmark}`),
        c: number(record, cColumn),
        ...Object.fromEntries(extra.map((name) => [name, number(record, column(name, benchmark))])),
      },
      score: score(record, `perf_${benchmark}`),
    })),
  );
}

/** Readers of one cell as a text, a number, or a score that may be missing; an error names row and column. */
function cellReaders(decimal: Csv["decimal"], fn: string) {
  const text = ({ fields, line }: CsvRecord, column: string): string => {
    const value = fields[column];
    if (value) return value;
    throw new LawError(fn, `row ${line}, column ${column} must not be empty`, value);
  };
  const number = ({ fields, line }: CsvRecord, column: string): number => {
    const cell = fields[column];
    if (cell === undefined) throw new LawError(fn, `row 1 must name a column ${column}`, Object.keys(fields).join(","));
    const value = cell ? decimalNumber(cell, decimal) : NaN;
    if (Number.isFinite(value)) return value;
    throw new LawError(fn, `row ${line}, column ${column} must be a finite decimal number`, cell);
  };
  const score = (record: CsvRecord, column: string): number | null => {
    const cell = record.fields[column];
    return cell !== undefined && isMissing(cell) ? null : number(record, column);
  };
  return { text, number, score };
}

function checkUnique(rows: TableRow[], fn: string): void {
  const seen = new Set<string>();
  for (const { encoder, benchmark } of rows) {
    const key = JSON.stringify([encoder, benchmark]);
    if (seen.has(key)) throw new LawError(fn, "an encoder may stand once per benchmark", `${encoder}, ${benchmark}`);
    seen.add(key);
  }
}

/**
 * Published figures behind the first version of "Law of Vision Representation in MLLMs" (arXiv 2408.16357; S. Yang, B. Zhai,
 * Q. You, J. Yuan, H. Yang, C. Xu): 13 encoders, measured by the authors, one training run each; not measurements of ours.
 *
 * Source: repository bronyayang/Law_of_Vision_Representation_in_MLLMs, commit 2e03055, `policy/ablations_t.csv`; columns renamed,
 * no value changed. `c_pck010` is PCK@0.1 on SPair-71k in percent, from an evaluation whose image and keypoint geometry disagree,
 * so not comparable with the literature. `a_<benchmark>` is the mean of the cosines against CLIP@224 and CLIP@336 (values just
 * above 1 are bf16 rounding), `perf_<benchmark>` the score of the trained model in percent, in points for MME.
 */
export const PUBLISHED_CSV = `
encoder,c_pck010,c_geo_pck010,perf_mmbench_en,a224_mmbench_en,a336_mmbench_en,a_mmbench_en,perf_mme,a224_mme,a336_mme,a_mme,perf_mmmu_val,a224_mmmu_val,a336_mmmu_val,a_mmmu_val,perf_ok_vqa,a224_ok_vqa,a336_ok_vqa,a_ok_vqa,perf_textvqa_val,a224_textvqa_val,a336_textvqa_val,a_textvqa_val,perf_vizwiz_vqa_val,a224_vizwiz_vqa_val,a336_vizwiz_vqa_val,a_vizwiz_vqa_val,perf_scienceqa_img,a224_scienceqa_img,a336_scienceqa_img,a_scienceqa_img,perf_seed_image,a224_seed_image,a336_seed_image,a_seed_image
CLIP336,15.66,11.27,64.26116838,0.5684375,1.0078125,0.788125,1502.696679,0.57421875,1.006875,0.790546875,35.0,0.556679688,1.0078125,0.782246094,53.20253666,0.59765625,1.0046875,0.801171875,46.042,0.59140625,1.00328125,0.79734375,54.26719148,0.581953125,1.005859375,0.79390625,69.26127913,0.594140625,1.004375,0.7992578125,66.09288274,0.617226563,1.002109375,0.809667969
CLIP224,14.3,10.42,64.17525773,1.000078125,0.630507813,0.815292969,1449.637855,1.000234375,0.635742188,0.8179882815,36.2,1.00046875,0.6246875,0.812578125,56.12762584,1.00015625,0.650234375,0.8251953125,42.668,1.0003125,0.639609375,0.8199609375,51.68557536,1.000234375,0.630390625,0.8153125,68.81507189,1.0,0.651875,0.8259375,65.13033092,1.00015625,0.658828125,0.8294921875
OpenCLIP,16.22,11.85,63.40206186,0.546367188,0.501835938,0.524101563,1460.283313,0.554296875,0.508964844,0.5316308595,37.2,0.533515625,0.49,0.5117578125,56.36147444,0.561875,0.524121094,0.542998047,40.128,0.554726563,0.516621094,0.5356738285,52.10696921,0.5509375,0.509609375,0.5302734375,67.87307883,0.559414063,0.522851563,0.541132813,64.70877538,0.573164063,0.535507813,0.554335938
DINOv2,24.51,17.78,58.50515464,0.458652344,0.464570313,0.461611328,1295.467787,0.469941406,0.473554688,0.471748047,34.6,0.460273438,0.468359375,0.4643164065,54.7800238,0.471503906,0.472753906,0.472128906,14.272,0.457285156,0.459003906,0.458144531,49.66890484,0.464960938,0.472246094,0.468603516,65.14625682,0.469355469,0.474882813,0.472119141,61.38551254,0.484550781,0.497871094,0.4912109375
SDim,20.9,17.69,52.83505155,0.348222656,0.348828125,0.348525391,1205.331633,0.369824219,0.3703125,0.3700683595,33.7,0.356972656,0.355625,0.356298828,46.0443916,0.376386719,0.380703125,0.378544922,13.766,0.3725,0.374550781,0.3735253905,47.33271591,0.368261719,0.371230469,0.369746094,66.33614279,0.367675781,0.373730469,0.370703125,50.32670554,0.370410156,0.380761719,0.3755859375
SD1.5,22.02,18.54,42.5257732,0.349472656,0.353398438,0.351435547,1163.89876,0.362421875,0.368925781,0.365673828,33.9,0.349472656,0.356992188,0.353232422,39.13594927,0.370722656,0.37859375,0.374658203,11.642,0.363398438,0.370839844,0.367119141,50.1412364,0.367714844,0.376855469,0.3722851565,63.31184928,0.35234375,0.360175781,0.3562597655,50.00351296,0.354648438,0.362363281,0.3585058595
SDXL,16.52,13.45,43.72852234,0.345507813,0.369355469,0.357431641,1212.692877,0.346816406,0.369023438,0.357919922,32.8,0.343730469,0.372324219,0.358027344,41.77962743,0.343789063,0.362070313,0.352929688,11.806,0.337539063,0.356933594,0.3472363285,47.13822644,0.349960938,0.370703125,0.3603320315,65.24541398,0.330488281,0.353261719,0.341875,53.78346097,0.329921875,0.354121094,0.3420214845
DiT,1.91,1.81,33.67697595,0.394804688,0.378710938,0.386757813,901.9988996,0.400058594,0.382988281,0.3915234375,32.7,0.404375,0.392070313,0.3982226565,33.74950456,0.371855469,0.360195313,0.366025391,10.822,0.372148438,0.363710938,0.367929688,49.92359342,0.391503906,0.374394531,0.3829492185,63.46058503,0.368125,0.358242188,0.363183594,40.65903183,0.373007813,0.361621094,0.3673144535
SD3,3.09,2.64,32.81786942,0.372871094,0.375332031,0.374101563,843.4338735,0.377421875,0.376054688,0.3767382815,32.4,0.361289063,0.365605469,0.363447266,34.94649227,0.390253906,0.389472656,0.389863281,10.766,0.385722656,0.388964844,0.38734375,47.12201899,0.402148438,0.400820313,0.4014843755,62.27069906,0.379902344,0.386191406,0.383046875,38.93768004,0.384628906,0.390566406,0.387597656
SD2.1,6.99,6.77,28.86597938,0.343535156,0.353378906,0.348457031,905.2746098,0.336035156,0.340917969,0.3384765625,32.8,0.334921875,0.3315625,0.3332421875,34.41141498,0.345449219,0.35671875,0.3510839845,10.464,0.34359375,0.349960938,0.346777344,46.59180366,0.345292969,0.350820313,0.348056641,62.66732771,0.350410156,0.366191406,0.358300781,38.8182393,0.364101563,0.3771875,0.3706445315
SigLIP,12.89,9.58,61.8556701,0.518203125,0.491367188,0.504785156,1424.995098,0.541171875,0.510703125,0.5259375,35.8,0.514492188,0.483359375,0.4989257815,54.0110979,0.553320313,0.526230469,0.539775391,36.0,0.544648438,0.519316406,0.531982422,53.17434591,0.540253906,0.513164063,0.5267089845,66.8815072,0.552070313,0.529550781,0.540810547,64.39963465,0.562382813,0.536601563,0.549492188
CLIP224+DINOv2,23.62,17.44,65.72164948,0.5246875,0.54875,0.53671875,1436.419568,0.528125,0.542929688,0.535527344,36.9,0.516875,0.535351563,0.5261132815,55.93737614,0.531445313,0.541992188,0.5367187505,40.044,0.524980469,0.53421875,0.5295996095,54.04491781,0.519042969,0.530761719,0.524902344,69.1125434,0.529785156,0.5440625,0.536923828,65.39029017,0.534296875,0.554960938,0.5446289065
CLIP336+DINOv2,26.08,18.89,65.12027491,0.477167969,0.54640625,0.511787109,1475.192077,0.479140625,0.543203125,0.511171875,34.6,0.46671875,0.541914063,0.5043164065,56.9163694,0.486035156,0.54125,0.513642578,46.166,0.476855469,0.535507813,0.506181641,53.4429266,0.473671875,0.535742188,0.5047070315,67.6251859,0.483027344,0.5415625,0.512294922,66.38094569,0.498574219,0.551171875,0.524873047
`.trimStart();

/** Groups of benchmarks in the paper, vision and OCR; its 95.72 % is the mean R² of the vision group. */
export const PUBLISHED_GROUPS = {
  vision: ["mmbench_en", "mme", "ok_vqa", "seed_image"],
  ocr: ["mmmu_val", "textvqa_val", "vizwiz_vqa_val", "scienceqa_img"],
};

/** Shows the scores, one encoder a line. */
export function showTable({ rows, encoders, benchmarks, predictors, source, omitted = [] }: ScoreTable): DisplayBundle {
  const scores = new Map(rows.map((row) => [JSON.stringify([row.encoder, row.benchmark]), row.score]));
  const scoreOf = (encoder: string, benchmark: string): string => {
    const score = scores.get(JSON.stringify([encoder, benchmark])) ?? null;
    return score === null ? "-" : String(Number(score.toPrecision(5)));
  };
  const from = source === undefined ? "" : ` (${source})`;
  const left = omitted.length ? `; left out, without predictors: ${omitted.join(", ")}` : "";
  return tabulate(
    `Scores of ${counted(encoders.length, "encoder")} on ${counted(benchmarks.length, "benchmark")}${from}, with ${predictors.join(", ")} in rows[i].predictors${left}`,
    ["encoder", ...benchmarks],
    encoders.map((encoder) => [encoder, ...benchmarks.map((benchmark) => scoreOf(encoder, benchmark))]),
  );
}
