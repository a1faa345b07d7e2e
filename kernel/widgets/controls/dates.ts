import { WidgetError } from "../error";
import { Widget, type WidgetSetup } from "../model";
import { control, DESCRIBED, type ControlOptions, type DescribedState } from "./definition";
import { isWhole } from "../../rules/rule-error";
import { checkArguments } from "../../rules/arguments";

/** Day as the front end writes it. */
export interface DateParts {
  year: number;
  /** Month from 0, as JavaScript counts. */
  month: number;
  date: number;
}

/** State of a choice of a day. */
export interface DatePickerState extends DescribedState {
  /** Chosen day; `null` for none. */
  value: DateParts | null;
  /** The same as text, `2026-11-30`; it stays in the kernel, and setting it sets `value`. */
  day: string | null;
  /** First day to choose; `null` for any. */
  min: DateParts | null;
  /** Last day to choose; `null` for any. */
  max: DateParts | null;
  /** Days between two that can be chosen. */
  step: number;
  disabled: boolean;
}

const WHERE = "widgets.datePicker";

/**
 * Makes a choice of a day: `widgets.datePicker({ day: "2026-11-30" }).get("day")`. Default: none is chosen.
 *
 * @throws WidgetError for a day that no calendar has, or one outside `min` and `max`
 */
export function datePicker(options: ControlOptions<DatePickerState> = {}): Widget<DatePickerState> {
  checkArguments(WHERE, WidgetError, { options }, { options: "object" });
  const { day = null, value = null, ...rest } = options;
  const defaults = { ...DESCRIBED, disabled: false, max: null, min: null, step: 1, value: null };
  const setup = control(WHERE, { model: "DatePicker", style: "DescriptionStyle", defaults }, rest);
  // Null in the defaults, so that the front end may clear it.
  const chosen = value ?? parts(day);
  const state = { ...setup.state, value: chosen, day: textOf(chosen) };
  return new Widget({ ...setup, state, local: ["day"], derive: follow, check });
}

/** Keeps day and value consistent: each sets the other. */
const follow: WidgetSetup["derive"] = (changes) => {
  if (changes.has("day")) changes.set("value", parts(changes.get("day")));
  else if (changes.has("value")) changes.set("day", textOf(changes.get("value")));
};

function parts(day: unknown): DateParts | null {
  if (day === null) return null;
  const [, year, month, date] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(String(day)) ?? []).map(Number);
  const found = { year, month: month - 1, date };
  if (isDay(found)) return found;
  throw new WidgetError(WHERE, "day must be a day as 2026-11-30", day);
}

const isDay = (value: unknown): value is DateParts => {
  const { year, month, date } = Object(value) as Partial<Record<keyof DateParts, unknown>>;
  if (![year, month, date].every(Number.isInteger) || Number(year) < 0 || Number(year) > 9999) return false;
  const day = new Date(0);
  day.setUTCFullYear(Number(year), Number(month), Number(date));
  return day.getUTCMonth() === month && day.getUTCDate() === date;
};

const textOf = (value: unknown): string | null =>
  isDay(value)
    ? [
        String(value.year).padStart(4, "0"),
        ...[value.month + 1, value.date].map((n) => String(n).padStart(2, "0")),
      ].join("-")
    : null;

const check: WidgetSetup["check"] = (next) => {
  for (const key of ["value", "min", "max"]) {
    const value = next(key);
    if (value !== null && !isDay(value))
      throw new WidgetError(WHERE, `${key} must be a day { year, month, date } with months from 0`, value);
  }
  const [value, min, max] = ["value", "min", "max"].map((key) => textOf(next(key)));
  if (value !== null && ((min !== null && value < min) || (max !== null && value > max)))
    throw new WidgetError(WHERE, `value must be a day of ${min ?? "any"} to ${max ?? "any"}`, value);
  const step = next("step");
  if (!isWhole(step)) throw new WidgetError(WHERE, "step must be a whole number of days of at least 1", step);
};
