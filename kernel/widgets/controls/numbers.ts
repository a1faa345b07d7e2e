import { given } from "../../rules/option-names";
import { WidgetError } from "../error";
import { Widget } from "../model";
import { control, DESCRIBED, type ControlOptions, type Definition, type DescribedState } from "./definition";

/** State of a number with bounds. */
export interface BoundedState extends DescribedState {
  value: number;
  min: number;
  max: number;
}

/** State of a slider. */
export interface SliderState extends BoundedState {
  step: number;
  orientation: "horizontal" | "vertical";
  /** Show an editable number beside the slider. */
  readout: boolean;
  /** Format of the number in d3's format language: `d`, `.2f`. */
  readout_format: string;
  /** Update the value during the drag. Default true; otherwise it changes when the slider is released. */
  continuous_update: boolean;
  disabled: boolean;
  behavior: string;
}

/** State of a slider with two ends. */
export interface RangeSliderState extends Omit<SliderState, "value"> {
  value: [number, number];
}

/** State of a field for a number. */
export interface NumberState extends DescribedState {
  value: number;
  /** Step; `null` for any. */
  step: number | null;
  /** Update the value while typing. Default false: it changes on Enter or when the field loses focus. */
  continuous_update: boolean;
  disabled: boolean;
}

/** State of a progress bar. */
export interface ProgressState extends BoundedState {
  orientation: "horizontal" | "vertical";
  bar_style: "" | "success" | "info" | "warning" | "danger";
}

/** State of a counter that runs in the browser. */
export interface PlayState extends BoundedState {
  step: number;
  /** Milliseconds between two values. */
  interval: number;
  playing: boolean;
  repeat: boolean;
  show_repeat: boolean;
  disabled: boolean;
}

const BOUNDS = { min: 0, max: 100 };
const SLIDER = {
  ...DESCRIBED,
  ...BOUNDS,
  behavior: "drag-tap",
  continuous_update: true,
  disabled: false,
  orientation: "horizontal",
  readout: true,
};
const INTEGERS = { step: 1, readout_format: "d" };
const FLOATS = { step: 0.1, readout_format: ".2f" };
const FIELD = { ...DESCRIBED, continuous_update: false, disabled: false, value: 0 };

type Rule = (where: string, next: (key: string) => unknown) => void;

/** Rule that every value lies between the bounds. */
const bounded: Rule = (where, next) => {
  const [min, max] = [Number(next("min")), Number(next("max"))];
  for (const [name, bound] of Object.entries({ min, max }))
    if (!Number.isFinite(bound)) throw new WidgetError(where, `${name} must be a finite number`, next(name));
  if (!(min <= max)) throw new WidgetError(where, "min must not be above max", [min, max]);
  for (const value of [next("value")].flat()) {
    if (typeof value === "number" && value >= min && value <= max) continue;
    throw new WidgetError(where, `value must be a number in ${min}..${max}`, value);
  }
};

/** A number that is counted up by, or waited for, is above nothing; `null` where a field takes any. */
const positive =
  (...keys: string[]): Rule =>
  (where, next) => {
    for (const key of keys) {
      const value = next(key);
      if (value === null || (typeof value === "number" && Number.isFinite(value) && value > 0)) continue;
      throw new WidgetError(where, `${key} must be a finite number above 0`, value);
    }
  };

const number: Rule = (where, next) => {
  if (!Number.isFinite(next("value"))) throw new WidgetError(where, "value must be a finite number", next("value"));
};

const whole: Rule = (where, next) => {
  for (const value of [next("value")].flat()) {
    if (!Number.isInteger(value)) throw new WidgetError(where, "value must be whole", value);
  }
};

const ordered: Rule = (where, next) => {
  const value = next("value");
  if (Array.isArray(value) && value.length === 2 && value[0] <= value[1]) return;
  throw new WidgetError(where, "value must be [lower, upper]", value);
};

function make<S extends object>(where: string, definition: Definition, options: object, rules: Rule[]): Widget<S> {
  const check = (next: (key: string) => unknown): void => rules.forEach((rule) => rule(where, next));
  return new Widget({ ...control(where, definition, options), check });
}

