import { base64Decode, base64Encode } from "../protocol/core/base64";

/** Content of these types is JSON of any kind; that of all others is text, or lines of it. */
const JSON_TYPE = /[/+]json(;|$)/;

/** Text of these types is base64: a front end decodes it to the bytes of a file. */
const BINARY_TYPE = /^(image\/(?!svg\+xml)|audio\/|video\/|application\/(pdf|zip|octet-stream)(;|$))/;

/** First bytes of the pictures that front ends show, by type: where they stand, and the file's name in words. */
const SIGNATURES = new Map<string, readonly [at: number, bytes: string, words: string]>([
  ["image/png", [0, "\x89PNG", "a PNG file"]],
  ["image/jpeg", [0, "\xff\xd8\xff", "a JPEG file"]],
  ["image/bmp", [0, "BM", "a BMP file"]],
  ["image/gif", [0, "GIF8", "a GIF file"]],
  ["image/webp", [8, "WEBP", "a WebP file"]],
  ["application/pdf", [0, "%PDF", "a PDF file"]],
]);

/** Characters of base64 that hold the bytes of every signature. */
const HEAD = 16;

/** Returns a part of a bundle with bytes as base64, unless its type is JSON. */
export function encodedContent(type: string, content: unknown): unknown {
  return content instanceof Uint8Array && !JSON_TYPE.test(type) ? base64Encode(content) : content;
}

/**
 * Returns the rule that a part of a bundle breaks, as `must be text`, or undefined for one that a front end can show. Bytes
 * must be encoded before.
 */
export function brokenContentRule(type: string, content: unknown): string | undefined {
  if (JSON_TYPE.test(type)) return undefined;
  const lines: unknown[] = Array.isArray(content) ? content : [content];
  if (!lines.every((line) => typeof line === "string")) return "must be text";
  if (!BINARY_TYPE.test(type)) return undefined;
  const text = lines.join("").replace(/[\r\n]+/g, "");
  const [at, bytes, words] = SIGNATURES.get(type) ?? [0, "", "a file"];
  const isFile = isBase64(text) && firstBytes(text).startsWith(bytes, at);
  return isFile ? undefined : `must be the bytes of ${words}, or their base64`;
}

const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

const firstBytes = (base64: string): string =>
  Array.from(base64Decode(base64.slice(0, HEAD)), (byte) => String.fromCharCode(byte)).join("");
