import { Widget } from "../model";
import { checkColor } from "./colors";
import { control, DESCRIBED, type ControlOptions, type DescribedState, type StyleName } from "./definition";

/** State of text that is only shown. */
export interface WordsState extends DescribedState {
  value: string;
  placeholder: string;
}

/** State of a field for text. */
export interface TextState extends WordsState {
  /** Default true: the value follows every key. Otherwise it changes on Enter or when the field is left. */
  continuous_update: boolean;
  disabled: boolean;
}

/** State of a field for several lines. */
export interface TextareaState extends TextState {
  /** Height in lines; `null` leaves it to the browser. */
  rows: number | null;
}

/** State of a choice of colour. */
export interface ColorPickerState extends DescribedState {
  /** A CSS colour. */
  value: string;
  /** Without the field. */
  concise: boolean;
  disabled: boolean;
}

/** A space of no width: ipywidgets' word for none. */
const NOTHING = "\u200b";
const WORDS = { ...DESCRIBED, placeholder: NOTHING, value: "" };
const FIELD = { ...WORDS, continuous_update: true, disabled: false };

function shown(model: string, style: StyleName, options: ControlOptions<WordsState>): Widget<WordsState> {
  return new Widget(control(`widgets.${model.toLowerCase()}`, { model, style, defaults: WORDS }, options));
}

/** A line of text. */
export function label(options: ControlOptions<WordsState> = {}): Widget<WordsState> {
  return shown("Label", "LabelStyle", options);
}

/** HTML, which JupyterLab sanitises no further: escape what you did not write. */
export function html(options: ControlOptions<WordsState> = {}): Widget<WordsState> {
  return shown("HTML", "HTMLStyle", options);
}

/** A field for a line of text. */
export function text(options: ControlOptions<TextState> = {}): Widget<TextState> {
  return new Widget(control("widgets.text", { model: "Text", style: "TextStyle", defaults: FIELD }, options));
}

/** A field for several lines of text. */
export function textarea(options: ControlOptions<TextareaState> = {}): Widget<TextareaState> {
  const definition = { model: "Textarea", style: "TextStyle", defaults: { ...FIELD, rows: null } } as const;
  return new Widget(control("widgets.textarea", definition, options));
}

/** A choice of colour. */
export function colorPicker(options: ControlOptions<ColorPickerState> = {}): Widget<ColorPickerState> {
  const defaults = { ...DESCRIBED, concise: false, disabled: false, value: "black" };
  const definition = { model: "ColorPicker", style: "DescriptionStyle", defaults } as const;
  const check = (next: (key: string) => unknown): void => checkColor("widgets.colorPicker", "value", next("value"));
  return new Widget({ ...control("widgets.colorPicker", definition, options), check });
}
