import { checkArguments } from "../../rules/arguments";
import { WidgetError } from "../error";
import { Widget, type WidgetSetup } from "../model";
import { control, DESCRIBED, type ControlOptions, type Definition, type DescribedState } from "./definition";
import { isWhole } from "../../rules/rule-error";

/** State of a choice. `value` and `options` stay in the kernel; the front end knows labels and `index`. */
export interface SelectionState<V> extends DescribedState {
  options: readonly V[];
  value: V;
  /** Position of `value` in `options`. */
  index: number;
  _options_labels: readonly string[];
  disabled: boolean;
}

/** State of a list to choose from. */
export interface ListState<V> extends SelectionState<V> {
  /** Height in lines. */
  rows: number;
}

/** State of a row of buttons with one pressed. */
export interface ToggleButtonsState<V> extends SelectionState<V> {
  button_style: "" | "primary" | "success" | "info" | "warning" | "danger";
  /** Font Awesome name of each button. */
  icons: readonly string[];
  tooltips: readonly string[];
}

/** State of a column or row of radio buttons. */
export interface RadioButtonsState<V> extends SelectionState<V> {
  orientation: "horizontal" | "vertical";
}

/** Values with their labels: pairs `[label, value]` as ipywidgets takes them, or a map from labels. */
export type LabeledChoices<V> = readonly (readonly [label: string, value: V])[] | ReadonlyMap<string, V>;

/** Options of a choice. */
export type SelectionOptions<V, S> = ControlOptions<Omit<S, "options" | "value" | "index" | "_options_labels">> & {
  /** Values to choose from, at least one, of any type. */
  options: readonly V[];
  /** Visible labels of the values. Default: the values as text. */
  labels?: readonly string[];
  /** Initial value. Default: the first. */
  value?: V;
};

/** Options of a choice whose values come with their labels. */
export type LabeledOptions<V, S> = Omit<SelectionOptions<V, S>, "options" | "labels"> & {
  options: LabeledChoices<V>;
  labels?: undefined;
};

type Given<V, S> = SelectionOptions<V, S> | LabeledOptions<V, S>;

const CHOICE = { ...DESCRIBED, disabled: false, index: 0, _options_labels: [] };

/**
 * Makes a menu: `widgets.dropdown({ options: ["token", "key"], value: "key" }).get("value")`.
 *
 * @throws WidgetError for no options, or a value outside them
 */
export function dropdown<V>(options: LabeledOptions<V, SelectionState<V>>): Widget<SelectionState<V>>;
export function dropdown<V>(options: SelectionOptions<V, SelectionState<V>>): Widget<SelectionState<V>>;
export function dropdown<V>(options: Given<V, SelectionState<V>>): Widget<SelectionState<V>> {
  return new Widget(choice("widgets.dropdown", { model: "Dropdown", defaults: CHOICE }, options));
}

/** Makes radio buttons. */
export function radioButtons<V>(options: LabeledOptions<V, RadioButtonsState<V>>): Widget<RadioButtonsState<V>>;
export function radioButtons<V>(options: SelectionOptions<V, RadioButtonsState<V>>): Widget<RadioButtonsState<V>>;
export function radioButtons<V>(options: Given<V, RadioButtonsState<V>>): Widget<RadioButtonsState<V>> {
  const definition = { model: "RadioButtons", defaults: { ...CHOICE, orientation: "vertical" } };
  return new Widget(choice("widgets.radioButtons", definition, options));
}

/** Makes a list with one chosen line. */
export function select<V>(options: LabeledOptions<V, ListState<V>>): Widget<ListState<V>>;
export function select<V>(options: SelectionOptions<V, ListState<V>>): Widget<ListState<V>>;
export function select<V>(options: Given<V, ListState<V>>): Widget<ListState<V>> {
  return new Widget(choice("widgets.select", { model: "Select", defaults: { ...CHOICE, rows: 5 } }, options));
}

