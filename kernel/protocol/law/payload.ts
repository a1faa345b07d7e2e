import {
  flag,
  checkBelow,
  index,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  ProtocolError,
  type Reader,
  text,
} from "../core/check";

/** Mime type of the payload that a law view stores in the notebook. Version 1. */
export const LAW_MIME = "application/vnd.fovea.law.v1+json";

/** Choice of a fit in a view: a polynomial degree, or chosen terms in its place. */
export interface FitChoice {
  degree: 1 | 2;
  terms?: string[];
}

/** One encoder on one benchmark; `null` where it was not trained. */
export interface SavedRow {
  /** Position in `encoders`. */
  encoder: number;
  /** Position in `benchmarks`. */
  benchmark: number;
  /** In the order of the payload's `predictors`. */
  predictors: number[];
  score: number | null;
}

/** Range of a predictor, or of `score`, that the fit maps to 0..1. */
export interface SavedScale {
  name: string;
  min: number;
  max: number;
}

/** A fit of one benchmark. Predictions are in the normalised units of the fit, one an encoder, `null` where there is none. */
export interface SavedBenchmarkFit {
  n: number;
  terms: string[];
  /** The intercept first, then one a term. */
  coefficients: number[];
  r2: number;
  adjustedR2: number | null;
  looQ2: number | null;
  predictions: (number | null)[];
  looPredictions: (number | null)[];
  scales: SavedScale[];
}

export interface SavedGroup {
  name: string;
  r2: number;
  adjustedR2: number | null;
  looQ2: number | null;
}

/** A group of the table: positions in `benchmarks`. */
export interface SavedTableGroup {
  name: string;
  benchmarks: number[];
}

/** The fits of all benchmarks under one choice, in the order of the payload's `benchmarks`. */
export interface SavedFit {
  choice: FitChoice;
  predictors: string[];
  normalize: string;
  ridge: number;
  benchmarks: SavedBenchmarkFit[];
  groups: SavedGroup[];
}

export interface LawPayload {
  version: 1;
  /** Names the live view in the kernel that made it. */
  view: string;
  title: string;
  encoders: string[];
  benchmarks: string[];
  predictors: string[];
  rows: SavedRow[];
  /** Missing in views of earlier versions. */
  groups?: SavedTableGroup[];
  /** The first one is shown first; the others answer without a kernel. */
  fits: SavedFit[];
  /** True if the kernel can fit again. */
  refits: boolean;
  /** True if the viewer reports selections to the kernel. */
  selects?: boolean;
  /** Position in `benchmarks` of the one shown first. */
  current: number;
  leaveOneOut: boolean;
  residuals: boolean;
}

/** Bounds of a payload: more encoders than this are no longer told apart by eye. */
export const MAX_ENCODERS = 200;
export const MAX_BENCHMARKS = 60;
const MAX_PREDICTORS = 20;
const MAX_TERMS = 60;

const real = number({ min: -1e12, max: 1e12 });
const name = text(120);

const maybe = nullable(real);

export const fitChoice: Reader<FitChoice> = object<FitChoice>({
  degree: oneOf<1 | 2>([1, 2]),
  terms: optional(list(name, 1, MAX_TERMS)),
});

const benchmarkFit = object<SavedBenchmarkFit>({
  n: number({ min: 0, max: MAX_ENCODERS, integer: true }),
  terms: list(name, 0, MAX_TERMS),
  coefficients: list(real, 1, MAX_TERMS + 1),
  r2: real,
  adjustedR2: maybe,
  looQ2: maybe,
  predictions: list(maybe, 0, MAX_ENCODERS),
  looPredictions: list(maybe, 0, MAX_ENCODERS),
  scales: list(object<SavedScale>({ name, min: real, max: real }), 1, MAX_PREDICTORS + 1),
});

const savedFit = object<SavedFit>({
  choice: fitChoice,
  predictors: list(name, 1, MAX_PREDICTORS),
  normalize: text(40),
  ridge: number({ min: 0, max: 1e12 }),
  benchmarks: list(benchmarkFit, 1, MAX_BENCHMARKS),
  groups: list(object<SavedGroup>({ name, r2: real, adjustedR2: maybe, looQ2: maybe }), 0, 50),
});

const savedRow = object<SavedRow>({
  encoder: index,
  benchmark: index,
  predictors: list(real, 1, MAX_PREDICTORS),
  score: maybe,
});

const payload = object<LawPayload>({
  version: oneOf<1>([1]),
  view: text(100),
  title: text(300),
  encoders: list(name, 1, MAX_ENCODERS),
  benchmarks: list(name, 1, MAX_BENCHMARKS),
  predictors: list(name, 1, MAX_PREDICTORS),
  rows: list(savedRow, 1, MAX_ENCODERS * MAX_BENCHMARKS),
  groups: optional(list(object<SavedTableGroup>({ name, benchmarks: list(index, 0, MAX_BENCHMARKS) }), 0, 50)),
  fits: list(savedFit, 1, 8),
  refits: flag,
  selects: optional(flag),
  current: index,
  leaveOneOut: flag,
  residuals: flag,
});

/** @throws ProtocolError naming the first path that breaks the format. */
export function readLaw(value: unknown, where = "law view"): LawPayload {
  const read = payload(value, "", where);
  checkBelow(where, "current", read.current, read.benchmarks.length);
  read.rows.forEach((row, i) => {
    checkBelow(where, `rows[${i}].encoder`, row.encoder, read.encoders.length);
    checkBelow(where, `rows[${i}].benchmark`, row.benchmark, read.benchmarks.length);
    sized(row.predictors, read.predictors.length, `rows[${i}].predictors`, where);
  });
  read.groups?.forEach(({ benchmarks }, i) =>
    benchmarks.forEach((at) => checkBelow(where, `groups[${i}].benchmarks`, at, read.benchmarks.length)),
  );
  read.fits.forEach((fit, i) => checkFit(fit, read, `fits[${i}]`, where));
  return read;
}

/** Reads a fit that came over the comm, for the table of `view`. @throws ProtocolError */
export function readFit(value: unknown, view: Pick<LawPayload, "encoders" | "benchmarks">, where: string): SavedFit {
  const read = savedFit(value, "fit", where);
  checkFit(read, view, "fit", where);
  return read;
}

function checkFit(fit: SavedFit, view: Pick<LawPayload, "encoders" | "benchmarks">, path: string, where: string): void {
  sized(fit.benchmarks, view.benchmarks.length, `${path}.benchmarks`, where);
  fit.benchmarks.forEach((of, i) => {
    const at = `${path}.benchmarks[${i}]`;
    sized(of.coefficients, of.terms.length + 1, `${at}.coefficients`, where);
    sized(of.predictions, view.encoders.length, `${at}.predictions`, where);
    sized(of.looPredictions, view.encoders.length, `${at}.looPredictions`, where);
  });
}

function sized(values: readonly unknown[], length: number, path: string, where: string): void {
  if (values.length !== length) throw new ProtocolError(where, path, `an array of ${length} items`, values);
}
