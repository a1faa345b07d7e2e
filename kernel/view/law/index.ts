import { checkArguments } from "../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { View } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import type { JSONValue, MimeBundle } from "../../display/host";
import { keepLive } from "../live";
import { MAX_SAVED_BYTES } from "../../protocol/core/saved";
import { stillBundle } from "../draw/pictures";
import {
  saveFit,
  tableGroups,
  tableRows,
  type LawFitLike,
  type LawRefit,
  type LawRefitOptions,
  type LawTableLike,
} from "./input";
import { LAW_MIME, type FitChoice, type LawPayload, type SavedFit } from "../../protocol/law/payload";
import { drawLaw } from "./picture";
import { serveLaw } from "./serve";
import { describeLaw } from "./text";

export type {
  LawBenchmarkFitLike,
  LawFitLike,
  LawGroupLike,
  LawRefit,
  LawRefitOptions,
  LawTableLike,
  LawTableRowLike,
} from "./input";

/** Options of `view.law`. */
export interface LawViewOptions {
  /** Title above the view. Default: none. */
  title?: string;
  /** The benchmark shown first. Default: the first of the table. */
  benchmark?: string;
  /** Degree of the first fit, where the fit is a function. Default 2. */
  degree?: 1 | 2;
  /** Terms of the first fit in place of those of the degree, where the fit is a function. Default: those of the degree. */
  terms?: readonly string[];
  /** Predictions of fits that have not seen the encoder. Default false: in sample. */
  leaveOneOut?: boolean;
  /** Lines from every point to the diagonal. Default false. */
  residuals?: boolean;
  /**
   * Called with the name of the encoder that is selected in the viewer, or `null`, for as long as the kernel runs. Calls do not overlap;
   * of selections made meanwhile only the last is passed on. To show features of the encoder in another output, update a handle:
   * `onSelect: async (name) => name && handle.update(await view.correspondence(a, b, encoderOf(name)))`.
   * Default: not called.
   */
  onSelect?: (encoder: string | null) => unknown;
}

const NAMES: OptionNames<LawViewOptions> = {
  title: true,
  benchmark: true,
  degree: true,
  terms: true,
  leaveOneOut: true,
  residuals: true,
  onSelect: true,
};

/** Fits of benchmark scores that can be explored. Show it as the last value of a cell, or by `display`. */
export class LawView extends View {
  constructor(
    bundle: MimeBundle,
    /** Names the view on the comm. */
    readonly id: string,
    /** Frees the table and the fit function; the viewer then shows the saved fits. */
    readonly dispose: () => void,
  ) {
    super(bundle);
  }
}

const WHERE = "view.law";
const DEGREES = [1, 2] as const;

/**
 * Predicted against measured scores of encoders, the fitted surface over A and C, and all benchmarks on common axes:
 * `view.law(table, (options) => law.fit(table, options))`. With a function, degree and terms change live and the degrees 1 and 2
 * are saved for use without a kernel; a finished fit can be given in its place.
 * @throws ViewError when table, fit or options break a rule.
 */
export function law(table: LawTableLike, fit: LawFitLike | LawRefit, options: LawViewOptions = {}): LawView {
  checkArguments(
    "view.law",
    ViewError,
    { table },
    { table: { rows: "array", encoders: "array", benchmarks: "array", predictors: "array" } },
  );
  checkOptionNames("view.law", options, NAMES, ViewError);
  const payload = buildPayload(table, fit, options);
  const bundle: MimeBundle = {
    [LAW_MIME]: payload as unknown as JSONValue,
    ...stillBundle(drawLaw(payload)),
    "text/plain": describeLaw(payload),
  };
  const bytes = JSON.stringify(bundle).length;
  if (bytes > MAX_SAVED_BYTES)
    throw new ViewError(WHERE, `the table must fit into ${MAX_SAVED_BYTES} bytes of a notebook`, bytes);
  const refit = typeof fit === "function" ? (choice: FitChoice): SavedFit => fitAgain(table, fit, choice) : undefined;
  const { onSelect } = options;
  const service = serveLaw({ id: payload.view, encoders: table.encoders, refit, onSelect });
  return new LawView(bundle, payload.view, keepLive(service));
}

function buildPayload(table: LawTableLike, fit: LawFitLike | LawRefit, options: LawViewOptions): LawPayload {
  const rows = tableRows(table);
  return {
    version: 1,
    view: platform().uuid(),
    title: options.title ?? "",
    encoders: [...table.encoders],
    benchmarks: [...table.benchmarks],
    predictors: [...table.predictors],
    rows,
    groups: tableGroups(table),
    fits: typeof fit === "function" ? firstFits(table, fit, options) : [saveFit(table, fit)],
    refits: typeof fit === "function",
    ...(options.onSelect && { selects: true }),
    current: currentBenchmark(table, options.benchmark),
    leaveOneOut: options.leaveOneOut ?? false,
    residuals: options.residuals ?? false,
  };
}

function currentBenchmark({ benchmarks }: LawTableLike, wanted: string | undefined): number {
  const found = wanted === undefined ? 0 : benchmarks.indexOf(wanted);
  if (found >= 0) return found;
  throw new ViewError(WHERE, `benchmark must be one of ${benchmarks.join(", ")}`, wanted);
}

/** The fit asked for, then the plain degrees that the table has encoders enough for: they answer without a kernel. */
function firstFits(table: LawTableLike, refit: LawRefit, { degree = 2, terms }: LawViewOptions): SavedFit[] {
  if (degree !== 1 && degree !== 2) throw new ViewError(WHERE, "degree must be 1 or 2", degree);
  const wanted: FitChoice = { degree, ...(terms && { terms: [...terms] }) };
  const others = DEGREES.filter((other) => terms || other !== degree).map((other): FitChoice => ({ degree: other }));
  return [fitAgain(table, refit, wanted), ...others.flatMap((choice) => possibleFit(table, refit, choice))];
}

/** A fit that is only saved besides: a table with too few encoders for it goes without. */
function possibleFit(table: LawTableLike, refit: LawRefit, choice: FitChoice): SavedFit[] {
  try {
    return [fitAgain(table, refit, choice)];
  } catch {
    return [];
  }
}

function fitAgain(table: LawTableLike, refit: LawRefit, choice: FitChoice): SavedFit {
  const options: LawRefitOptions = { degree: choice.degree, ...(choice.terms && { terms: choice.terms }) };
  return saveFit(table, refit(options), choice);
}
