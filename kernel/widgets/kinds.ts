/** What the front end may put in place of a value. */
import { WidgetError } from "./error";
import { find, isModel } from "./live";
import { isBinary, REFERENCE } from "./packing";

/** `undefined`: no kind, anything goes. */
function kindOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "object") return `a ${typeof value}`;
  if (isBinary(value)) return "binary";
  if (Array.isArray(value)) return "a list";
  return isModel(value) ? "a widget" : "an object";
}

/** What a model is and how it is drawn is for the kernel to say. */
const FIXED = /^_(model|view)_(module|name)|^_(esm|css|anywidget_id)$/;

/** @throws WidgetError for another class or module than the present one. */
export function checkFixed(where: string, key: string, value: unknown, present: unknown): void {
  if (FIXED.test(key) && value !== present) throw new WidgetError(where, `${key} is for the kernel to set`, value);
}

/** @throws WidgetError unless the value is of the kind that the first one was of. */
export function checkKind(where: string, key: string, value: unknown, first: unknown): void {
  const kind = kindOf(first);
  if (kind === undefined || kind === kindOf(value)) return;
  throw new WidgetError(where, `${key} must be ${kind} as it was made (made null, it takes anything)`, value);
}

/** A plain value is a change if it differs; an object always, as it may have been altered in place. */
export function isChange(before: unknown, after: unknown): boolean {
  return (typeof after === "object" && after !== null) || !Object.is(before, after);
}

/** The value with the widgets that `IPY_MODEL_<id>` names in it. */
export function resolveWidgets(where: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => resolveWidgets(where, each));
  if (typeof value !== "string" || !value.startsWith(REFERENCE)) return value;
  const model = find(value.slice(REFERENCE.length));
  if (!model) throw new WidgetError(where, "the front end names a widget that is not open", value);
  return model;
}
