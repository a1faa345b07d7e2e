/** Common parts of ipywidgets' core controls: names, versions, layout and style. */
import { checkArguments } from "../../rules/arguments";
import { WidgetError } from "../error";
import { checkColor } from "./colors";
import { Widget, type WidgetSetup } from "../model";

/** Versions of the models' state in ipywidgets 8, not of a package. */
const BASE = { module: "@jupyter-widgets/base", version: "2.0.0" };
export const CONTROLS = { module: "@jupyter-widgets/controls", version: "2.0.0" };
const OUTPUT = { module: "@jupyter-widgets/output", version: "1.0.0" };

const LAYOUT_KEYS = [
  "align_content",
  "align_items",
  "align_self",
  "border_bottom",
  "border_left",
  "border_right",
  "border_top",
  "bottom",
  "display",
  "flex",
  "flex_flow",
  "grid_area",
  "grid_auto_columns",
  "grid_auto_flow",
  "grid_auto_rows",
  "grid_column",
  "grid_gap",
  "grid_row",
  "grid_template_areas",
  "grid_template_columns",
  "grid_template_rows",
  "height",
  "justify_content",
  "justify_items",
  "left",
  "margin",
  "max_height",
  "max_width",
  "min_height",
  "min_width",
  "object_fit",
  "object_position",
  "order",
  "overflow",
  "padding",
  "right",
  "top",
  "visibility",
  "width",
] as const;

const FONT = { font_family: null, font_size: null, font_style: null, font_variant: null, font_weight: null };
const TEXT = { background: null, description_width: "", font_size: null, text_color: null };
const WORDS = { ...FONT, text_color: null, text_decoration: null };

const STYLES = {
  ButtonStyle: { button_color: null, ...WORDS },
  CheckboxStyle: { background: null, description_width: "" },
  DescriptionStyle: { description_width: "" },
  HTMLStyle: TEXT,
  LabelStyle: { background: null, description_width: "", ...WORDS },
  ProgressStyle: { bar_color: null, description_width: "" },
  SliderStyle: { description_width: "", handle_color: null },
  TextStyle: TEXT,
  ToggleButtonStyle: { description_width: "", ...WORDS },
  ToggleButtonsStyle: { button_width: "", description_width: "", font_weight: "" },
};
export type StyleName = keyof typeof STYLES;

/** CSS of a widget's box under ipywidgets' names, as `{ width: "50%" }`; `null` keeps the default. */
export type LayoutState = { [K in (typeof LAYOUT_KEYS)[number]]?: string | null };
/** Layout of a widget's box, which widgets may share. */
export type Layout = Widget<LayoutState>;

/**
 * CSS of a widget's parts. Each kind of widget supports some of these; `description_width: "initial"` shows long
 * descriptions.
 */
export interface StyleState {
  background?: string | null;
  bar_color?: string | null;
  button_color?: string | null;
  button_width?: string;
  description_width?: string;
  font_family?: string | null;
  font_size?: string | null;
  font_style?: string | null;
  font_variant?: string | null;
  font_weight?: string | null;
  handle_color?: string | null;
  text_color?: string | null;
  text_decoration?: string | null;
}
/** Style of a widget's parts, which widgets may share. */
export type Style = Widget<StyleState>;

/** State of every visible control. */
export interface ViewState {
  layout: Layout;
  /** Text shown while the pointer rests on the control. */
  tooltip: string | null;
  /** Include the control in the Tab order; `null` leaves it to the control. */
  tabbable: boolean | null;
}

/** State of controls with a description. */
export interface DescribedState extends ViewState {
  description: string;
  /** Interpret the description as HTML. Default false: as text. */
  description_allow_html: boolean;
  style: Style;
}

/** Options of a control: any part of its state, with layout and style as plain objects or shared between widgets. */
export type ControlOptions<S> = Partial<Omit<S, "layout" | "style">> & {
  layout?: Layout | LayoutState;
  style?: Style | StyleState;
};

/** Makes a layout for several widgets to share. */
export function layout(state: LayoutState = {}): Layout {
  return new Widget(layoutSetup("widgets.layout", state));
}