function slider(model: string, own: object): Definition {
  return { model, style: "SliderStyle", defaults: { ...SLIDER, ...own } };
}

/**
 * Makes a slider over whole numbers. Default: 0, or the nearest bound, in 0..100.
 *
 * @throws WidgetError for a value outside the bounds
 */
export function intSlider(options: ControlOptions<SliderState> = {}): Widget<SliderState> {
  const definition = slider("IntSlider", { ...INTEGERS, value: nearest(options) });
  return make("widgets.intSlider", definition, options, [bounded, whole, positive("step")]);
}

/**
 * Makes a slider over numbers. Default: 0, or the nearest bound, in 0..100 by steps of 0.1.
 *
 * @throws WidgetError for a value outside the bounds
 */
export function floatSlider(options: ControlOptions<SliderState> = {}): Widget<SliderState> {
  return make("widgets.floatSlider", slider("FloatSlider", { ...FLOATS, value: nearest(options) }), options, [
    bounded,
    positive("step"),
  ]);
}

/** Makes a slider with two ends over whole numbers. Default: the middle half of 0..100. */
export function intRangeSlider(options: ControlOptions<RangeSliderState> = {}): Widget<RangeSliderState> {
  const definition = slider("IntRangeSlider", { ...INTEGERS, value: middle(options).map(Math.round) });
  return make("widgets.intRangeSlider", definition, options, [ordered, bounded, whole, positive("step")]);
}

/** Makes a slider with two ends over numbers. Default: the middle half of 0..100. */
export function floatRangeSlider(options: ControlOptions<RangeSliderState> = {}): Widget<RangeSliderState> {
  const definition = slider("FloatRangeSlider", { ...FLOATS, value: middle(options) });
  return make("widgets.floatRangeSlider", definition, options, [ordered, bounded, positive("step")]);
}

/** Makes a field for a whole number. */
export function intText(options: ControlOptions<NumberState> = {}): Widget<NumberState> {
  const definition: Definition = { model: "IntText", style: "DescriptionStyle", defaults: { ...FIELD, step: 1 } };
  return make("widgets.intText", definition, options, [whole, positive("step")]);
}

/** Makes a field for a number. */
export function floatText(options: ControlOptions<NumberState> = {}): Widget<NumberState> {
  const definition: Definition = { model: "FloatText", style: "DescriptionStyle", defaults: { ...FIELD, step: null } };
  return make("widgets.floatText", definition, options, [number, positive("step")]);
}

/** Makes a bar that fills from `min` to `max`. Default: 0, or the nearest bound, in 0..100. */
export function progress(options: ControlOptions<ProgressState> = {}): Widget<ProgressState> {
  const own = { bar_style: "", orientation: "horizontal", value: nearest(options) };
  const defaults = { ...DESCRIBED, ...BOUNDS, ...own };
  const definition: Definition = { model: "FloatProgress", view: "Progress", style: "ProgressStyle", defaults };
  return make("widgets.progress", definition, options, [bounded]);
}

/** Makes a counter from `min` to `max` in the browser; {@link jslink} makes a slider follow it. */
export function play(options: ControlOptions<PlayState> = {}): Widget<PlayState> {
  const own = { interval: 100, playing: false, repeat: false, show_repeat: true, step: 1, disabled: false };
  const defaults = { ...DESCRIBED, ...BOUNDS, ...own, value: nearest(options) };
  return make("widgets.play", { model: "Play", style: "DescriptionStyle", defaults }, options, [
    bounded,
    positive("step", "interval"),
  ]);
}

interface Bounds {
  min?: number;
  max?: number;
}

/** Bounds of options. A value that is no options object has the default bounds until {@link control} refuses it. */
const boundsOf = (options: Bounds): Required<Bounds> => ({ ...BOUNDS, ...given(Object(options) as Bounds) });

/** Returns the value nearest to 0 within the bounds. */
function nearest(options: Bounds): number {
  const { min, max } = boundsOf(options);
  return Math.min(Math.max(0, min), max);
}

function middle(options: Bounds): number[] {
  const { min, max } = boundsOf(options);
  return [min + (max - min) / 4, max - (max - min) / 4];
}
