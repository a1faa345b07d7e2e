import { OnnxError } from "./errors";
import type { ByteSource } from "./source";

/**
 * Field of the protobuf wire format (https://protobuf.dev/programming-guides/encoding). A message is a run of fields,
 * each a varint key `number << 3 | wire type` and a payload. Only the payload's place is read; nothing is allocated for
 * it.
 */
export interface Field {
  number: number;
  /** Wire type: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  wire: number;
  /** Value of the varint as a signed 64-bit number (exact to 2^53); 0 for other wire types. */
  value: number;
  /** Start of the field, including its key. */
  at: number;
  /** Start and end of the payload. */
  start: number;
  end: number;
}

/** Byte range of the source: one message or one payload. */
export interface Range {
  start: number;
  end: number;
}

/** Context of reading, for error messages. */
export interface Context {
  source: ByteSource;
  fn: string;
}

function damaged(context: Context, what: string, at: number): OnnxError {
  const name = context.source.path ?? `${context.source.size} bytes in memory`;
  return new OnnxError(context.fn, `not an ONNX model, or truncated or damaged: ${what} at byte ${at}`, name);
}

/** Reads a varint at `at` and returns its value and the next position: ten bytes at most, never past `end`. */
function readVarint(context: Context, at: number, end: number): { value: number; next: number } {
  const bytes = context.source.view(at, Math.min(10, end - at));
  let low = 0;
  let high = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    const bits = byte & 0x7f;
    if (i < 4) low |= bits << (7 * i);
    else if (i === 4) {
      low |= bits << 28;
      high = bits >> 4;
    } else high |= bits << (7 * i - 32);
    if (byte < 0x80) return { value: high * 2 ** 32 + (low >>> 0), next: at + i + 1 };
  }
  throw damaged(context, bytes.length < 10 ? "a number runs past its message" : "a number longer than ten bytes", at);
}

/**
 * Yields the fields of the message in `range` in order.
 *
 * @throws OnnxError at the first field that does not fit
 */
export function* fields(context: Context, range: Range): Generator<Field> {
  for (let at = range.start; at < range.end;) {
    const field = readField(context, at, range.end);
    yield field;
    at = field.end;
  }
}

function readField(context: Context, at: number, end: number): Field {
  const key = readVarint(context, at, end);
  const [number, wire] = [Math.floor(key.value / 8), key.value & 7];
  if (number < 1 || number > 536870911) throw damaged(context, `field number ${number}`, at);
  if (wire === 0) {
    const { value, next } = readVarint(context, key.next, end);
    return { number, wire, value, at, start: key.next, end: next };
  }
  let start = key.next;
  let length = wire === 1 ? 8 : 4;
  if (wire === 2) {
    const varint = readVarint(context, start, end);
    [length, start] = [varint.value, varint.next];
  } else if (wire !== 1 && wire !== 5) throw damaged(context, `wire type ${wire}`, at);
  if (length < 0 || length > end - start)
    throw damaged(context, `field ${number} needs ${length} bytes of ${end - start}`, at);
  return { number, wire, value: 0, at, start, end: start + length };
}

/** Longest name; names in real models stay under a few hundred bytes, so a longer one is damage or an attack. */
const MAX_TEXT = 1 << 16;

/** Reads a length-delimited field as UTF-8 text. */
export function readText(context: Context, field: Field): string {
  if (field.wire !== 2) throw damaged(context, `field ${field.number} is not text`, field.at);
  if (field.end - field.start > MAX_TEXT)
    throw damaged(context, `a name of ${field.end - field.start} bytes`, field.at);
  return new TextDecoder().decode(context.source.view(field.start, field.end - field.start));
}

/** Reads a repeated integer field, packed or not, and appends it to `into`. */
export function readIntegers(context: Context, field: Field, into: number[]): void {
  if (field.wire === 0) into.push(field.value);
  else
    for (let at = field.start; at < field.end;) {
      const { value, next } = readVarint(context, at, field.end);
      into.push(value);
      at = next;
    }
}

/** Reads a float field (four bytes). */
export function readFloat(context: Context, field: Field): number {
  if (field.end - field.start !== 4) throw damaged(context, `field ${field.number} is not a float`, field.at);
  const bytes = context.source.view(field.start, 4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
}

/** Checks that a field holds a message. */
export function checkMessage(context: Context, field: Field): Range {
  if (field.wire !== 2) throw damaged(context, `field ${field.number} is not a message`, field.at);
  return field;
}
