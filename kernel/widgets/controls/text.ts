import { Widget } from "../model";
import { checkColor } from "./colors";
import { control, DESCRIBED, type ControlOptions, type DescribedState, type StyleName } from "./definition";

/** State of text for display only. */
export interface WordsState extends DescribedState {
  value: string;
  placeholder: string;
}

/** State of a field for text. */
export interface TextState extends WordsState {
  /** Update the value at every key. Default true; otherwise it changes on Enter or when the field loses focus. */
  continuous_update: boolean;
  disabled: boolean;
}

/** State of a field for several lines. */
export interface TextareaState extends TextState {
  /** Height in lines; `null` for the browser's default. */
  rows: number | null;
}

/** State of a choice of colour. */
export interface ColorPickerState extends DescribedState {
  /** CSS colour. */
  value: string;
  /** Hide the text field. */
  concise: boolean;
  disabled: boolean;
}

/** Space of zero width, ipywidgets' value for no text. */
const NOTHING = "\u200b";
const WORDS = { ...DESCRIBED, placeholder: NOTHING, value: "" };
const FIELD = { ...WORDS, continuous_update: true, disabled: false };

function shown(model: string, style: StyleName, options: ControlOptions<WordsState>): Widget<WordsState> {
  return new Widget(control(`widgets.${model.toLowerCase()}`, { model, style, defaults: WORDS }, options));
}

/** Makes a line of text. */
export function label(options: ControlOptions<WordsState> = {}): Widget<WordsState> {
  return shown("Label", "LabelStyle", options);
}

/** Makes a view of HTML, which JupyterLab does not sanitise further: escape foreign text. */
export function html(options: ControlOptions<WordsState> = {}): Widget<WordsState> {
  return shown("HTML", "HTMLStyle", options);
}

/** Makes a field for a line of text. */
export function text(options: ControlOptions<TextState> = {}): Widget<TextState> {
  return new Widget(control("widgets.text", { model: "Text", style: "TextStyle", defaults: FIELD }, options));
}

/** Makes a field for several lines of text. */
export function textarea(options: ControlOptions<TextareaState> = {}): Widget<TextareaState> {
  const definition = { model: "Textarea", style: "TextStyle", defaults: { ...FIELD, rows: null } } as const;
  return new Widget(control("widgets.textarea", definition, options));
}

/** Makes a choice of colour. */
export function colorPicker(options: ControlOptions<ColorPickerState> = {}): Widget<ColorPickerState> {
  const defaults = { ...DESCRIBED, concise: false, disabled: false, value: "black" };
  const definition = { model: "ColorPicker", style: "DescriptionStyle", defaults } as const;
  const check = (next: (key: string) => unknown): void => checkColor("widgets.colorPicker", "value", next("value"));
  return new Widget({ ...control("widgets.colorPicker", definition, options), check });
}
