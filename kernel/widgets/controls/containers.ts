import { checkArguments } from "../../rules/arguments";
import { given } from "../../rules/option-names";
import { WidgetError } from "../error";
import { Widget, type WidgetHandle } from "../model";
import { control, CONTROLS, identity, type ControlOptions, type ViewState } from "./definition";

/** State of a widget that contains others. */
export interface BoxState extends ViewState {
  children: readonly WidgetHandle[];
  box_style: "" | "success" | "info" | "warning" | "danger";
}

/** State of a container that shows one child at a time. */
export interface PagesState extends BoxState {
  titles: readonly string[];
  /** Index of the visible child; `null` for none. */
  selected_index: number | null;
}

/** Options of a container besides its children. */
export type BoxOptions = ControlOptions<Omit<BoxState, "children">>;
/** Options of a container that shows one child at a time. */
export type PagesOptions = ControlOptions<Omit<PagesState, "children">>;

const BOX = { box_style: "", children: [] };
const PAGES = { ...BOX, selected_index: null, titles: [] };

function container<S extends BoxState>(
  model: string,
  defaults: object,
  children: readonly WidgetHandle[],
  options: object,
): Widget<S> {
  const where = `widgets.${model.toLowerCase()}`;
  checkChildren(where, children);
  const derive = (changes: Map<string, unknown>): void => {
    if (changes.has("children")) checkChildren(where, changes.get("children"));
  };
  const definition = { model, defaults: { ...defaults } };
  return new Widget({ ...control(where, definition, { ...options, children: [...children] }), derive });
}

/** Checks children. A child closed later disappears from the views by itself. */
function checkChildren(where: string, children: unknown): void {
  const rule = "children must be widgets that are open";
  if (!Array.isArray(children)) throw new WidgetError(where, rule, children);
  const wrong = children.findIndex((child) => !(child instanceof Widget) || child.closed);
  if (wrong >= 0) throw new WidgetError(where, rule, children[wrong]);
}

/** Arranges widgets as `layout.display` and `flex_flow` say. */
export function box(children: readonly WidgetHandle[], options: BoxOptions = {}): Widget<BoxState> {
  return container("Box", BOX, children, options);
}

/** Arranges widgets in a row: `widgets.hbox([slider, button])`. */
export function hbox(children: readonly WidgetHandle[], options: BoxOptions = {}): Widget<BoxState> {
  return container("HBox", BOX, children, options);
}

/** Arranges widgets in a column. */
export function vbox(children: readonly WidgetHandle[], options: BoxOptions = {}): Widget<BoxState> {
  return container("VBox", BOX, children, options);
}

/**
 * Arranges widgets behind tabs: `widgets.tab([a, b], { titles: ["Layers", "Pixels"] })`. Default: the first is shown.
 */
export function tab(children: readonly WidgetHandle[], options: PagesOptions = {}): Widget<PagesState> {
  checkArguments("widgets.tab", WidgetError, { children, options }, { children: "array", options: "object" });
  return container("Tab", PAGES, children, { selected_index: children.length > 0 ? 0 : null, ...given(options) });
}

/** Arranges widgets in foldable sections. Default: all are folded. */
export function accordion(children: readonly WidgetHandle[], options: PagesOptions = {}): Widget<PagesState> {
  return container("Accordion", PAGES, children, options);
}

/** State of a link. */
export interface LinkState {
  source: readonly [WidgetHandle, string];
  target: readonly [WidgetHandle, string];
}

/**
 * Synchronises a value of two widgets in the browser, without the kernel:
 * `widgets.jslink(play, "value", slider, "value")`. Closing the result unlinks them.
 *
 * @throws WidgetError for an end that is no widget, or a key that it does not have
 */
export function jslink<S extends object, T extends object>(
  source: Widget<S>,
  sourceKey: keyof S & string,
  target: Widget<T>,
  targetKey: keyof T & string,
): Widget<LinkState> {
  for (const [end, key] of [[source, sourceKey] as const, [target, targetKey] as const])
    if (!(end instanceof Widget) || !end.shared().some(([name]) => name === key))
      throw new WidgetError("widgets.jslink", "each end must be a widget and a key of its state", key);
  const state = { source: [source, sourceKey], target: [target, targetKey] };
  return new Widget({
    where: "widgets.jslink",
    state: { ...identity(CONTROLS, "Link", CONTROLS, null), ...state },
    references: ["source", "target"],
  });
}