function layoutSetup(where: string, state: LayoutState): WidgetSetup {
  const none = Object.fromEntries(LAYOUT_KEYS.map((key) => [key, null]));
  return { where, state: { ...identity(BASE, "Layout", BASE, "Layout"), ...filled(where, none, state) } };
}

function styleSetup(where: string, name: StyleName, state: StyleState): WidgetSetup {
  const check = (next: (key: string) => unknown): void => {
    for (const key of COLORS) if (typeof next(key) === "string" && next(key) !== "") checkColor(where, key, next(key));
  };
  return { where, check, state: { ...identity(CONTROLS, name, BASE, "Style"), ...filled(where, STYLES[name], state) } };
}

/** Keys of a style that hold a color, or none. */
const COLORS = ["background", "bar_color", "button_color", "handle_color", "text_color"];

/** Definition of one kind of control. */
export interface Definition {
  /** Name such as `IntSlider`, whose model is `IntSliderModel`. */
  model: string;
  /** Name of the view if it differs from the model's. */
  view?: string;
  style?: StyleName;
  /** All keys of this kind with their defaults. */
  defaults: Record<string, unknown>;
  /** True for a control of ipywidgets' output package. */
  output?: boolean;
}

export const DESCRIBED = { description: "", description_allow_html: false };

/**
 * Returns the setup of a control from a user's options.
 *
 * @throws WidgetError for an option that the control does not have
 */
export function control(where: string, definition: Definition, options: object): WidgetSetup {
  checkArguments(where, WidgetError, { options }, { options: "object" });
  const { layout: box = {}, style: look = {}, ...own } = options as ControlOptions<DescribedState>;
  const { model, view = model, output } = definition;
  const source = output ? OUTPUT : CONTROLS;
  const common = { _dom_classes: [], tabbable: null, tooltip: null };
  const kinds = { ...identity(source, model, source, view), ...common, ...definition.defaults };
  const state = filled(where, kinds, own);
  return { where, kinds, references: ["layout", "style", "children"], ...dressed(where, definition, state, box, look) };
}

/**
 * Returns the state with layout and style, and those of the two made here. Everything is checked before the first is
 * made.
 */
function dressed(
  where: string,
  definition: Definition,
  state: Record<string, unknown>,
  box: Layout | LayoutState,
  look: Style | StyleState,
): Pick<WidgetSetup, "state" | "companions"> {
  const setups: Record<string, WidgetSetup> = {};
  checkArguments(where, WidgetError, { layout: box, style: look }, { layout: "object", style: "object" });
  if (!(box instanceof Widget)) setups.layout = layoutSetup(where, box);
  if (definition.style && !(look instanceof Widget)) setups.style = styleSetup(where, definition.style, look);
  if (!definition.style && Object.keys(look).length > 0) {
    throw new WidgetError(where, "this widget has no style, its layout is all there is", look);
  }
  const made = Object.entries(setups).map(([key, setup]) => [key, new Widget(setup)] as const);
  const given = { layout: box, ...(definition.style ? { style: look } : {}) };
  return { state: { ...state, ...given, ...Object.fromEntries(made) }, companions: made.map(([, widget]) => widget) };
}

interface Source {
  module: string;
  version: string;
}

/** Returns the keys by which the front end finds the classes of model and view. */
export function identity(model: Source, modelName: string, view: Source, viewName: string | null): object {
  return {
    _model_module: model.module,
    _model_module_version: model.version,
    _model_name: `${modelName}Model`,
    _view_count: null,
    _view_module: view.module,
    _view_module_version: view.version,
    _view_name: viewName === null ? null : `${viewName}View`,
  };
}

/** Returns the defaults overridden by the options. */
function filled(where: string, defaults: object, options: object): Record<string, unknown> {
  checkArguments(where, WidgetError, { options }, { options: "object" });
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const wrong = given.find(([key]) => !Object.hasOwn(defaults, key) || key.startsWith("_"));
  if (wrong) {
    const legal = Object.keys(defaults).filter((key) => !key.startsWith("_"));
    throw new WidgetError(where, `there is no option ${wrong[0]}, the options are ${legal.join(", ")}`, wrong[1]);
  }
  return { ...defaults, ...Object.fromEntries(given) };
}
