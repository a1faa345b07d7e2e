import { joinBytes } from "../../../numeric";

/** Operations of protocol 2 that plain data need (Python's `pickletools`). */
const CODES = {
  protocol: 0x80,
  mark: 0x28,
  none: 0x4e,
  whole: 0x4a,
  long: 0x8a,
  double: 0x47,
  text: 0x58,
  yes: 0x88,
  no: 0x89,
};
const LISTS = { empty: 0x5d, appends: 0x65, emptyDictionary: 0x7d, setItems: 0x75, stop: 0x2e };

const utf8 = new TextEncoder();

/** Writes plain JSON data as a pickle of protocol 2, which `pickle.load` of Python 2 and 3 reads. */
export function writePickle(value: unknown): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(CODES.protocol, 2)];
  write(value, parts);
  parts.push(Uint8Array.of(LISTS.stop));
  return joinBytes(parts);
}

function write(value: unknown, parts: Uint8Array[]): void {
  if (value === null || value === undefined) parts.push(Uint8Array.of(CODES.none));
  else if (typeof value === "boolean") parts.push(Uint8Array.of(value ? CODES.yes : CODES.no));
  else if (typeof value === "number") parts.push(numberOf(value));
  else if (typeof value === "string") parts.push(textOf(value));
  else if (Array.isArray(value)) between(LISTS.empty, LISTS.appends, value, parts);
  else between(LISTS.emptyDictionary, LISTS.setItems, Object.entries(value as object).flat(), parts);
}

function between(start: number, end: number, items: readonly unknown[], parts: Uint8Array[]): void {
  parts.push(Uint8Array.of(start, CODES.mark));
  for (const item of items) write(item, parts);
  parts.push(Uint8Array.of(end));
}

function numberOf(value: number): Uint8Array {
  const isShort = Number.isInteger(value) && Math.abs(value) < 2 ** 31;
  if (!isShort && Number.isSafeInteger(value)) return longOf(value);
  const out = new Uint8Array(isShort ? 5 : 9);
  const view = new DataView(out.buffer);
  out[0] = isShort ? CODES.whole : CODES.double;
  if (isShort) view.setInt32(1, value, true);
  else view.setFloat64(1, value);
  return out;
}

/** Writes a whole number of more than 32 bits with its length in bytes. */
function longOf(value: number): Uint8Array {
  const out = new Uint8Array(10);
  out.set([CODES.long, 8]);
  new DataView(out.buffer).setBigInt64(2, BigInt(value), true);
  return out;
}

function textOf(value: string): Uint8Array {
  const bytes = utf8.encode(value);
  const out = new Uint8Array(5 + bytes.length);
  out[0] = CODES.text;
  new DataView(out.buffer).setUint32(1, bytes.length, true);
  out.set(bytes, 5);
  return out;
}
