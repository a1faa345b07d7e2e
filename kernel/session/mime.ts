/** Mime bundle of a value: its custom bundle if it has one, and always text. */
import { platform } from "../platform";
import { promiseHint } from "../display/describe";
import type { JSONValue, MimeBundle } from "../display/host";
import { brokenContentRule, encodedContent } from "../display/mime-content";
import { describeValue } from "../rules/rule-error";
import { describe, sizeOf, toJSON } from "./json";
import { withUserIntrinsics } from "./run/intrinsics";
import { attempt, cut, isError, shown, textOf } from "./run/reading";
import { KeyboardInterrupt } from "./run/scope";
import { until, type Steps } from "./run/steps";
import { isRecord } from "../rules/json-text";

/** Display method of Deno's convention, so that its libraries also display here. */
const DISPLAY = Symbol.for("Jupyter.display");

/** Largest plain text of a bundle, and largest sum of its parts, in characters: more would overload a front end and the notebook's file. */
const PLAIN_LIMIT = 1 << 20;
const BUNDLE_LIMIT = 32 << 20;
const PLAIN = "text/plain";

/** Returns whether a value shows itself, by a method that may take its time. */
export function isSelfShowing(value: unknown): boolean {
  return displayMethod(value) !== undefined;
}

/** Returns the bundle of a cell's result. Throws when the value's display method throws or returns no object. */
export function* bundleOf(value: unknown): Steps<MimeBundle> {
  const own = displayMethod(value);
  if (!own) return { "text/plain": plainText(value) + attempt(() => promiseHint(value), "") };
  const given = yield* until(Promise.resolve(withUserIntrinsics(own)));
  const bundle = checkBundle("[Symbol.for('Jupyter.display')]()", given);
  return PLAIN in bundle ? bundle : limited({ ...bundle, [PLAIN]: plainText(value) });
}

/**
 * Checks a bundle: each mime type maps to a string, base64 (bytes are converted) or JSON. Parts that are too large are left out,
 * which the plain text says.
 *
 * @throws TypeError naming `where` and the mime type
 */
export function checkBundle(where: string, bundle: unknown): MimeBundle {
  if (!isRecord(bundle)) {
    throw new TypeError(`${where}: must give an object of mime types, received ${describe(bundle)}`);
  }
  const checked: MimeBundle = {};
  for (const [mimeType, content] of Object.entries(bundle as Record<string, unknown>)) {
    if (!/^[\w.+-]+\/[^\s]+$/.test(mimeType)) {
      throw new TypeError(`${where}: keys must be mime types, received ${JSON.stringify(mimeType)}`);
    }
    if (content === undefined) continue;
    checked[mimeType] = encoded(where, mimeType, content);
  }
  return limited(checked);
}

function encoded(where: string, mimeType: string, content: unknown): JSONValue {
  // Parts that are left out are not encoded; any text beyond the limit stands for them.
  if (content instanceof Uint8Array && content.length > BUNDLE_LIMIT) return " ".repeat(content.length);
  const json = toJSON(`${where} ${mimeType}`, encodedContent(mimeType, content));
  const rule = sizeOf(json, BUNDLE_LIMIT) > BUNDLE_LIMIT ? undefined : brokenContentRule(mimeType, json);
  if (rule === undefined) return json;
  const received = describeValue(content instanceof Uint8Array ? content : json);
  throw new TypeError(`${where}: ${mimeType} ${rule}, received ${received}`);
}

/** Cuts the plain text and leaves out the parts that a bundle has no more room for. */
function limited(bundle: MimeBundle): MimeBundle {
  const { [PLAIN]: plain, ...parts } = bundle;
  const kept: MimeBundle = {};
  const notes: string[] = [];
  let room = BUNDLE_LIMIT;
  for (const [mimeType, content] of Object.entries(parts)) {
    const size = sizeOf(content, room);
    if (size <= room) {
      room -= size;
      kept[mimeType] = content;
    } else notes.push(`[fovea: ${mimeType} is left out: an output holds at most ${BUNDLE_LIMIT} characters]`);
  }
  const text = typeof plain === "string" ? cut(plain, PLAIN_LIMIT) : plain;
  if (notes.length > 0) kept[PLAIN] = [...(typeof text === "string" ? [text] : []), ...notes].join("\n");
  else if (text !== undefined) kept[PLAIN] = text;
  return kept;
}

/** Throws nothing but an interrupt: a value that cannot be inspected says so. */
export function plainText(value: unknown): string {
  try {
    return cut(platform().inspect(value));
  } catch (error) {
    if (attempt(() => error instanceof KeyboardInterrupt, false)) throw error;
    return `(util.inspect failed: ${isError(error) ? textOf(error, "message") : shown(error)})`;
  }
}

function displayMethod(value: unknown): (() => unknown) | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const method = (value as Record<symbol, unknown>)[DISPLAY];
  return typeof method === "function" ? () => method.call(value) as unknown : undefined;
}