/** Makes a row of buttons with one pressed. */
export function toggleButtons<V>(options: LabeledOptions<V, ToggleButtonsState<V>>): Widget<ToggleButtonsState<V>>;
export function toggleButtons<V>(options: SelectionOptions<V, ToggleButtonsState<V>>): Widget<ToggleButtonsState<V>>;
export function toggleButtons<V>(options: Given<V, ToggleButtonsState<V>>): Widget<ToggleButtonsState<V>> {
  const defaults = { ...CHOICE, button_style: "", icons: [], tooltips: [] };
  const definition = { model: "ToggleButtons", style: "ToggleButtonsStyle", defaults } as const;
  return new Widget(choice("widgets.toggleButtons", definition, options));
}

function choice<V>(where: string, definition: Definition, given: Given<V, SelectionState<V>>): WidgetSetup {
  checkArguments(where, WidgetError, { options: given }, { options: "object" });
  const { options: choices, labels: own, value, ...rest } = given;
  const { options, labels } = split<V>(where, choices, own);
  if (options.length === 0) throw new WidgetError(where, "there must be an option", options);
  if (labels.length !== options.length) {
    throw new WidgetError(where, `there must be a label for each of the ${options.length} options`, labels);
  }
  const index = value === undefined ? 0 : indexOf(where, options, value);
  const setup = control(where, { style: "DescriptionStyle", ...definition }, rest);
  const state = { ...setup.state, options, value: options[index], index, _options_labels: labels };
  return { ...setup, state, local: ["options", "value"], derive: follow(where), check: checkIndex(where) };
}

/** Returns values and labels of choices in any of their forms. A list is one of pairs if each entry is a text and a value. */
function split<V>(
  where: string,
  choices: LabeledChoices<V> | readonly V[],
  own?: readonly string[],
): { options: V[]; labels: string[] } {
  if (!Array.isArray(choices) && !(choices instanceof Map))
    throw new WidgetError(where, "options must be a list of values, of pairs [label, value], or a map", choices);
  if (own !== undefined) checkArguments(where, WidgetError, { labels: own }, { labels: ["string"] });
  const list = [...(choices as Iterable<unknown>)];
  const isPair = (one: unknown): one is [string, V] =>
    Array.isArray(one) && one.length === 2 && typeof one[0] === "string";
  if (own === undefined && list.length > 0 && list.every(isPair))
    return { options: list.map(([, value]) => value), labels: list.map(([label]) => label) };
  return { options: list as V[], labels: [...(own ?? list.map(String))] };
}

/** Keeps value and index consistent: each sets the other; new options keep the value if they contain it. */
function follow(where: string): WidgetSetup["derive"] {
  return (changes, present) => {
    if (changes.has("options") && !changes.has("_options_labels")) {
      const { options, labels } = split(where, changes.get("options") as readonly unknown[]);
      changes.set("options", options);
      changes.set("_options_labels", labels);
    }
    const options = (changes.get("options") ?? present("options")) as readonly unknown[];
    if (changes.has("options") && !changes.has("index") && !changes.has("value")) {
      changes.set("index", Math.max(0, options.indexOf(present("value"))));
    }
    if (changes.has("index")) changes.set("value", options[Number(changes.get("index"))]);
    else if (changes.has("value")) changes.set("index", indexOf(where, options, changes.get("value")));
  };
}

function indexOf(where: string, options: readonly unknown[], value: unknown): number {
  const index = options.indexOf(value);
  if (index >= 0) return index;
  throw new WidgetError(where, `value must be one of ${options.map(String).join(", ")}`, value);
}

function checkIndex(where: string): WidgetSetup["check"] {
  return (next) => {
    const [index, { length }] = [next("index"), next("options") as readonly unknown[]];
    if (length === 0) throw new WidgetError(where, "there must be an option", []);
    if (isWhole(index, 0) && Number(index) < length) return;
    throw new WidgetError(where, `index must be an integer in 0..${length - 1}`, index);
  };
}
