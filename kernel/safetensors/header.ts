import { fileKind } from "../rules/file-kind";
import { RuleError } from "../rules/rule-error";
import { readPlainHeader } from "./plain-header";
import { type SafetensorsDtype, ELEMENT_BYTES, type SafetensorsEntry } from "./entry";

/** Header of a file; tensors are in the order of their bytes. */
export interface SafetensorsHeader {
  tensors: Map<string, SafetensorsEntry>;
  metadata: Record<string, string>;
  /** Start of the tensors' bytes. */
  dataStart: number;
}

/** Error for a safetensors file that breaks the format. */
export class SafetensorsError extends RuleError {
  override name = "SafetensorsError";
}

/** Limit of the format on the header, in bytes. */
export const MAX_HEADER = 100_000_000;

/**
 * Returns the length of the header from the first eight bytes, checked against the file before any allocation.
 *
 * @param first the file's first `KIND_BYTES` bytes, by which an error says what a file of another kind is
 * @param name path of the file, for an error
 */
export function checkHeaderLength(fn: string, first: Uint8Array, fileSize: number, name = `${fileSize} bytes`): number {
  const length = first.length < 8 ? Infinity : lengthIn(first);
  if (length <= MAX_HEADER && length + 8 <= fileSize) return length;
  const kind = fileKind(first);
  if (kind !== undefined && kind !== "a safetensors file")
    throw new SafetensorsError(fn, `must be a safetensors file; this is ${kind}`, name);
  if (first.length < 8) throw new SafetensorsError(fn, "a file has at least 8 bytes", first.length);
  if (length > MAX_HEADER) throw new SafetensorsError(fn, `the header has at most ${MAX_HEADER} bytes`, length);
  throw new SafetensorsError(fn, `the header must end inside the file of ${fileSize} bytes`, length);
}

const lengthIn = (first: Uint8Array): number =>
  Number(new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true));

/**
 * Parses the header (https://github.com/huggingface/safetensors, "Format"): JSON objects by name, whose ranges cover
 * the rest of the file without overlap or hole.
 */
export function parseHeader(fn: string, bytes: Uint8Array, fileSize: number): SafetensorsHeader {
  const dataStart = 8 + bytes.length;
  const text = decode(fn, bytes);
  const { entries, metadata } = entriesOf(fn, text);
  const tensors = inOrder(entries);
  checkCover(fn, tensors, fileSize - dataStart);
  return { tensors, metadata: checkMetadata(fn, metadata ?? {}), dataStart };
}

/** Returns checked entries, whatever form of JSON the text has. */
function entriesOf(fn: string, text: string): { entries: Map<string, SafetensorsEntry>; metadata: unknown } {
  const plain = readPlainHeader(text);
  if (plain) {
    for (const [name, { dtype, shape, begin, end }] of plain.tensors)
      checkSize(fn, name, checkDtype(fn, name, dtype), shape, end - begin);
    return {
      entries: plain.tensors as Map<string, SafetensorsEntry>,
      metadata: JSON.parse(plain.metadata ?? "{}") as unknown,
    };
  }
  const json = parseJson(fn, text);
  const names = Object.keys(json).filter((name) => name !== "__metadata__");
  return {
    entries: new Map(names.map((name) => [name, checkEntry(fn, name, json[name])])),
    metadata: json.__metadata__,
  };
}

/** Sorts entries by their bytes; most files have them so. */
function inOrder(entries: Map<string, SafetensorsEntry>): Map<string, SafetensorsEntry> {
  let last = 0;
  for (const { begin, end } of entries.values()) {
    if (begin < last || end < begin)
      return new Map([...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end));
    last = end;
  }
  return entries;
}

function decode(fn: string, bytes: Uint8Array): string {
  const first = bytes.find((byte) => !SPACES.includes(byte));
  if (first !== 0x7b) throw new SafetensorsError(fn, 'the header must begin with "{"', first);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw notJson(fn, error);
  }
}

const notJson = (fn: string, error: unknown): SafetensorsError =>
  new SafetensorsError(fn, "the header must be JSON in UTF-8", (error as Error).message);

/** White space of JSON, which may stand before the header as it may behind it. */
const SPACES = [0x20, 0x0a, 0x0d, 0x09];

function parseJson(fn: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notJson(fn, error);
  }
  const json = value as Record<string, unknown>;
  // `JSON.parse` silently merges repeated keys.
  if (keysIn(text) !== keysOf(value)) refuseRepeated(fn, text);
  return json;
}

/** Counts the keys written in a text of JSON. */
function keysIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0;) {
    const end = endOfText(text, at);
    if (isKey(text, end)) count++;
    at = text.indexOf('"', end);
  }
  return count;
}

/** Counts the keys of all objects in a value. */
function keysOf(value: unknown): number {
  let count = 0;
  const open = [value as object];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const values = Object.values(at) as unknown[];
    if (!Array.isArray(at)) count += values.length;
    for (const each of values) if (typeof each === "object" && each !== null) open.push(each);
  }
  return count;
}

/** Refuses the first key that its object already has. */
function refuseRepeated(fn: string, text: string): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open.push(new Set());
    else if (text[at] === "}") open.pop();
    else if (text[at] === '"') {
      const end = endOfText(text, at);
      if (isKey(text, end)) addKey(fn, open[open.length - 1], JSON.parse(text.slice(at, end)) as string);
      at = end - 1;
    }
  }
}

