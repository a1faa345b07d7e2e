import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { sha256 } from "../platform";
import { layout as makeLayout, type Layout, type LayoutState } from "./controls";
import { WidgetError } from "./error";
import { checkIdentity, Widget } from "./model";
import { checkArguments } from "../rules/arguments";

/** Options of a custom widget. */
export interface AnywidgetOptions<T extends object> {
  /**
   * The front-end module as JavaScript text, or its `https:` address: `export default { render({ model, el }) { … } }`. anywidget loads
   * text by a Blob URL, which a strict content security policy refuses.
   */
  esm: string;
  /** Style sheet as text, or its address. Default: none. */
  css?: string;
  /**
   * State shared by kernel and views: JSON, typed arrays, widgets. Its keys and the kinds of its values are fixed.
   * Default: empty.
   */
  state?: T;
  /** Layout of the widget's box. Default: a new one. */
  layout?: Layout | LayoutState;
}

const OPTIONS: OptionNames<AnywidgetOptions<object>> = { esm: true, css: true, state: true, layout: true };
const RESERVED = /^_|^(layout|tabbable|tooltip)$/;
/** Supported versions: modules with a default export. */
const VERSIONS = ">=0.9.0";

/**
 * Makes a widget with a custom front end, shown by anywidget where that Python package is installed beside JupyterLab:
 * `widgets.anywidget({ esm, state: { count: 0 } })`. Both sides hold a model of the same shape (AFM).
 *
 * @throws WidgetError for an unknown option, or a state with keys that the protocol reserves
 */
export function anywidget<T extends object = Record<never, never>>(options: AnywidgetOptions<T>): Widget<T> {
  const where = "widgets.anywidget";
  checkOptionNames(where, options, OPTIONS, WidgetError);
  const { esm, css = "", state = {} as T, layout } = options;
  if (typeof esm !== "string" || esm === "") throw new WidgetError(where, "esm must be a module as text", esm);
  checkArguments(where, WidgetError, { css, state }, { css: "string", state: "object" });
  const reserved = Object.keys(state).find((key) => RESERVED.test(key));
  if (reserved !== undefined) throw new WidgetError(where, "a key must not begin with _ or be a control's", reserved);
  const box = layout instanceof Widget ? layout : makeLayout(layout);
  const companions = box === layout ? [] : [box];
  return new Widget({ where, state: { ...names(esm, css), layout: box, ...state }, companions });
}

function names(esm: string, css: string): Record<string, unknown> {
  return {
    _model_module: "anywidget",
    _model_module_version: VERSIONS,
    _model_name: "AnyModel",
    _view_module: "anywidget",
    _view_module_version: VERSIONS,
    _view_name: "AnyView",
    _view_count: null,
    _dom_classes: [],
    tabbable: null,
    tooltip: null,
    _esm: esm,
    _css: css,
    // One style element on the page serves all widgets of one look.
    _anywidget_id: `fovea.${sha256().update(css).update(esm).digest("hex").slice(0, 16)}`,
  };
}

/** Keys by which a front end finds the classes of a model. */
export interface ModelIdentity {
  _model_module: string;
  /** Range of versions. */
  _model_module_version: string;
  _model_name: string;
  _view_module?: string;
  _view_module_version?: string;
  /** Name of the view. Without it the model cannot be shown, and only serves other models. */
  _view_name?: string | null;
}

/**
 * Makes a widget of any other library whose front end is installed. The state is sent unchanged, with widgets as
 * references. A library of visible widgets usually needs a `layout: widgets.layout()`.
 *
 * @throws WidgetError for a state without the class of its model
 */
export function model<T extends object>(state: T & ModelIdentity): Widget<T> {
  checkIdentity("widgets.model", state);
  return new Widget({
    where: "widgets.model",
    state: { _view_name: null, _view_count: null, ...(state as Record<string, unknown>) },
  });
}
