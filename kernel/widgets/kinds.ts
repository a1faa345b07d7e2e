/** Rules for values that the front end may set. */
import { WidgetError } from "./error";
import { find, isModel } from "./live";
import { isBinary, REFERENCE } from "./packing";

/** Returns the kind of a value; `undefined` accepts anything. */
function kindOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "object") return `a ${typeof value}`;
  if (isBinary(value)) return "binary";
  if (Array.isArray(value)) return "a list";
  return isModel(value) ? "a widget" : "an object";
}

/** Keys of a model's class and view, which only the kernel sets. */
const FIXED = /^_(model|view)_(module|name)|^_(esm|css|anywidget_id)$/;

/**
 * Checks a key of class or module.
 *
 * @throws WidgetError for a value other than the present one
 */
export function checkFixed(where: string, key: string, value: unknown, present: unknown): void {
  if (FIXED.test(key) && value !== present) throw new WidgetError(where, `${key} is for the kernel to set`, value);
}

/**
 * Checks the kind of a value.
 *
 * @throws WidgetError unless the value is of the first one's kind
 */
export function checkKind(where: string, key: string, value: unknown, first: unknown): void {
  const kind = kindOf(first);
  if (kind === undefined || kind === kindOf(value)) return;
  throw new WidgetError(where, `${key} must be ${kind} as it was made (made null, it takes anything)`, value);
}

/**
 * Tests for a change: a plain value changes if it differs; an object always, because it may have been altered in place.
 */
export function isChange(before: unknown, after: unknown): boolean {
  return (typeof after === "object" && after !== null) || !Object.is(before, after);
}

/** Replaces `IPY_MODEL_<id>` in a value by the widgets. */
export function resolveWidgets(where: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => resolveWidgets(where, each));
  if (typeof value !== "string" || !value.startsWith(REFERENCE)) return value;
  const model = find(value.slice(REFERENCE.length));
  if (!model) throw new WidgetError(where, "the front end names a widget that is not open", value);
  return model;
}
