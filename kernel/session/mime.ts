/** Mime bundle of a value: its custom bundle if it has one, and always text. */
import { inspect } from "node:util";
import type { MimeBundle } from "../display/host";
import { describe, toJSON } from "./json";

/** Display method of Deno's convention, so that its libraries also display here. */
const DISPLAY = Symbol.for("Jupyter.display");
const TEXT_LIMIT = 100_000;

/** Returns the bundle of a cell's result. Rejects when the value's display method throws or returns no object. */
export async function bundleOf(value: unknown): Promise<MimeBundle> {
  const own = displayMethod(value);
  if (!own) return { "text/plain": plainText(value) };
  const bundle = checkBundle("[Symbol.for('Jupyter.display')]()", await own());
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
        ? Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString("base64")
        : toJSON(`${where} ${mimeType}`, content);
  }
  return checked;
}

/** Returns a value as text. */
export function plainText(value: unknown): string {
  let text: string;
  try {
    text = inspect(value);
  } catch (error) {
    text = `(util.inspect failed: ${String((error as Error | undefined)?.message)})`;
  }
  return text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT)}… (${text.length} characters)`;
}

function displayMethod(value: unknown): (() => unknown) | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const method = (value as Record<symbol, unknown>)[DISPLAY];
  return typeof method === "function" ? () => method.call(value) as unknown : undefined;
}
