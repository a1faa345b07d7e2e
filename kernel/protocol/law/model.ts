import { padded } from "../core/figure";
import { clamp, mean, product } from "../../numeric";
import type { LawPayload, SavedBenchmarkFit, SavedFit, SavedRow, SavedScale } from "./payload";

/**
 * The arithmetic that viewer and fallback picture share: predictions in the units of the table, the fitted surface over two
 * predictors, and what stands in the caption.
 */

/** One encoder of a benchmark as the panels draw it; scores in the units of the table. */
export interface LawPoint {
  /** Position in the payload's `encoders`. */
  encoder: number;
  predictors: number[];
  measured: number | null;
  predicted: number | null;
  /** The prediction of a fit without this encoder. */
  leftOut: number | null;
}

/** The points of one benchmark, in the order of the encoders. */
export function lawPoints(payload: LawPayload, fit: SavedFit, benchmark: number): LawPoint[] {
  const of = fit.benchmarks[benchmark];
  const scale = scaleOf(of, "score");
  const back = (value: number | null): number | null => (value === null ? null : fromUnit(value, scale));
  return rowsOf(payload, benchmark).map((row) => ({
    encoder: row.encoder,
    predictors: row.predictors,
    measured: row.score,
    predicted: back(of.predictions[row.encoder]),
    leftOut: back(of.looPredictions[row.encoder]),
  }));
}

function rowsOf(payload: LawPayload, benchmark: number): SavedRow[] {
  return payload.rows.filter((row) => row.benchmark === benchmark).sort((a, b) => a.encoder - b.encoder);
}

/** The range that a fit maps to 0..1; without one, values stay as they are. */
export function scaleOf(of: SavedBenchmarkFit, name: string): SavedScale {
  return of.scales.find((scale) => scale.name === name) ?? { name, min: 0, max: 1 };
}

export function toUnit(value: number, { min, max }: SavedScale): number {
  return max > min ? (value - min) / (max - min) : 0;
}

export function fromUnit(value: number, { min, max }: SavedScale): number {
  return min + value * (max - min);
}

/** Predicts a score from predictors by name, in the units of the table. A term is a product of predictors, as `a*c`. */
export function predictScore(of: SavedBenchmarkFit, predictors: ReadonlyMap<string, number>): number {
  const factor = (name: string): number => toUnit(predictors.get(name) ?? 0, scaleOf(of, name));
  const terms = of.terms.map((term) => product(term.split("*").map((name) => factor(name.trim()))));
  const value = terms.reduce((sum, term, i) => sum + term * of.coefficients[i + 1], of.coefficients[0]);
  return fromUnit(value, scaleOf(of, "score"));
}

/** A fitted surface over the first two predictors: `z[row][column]` at `y[row]`, `x[column]`. */
export interface Surface {
  /** Names of the predictors along both axes. */
  axes: [x: string, y: string];
  /** Predictors that are held at their mean. */
  held: string[];
  x: number[];
  y: number[];
  z: number[][];
  /** Ends of the colours: the measured scores, and a quarter of their span beyond; the surface is clipped there. */
  range: [min: number, max: number];
}

const STEPS = 41;
const BEYOND = 0.25;

/** The surface of one benchmark, or `undefined` for a table with a single predictor. */
export function fittedSurface(payload: LawPayload, fit: SavedFit, benchmark: number): Surface | undefined {
  if (payload.predictors.length < 2) return undefined;
  const rows = rowsOf(payload, benchmark);
  const column = (i: number): number[] => rows.map((row) => row.predictors[i]);
  const means = new Map(payload.predictors.map((name, i) => [name, mean(column(i))]));
  const [x, y] = [steps(column(0)), steps(column(1))];
  const [across, up] = payload.predictors;
  const at = (a: number, c: number): number =>
    predictScore(fit.benchmarks[benchmark], new Map([...means, [across, a], [up, c]]));
  return {
    axes: [across, up],
    held: payload.predictors.slice(2).filter((name) => usesPredictor(fit.benchmarks[benchmark], name)),
    x,
    y,
    z: y.map((c) => x.map((a) => at(a, c))),
    range: scoreRange(rows),
  };
}

function usesPredictor(of: SavedBenchmarkFit, name: string): boolean {
  return of.terms.some((term) => term.split("*").some((part) => part.trim() === name));
}

function steps(values: number[]): number[] {
  const [low, high] = padded(extent(values));
  return Array.from({ length: STEPS }, (_, i) => low + (i / (STEPS - 1)) * (high - low));
}

function scoreRange(rows: SavedRow[]): [number, number] {
  const [low, high] = extent(rows.flatMap((row) => (row.score === null ? [] : [row.score])));
  const more = (high - low || 1) * BEYOND;
  return [low - more, high + more];
}

/** Smallest and largest of the values; 0..1 where there are none. */
export function extent(values: readonly number[]): [min: number, max: number] {
  if (values.length === 0) return [0, 1];
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

/** A fit with at most two rows a coefficient says little about encoders that it has not seen. */
export function isTight(of: Pick<SavedBenchmarkFit, "n" | "coefficients">): boolean {
  return of.n <= 2 * of.coefficients.length;
}

/** Three digits; a dash where a figure does not exist. */
export function figure(value: number | null): string {
  return value === null ? "–" : value.toFixed(3).replace("-", "−");
}

/** A score in the units of its table, with about four digits. */
export function scoreText(value: number | null): string {
  if (value === null) return "–";
  const digits = clamp(3 - Math.floor(Math.log10(Math.max(1e-9, Math.abs(value)))), 0, 3);
  return value.toFixed(digits).replace("-", "−");
}
