import { least, most } from "../../../numeric/order";
import { numberOf, record, textOf, titleText, withoutTags, type Coordinate, type PlotlyObject } from "./values";

export interface Tick {
  value: number;
  label: string;
}

/** One axis: maps coordinates to pixels. */
export interface Axis {
  title: string;
  /** Marks along the axis, with their labels; none where the author hides them. */
  ticks: Tick[];
  /** Lines across the figure at the ticks. */
  hasGrid: boolean;
  /** Pixel of a coordinate, `undefined` where it has none (a non-positive value on a log axis). */
  place(value: Coordinate | null): number | undefined;
  /** Pixels between two categories; for numbers, of the smallest step between the given values. */
  step(values: readonly (Coordinate | null)[]): number;
}

export interface AxisInput {
  options: PlotlyObject;
  /** Everything drawn along the axis. */
  values: (Coordinate | null)[];
  /** Bars grow from zero, so it must be on the axis. */
  includeZero: boolean;
  /** Space at both ends, as a share of the length, unless the range is given. */
  padding: number;
  from: number;
  to: number;
  /** About so many pixels a tick. */
  spacing: number;
}

/** An axis by its kind, before the author's choice of ticks. */
type BareAxis = Omit<Axis, "hasGrid">;

/** Makes an axis: by category where any coordinate is text that is no number, else linear or logarithmic. */
export function makeAxis(input: AxisInput): Axis {
  const { options } = input;
  const bare = bareAxis(input);
  const ticks = chosenTicks(options, bare) ?? bare.ticks;
  const hasGrid = options.showgrid !== false && options.visible !== false;
  const isHidden = options.visible === false;
  return { ...bare, hasGrid, ticks: isHidden ? [] : ticks.map((tick) => labeled(tick, options)) };
}

function bareAxis(input: AxisInput): BareAxis {
  const { options, values } = input;
  const kind = textOf(options.type);
  const texts = values.some((value) => typeof value === "string" && !Number.isFinite(Number(value || NaN)));
  if (kind === "category" || (kind === undefined && texts)) return categoryAxis(input);
  return kind === "log" ? logAxis(input) : linearAxis(input);
}

/** The ticks that the author names, by value. */
function chosenTicks({ tickvals, ticktext }: PlotlyObject, { place }: BareAxis): Tick[] | undefined {
  if (!Array.isArray(tickvals)) return undefined;
  const texts: unknown[] = Array.isArray(ticktext) ? ticktext : tickvals;
  return tickvals.flatMap((given: unknown, i) => {
    const value = typeof given === "number" || typeof given === "string" ? place(given) : undefined;
    const text = texts[i] ?? given;
    return value === undefined ? [] : [{ value, label: withoutTags(typeof text === "string" ? text : String(text)) }];
  });
}

function labeled({ value, label }: Tick, { showticklabels, tickprefix, ticksuffix }: PlotlyObject): Tick {
  if (showticklabels === false) return { value, label: "" };
  return { value, label: `${textOf(tickprefix) ?? ""}${label}${textOf(ticksuffix) ?? ""}` };
}

function categoryAxis({ options, values, from, to }: AxisInput): BareAxis {
  const names = [...new Set(values.filter((value) => value !== null).map(String))];
  const positions = new Map(names.map((name, i) => [name, i]));
  const unit = (to - from) / Math.max(1, names.length);
  const at = (index: number): number => from + (index + 0.5) * unit;
  return {
    title: titleText(options.title),
    ticks: names.map((label, i) => ({ value: at(i), label })),
    place: (value) => {
      const position = value === null ? undefined : positions.get(String(value));
      return position === undefined ? undefined : at(position);
    },
    step: () => Math.abs(unit),
  };
}

