/** Mime bundle of a value: its custom bundle if it has one, and always text. */
import { platform } from "../platform";
import { base64Encode } from "../protocol/core/base64";
import type { MimeBundle } from "../display/host";
import { describe, toJSON } from "./json";
import { withUserIntrinsics } from "./run/intrinsics";
import { cut, isError, shown, textOf } from "./run/reading";
import { until, type Steps } from "./run/steps";

/** Display method of Deno's convention, so that its libraries also display here. */
const DISPLAY = Symbol.for("Jupyter.display");

/** Returns the bundle of a cell's result. Throws when the value's display method throws or returns no object. */
export function* bundleOf(value: unknown): Steps<MimeBundle> {
  const own = displayMethod(value);
  if (!own) return { "text/plain": plainText(value) };
  const given = yield* until(Promise.resolve(withUserIntrinsics(own)));
  const bundle = checkBundle("[Symbol.for('Jupyter.display')]()", given);
  return "text/plain" in bundle ? bundle : { ...bundle, "text/plain": plainText(value) };
}

/**
 * Checks a bundle: each mime type maps to a string, base64 (bytes are converted) or JSON.
 *
 * @throws TypeError naming `where` and the mime type
 */
export function checkBundle(where: string, bundle: unknown): MimeBundle {
  if (typeof bundle !== "object" || bundle === null || Array.isArray(bundle)) {
    throw new TypeError(`${where}: must give an object of mime types, received ${describe(bundle)}`);
  }
  const checked: MimeBundle = {};
  for (const [mimeType, content] of Object.entries(bundle as Record<string, unknown>)) {
    if (!/^[\w.+-]+\/[^\s]+$/.test(mimeType)) {
      throw new TypeError(`${where}: keys must be mime types, received ${JSON.stringify(mimeType)}`);
    }
    if (content === undefined) continue;
    checked[mimeType] =
      content instanceof Uint8Array && !mimeType.endsWith("json")
        ? base64Encode(content)
        : toJSON(`${where} ${mimeType}`, content);
  }
  return checked;
}

/** Never throws: a value that cannot be inspected says so. */
export function plainText(value: unknown): string {
  try {
    return cut(platform().inspect(value));
  } catch (error) {
    return `(util.inspect failed: ${isError(error) ? textOf(error, "message") : shown(error)})`;
  }
}

function displayMethod(value: unknown): (() => unknown) | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const method = (value as Record<symbol, unknown>)[DISPLAY];
  return typeof method === "function" ? () => method.call(value) as unknown : undefined;
}