function addKey(fn: string, seen: Set<string>, key: string): void {
  if (seen.has(key)) throw new SafetensorsError(fn, "a name appears once", key);
  seen.add(key);
}

/** Behind the closing quote of the text that begins at `start`. By hand: a pattern runs out of stack in texts of megabytes. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (SPACES.includes(text.charCodeAt(at))) at++;
  return text[at] === ":";
}

/** Writes a flat value as JSON; deep nesting would run out of stack. */
const shown = (value: unknown): unknown =>
  Object.values(Object(value) as object).some((item) => typeof item === "object" && item !== null)
    ? value
    : JSON.stringify(value);

function checkEntry(fn: string, name: string, value: unknown): SafetensorsEntry {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const known = checkDtype(fn, name, dtype);
  if (!isSizes(shape)) throw new SafetensorsError(fn, `tensor ${name} needs a shape of whole numbers`, shown(shape));
  if (!isSizes(offsets) || offsets.length !== 2)
    throw new SafetensorsError(fn, `tensor ${name} needs data_offsets [begin, end]`, shown(offsets));
  const [begin, end] = offsets;
  checkSize(fn, name, known, shape, end - begin);
  return { dtype: known, shape, begin, end };
}

function checkDtype(fn: string, name: string, dtype: unknown): SafetensorsDtype {
  if (typeof dtype === "string" && Object.hasOwn(ELEMENT_BYTES, dtype)) return dtype as SafetensorsDtype;
  throw new SafetensorsError(fn, `tensor ${name} needs a known dtype`, dtype);
}

function checkSize(
  fn: string,
  name: string,
  dtype: SafetensorsDtype,
  shape: readonly number[],
  received: number,
): void {
  const bytes = bytesOf(fn, name, dtype, shape);
  if (received !== bytes) throw wrongSize(fn, name, dtype, shape, bytes, received);
}

/**
 * Returns the bytes of a tensor.
 *
 * @throws SafetensorsError when the number is not exact
 */
export function bytesOf(fn: string, name: string, dtype: SafetensorsDtype, shape: readonly number[]): number {
  const whole = Math.max(1, ELEMENT_BYTES[dtype]);
  const most = shape.reduce((product, size) => {
    if (Number.isSafeInteger(product * size)) return product * size;
    throw new SafetensorsError(fn, `tensor ${name} must have fewer than 2^53 bytes`, `[${shape.join(", ")}]`);
  }, whole);
  const bytes = (most / whole) * ELEMENT_BYTES[dtype];
  if (!Number.isInteger(bytes))
    throw new SafetensorsError(fn, `tensor ${name} of ${dtype} must fill whole bytes`, `[${shape.join(", ")}]`);
  return bytes;
}

export function wrongSize(
  fn: string,
  name: string,
  dtype: string,
  shape: readonly number[],
  bytes: number,
  received: number,
): SafetensorsError {
  return new SafetensorsError(fn, `tensor ${name} of ${dtype} [${shape.join(", ")}] takes ${bytes} bytes`, received);
}

/** Returns a file's first bytes, padded so that the tensors, which follow in the given order, are aligned. */
export function encodeHeader(
  fn: string,
  tensors: ReadonlyMap<string, { dtype: SafetensorsDtype; shape: readonly number[] }>,
  metadata: Record<string, string>,
): Uint8Array {
  let at = 0;
  const entries: [string, unknown][] = [...tensors].map(([name, { dtype, shape }]) => {
    checkWritable(fn, name, dtype);
    return [name, { dtype, shape, data_offsets: [at, (at += bytesOf(fn, name, dtype, shape))] }];
  });
  const all = Object.keys(metadata).length ? [["__metadata__", metadata], ...entries] : entries;
  // Written by hand, because an object would sort numeric names and lose one called __proto__.
  const text = all.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",");
  const json = new TextEncoder().encode(`{${text}}`);
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  head.set(json, 8);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  return head;
}

function checkWritable(fn: string, name: string, dtype: string): void {
  if (name === "__metadata__") throw new SafetensorsError(fn, "a tensor must have another name", name);
  if (!Object.hasOwn(ELEMENT_BYTES, dtype)) throw new SafetensorsError(fn, `tensor ${name} needs a known dtype`, dtype);
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/** @param tensors in the order of their bytes */
function checkCover(fn: string, tensors: Map<string, SafetensorsEntry>, size: number): void {
  let at = 0;
  for (const [name, { begin, end }] of tensors) {
    if (begin !== at)
      throw new SafetensorsError(
        fn,
        `tensor ${name} must begin at byte ${at}: ranges have no ${begin < at ? "overlap" : "hole"}`,
        begin,
      );
    at = end;
  }
  if (at !== size) throw new SafetensorsError(fn, `tensors must end at the file's end, byte ${size} of the data`, at);
}

function checkMetadata(fn: string, value: unknown): Record<string, string> {
  const isMap =
    typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");
  if (!isMap) throw new SafetensorsError(fn, "__metadata__ maps text to text", shown(value));
  return value as Record<string, string>;
}