function linearAxis(input: AxisInput): BareAxis {
  const { options, from, to } = input;
  const [low, high] = givenRange(options) ?? linearRange(input);
  const scale = (to - from) / (high - low || 1);
  const place = (value: Coordinate | null): number | undefined =>
    value === null || !Number.isFinite(Number(value)) ? undefined : from + (Number(value) - low) * scale;
  const wanted = Math.min(numberOf(options.nticks) ?? Infinity, Math.abs(to - from) / input.spacing);
  const step = positive(numberOf(options.dtick)) ?? niceStep(Math.abs(high - low), wanted);
  return {
    title: titleText(options.title),
    ticks: ticksBetween(low, high, step).map(({ value, label }) => ({ value: from + (value - low) * scale, label })),
    place,
    step: (values) => Math.abs(scale) * smallestGap(values),
  };
}

function logAxis(input: AxisInput): BareAxis {
  const { options, from, to } = input;
  const logs = input.values
    .map(Number)
    .filter((value) => value > 0)
    .map(Math.log10);
  const [low, high] = givenRange(options) ?? padded(bounds(logs), input.padding);
  const scale = (to - from) / (high - low || 1);
  const powers = ticksBetween(low, high, Math.max(1, Math.round((high - low) / 8)));
  return {
    title: titleText(options.title),
    ticks: powers.map(({ value }) => ({ value: from + (value - low) * scale, label: formatPower(value) })),
    place: (value) =>
      value !== null && Number(value) > 0 ? from + (Math.log10(Number(value)) - low) * scale : undefined,
    step: () => Math.abs(to - from) / 20,
  };
}

function positive(step: number | undefined): number | undefined {
  return step !== undefined && step > 0 ? step : undefined;
}

function formatPower(exponent: number): string {
  const value = 10 ** exponent;
  return Number.isInteger(exponent) && Math.abs(exponent) < 5 ? String(Number(value.toPrecision(6))) : `1e${exponent}`;
}

function givenRange(options: PlotlyObject): [number, number] | undefined {
  if (!Array.isArray(options.range)) return undefined;
  const [low, high] = options.range.map(numberOf);
  return low === undefined || high === undefined || low === high ? undefined : [low, high];
}

function linearRange({ options, values, includeZero, padding }: AxisInput): [number, number] {
  const numbers = values
    .filter((value) => value !== null)
    .map(Number)
    .filter(Number.isFinite);
  const [low, high] = bounds(numbers);
  if (options.rangemode === "nonnegative") return padded([Math.max(0, low), high], padding, low >= 0);
  const zero = includeZero || options.rangemode === "tozero";
  if (!zero) return padded([low, high], padding);
  if (low >= 0) return padded([0, high], padding, true);
  return high <= 0 ? [low - padding * -low, 0] : padded([low, high], padding);
}

function bounds(numbers: number[]): [number, number] {
  if (numbers.length === 0) return [0, 1];
  const [low, high] = [least(numbers), most(numbers)];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function padded([low, high]: [number, number], padding: number, fixedLow = false): [number, number] {
  const extra = (high - low || 1) * padding;
  return [fixedLow ? low : low - extra, high + extra];
}

/** 1, 2 or 5 times a power of ten. */
export function niceStep(span: number, wanted: number): number {
  const raw = span / Math.max(1, wanted) || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= raw * 0.999) ?? 10;
  return factor * power;
}

const MOST_TICKS = 100;

function ticksBetween(low: number, high: number, step: number): Tick[] {
  const [from, to] = low < high ? [low, high] : [high, low];
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.min(MOST_TICKS, Math.floor(to / step + 1e-9) - first + 1);
  const digits = Math.min(10, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const value = (first + i) * step;
    return { value, label: formatTick(value, digits) };
  });
}

function formatTick(value: number, digits: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4) return value.toExponential(1).replace("e+", "e");
  return value.toFixed(digits).replace("-", "\u2212");
}

function smallestGap(values: readonly (Coordinate | null)[]): number {
  const sorted = [...new Set(values.filter((value) => value !== null).map(Number))].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((value, i) => value - sorted[i]);
  return gaps.length ? least(gaps) : 1;
}

/** Options of an axis by the name that traces call it by: `x`, `y2`. */
export function axisOptions(layout: PlotlyObject, reference: string): PlotlyObject {
  return record(layout[`${reference[0]}axis${reference.slice(1)}`]);
}
