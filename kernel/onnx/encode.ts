import { joinBytes } from "../numeric";

/** Encoding of the protobuf wire format: each function returns one field with its key. */

function varint(value: number): number[] {
  if (value < 0) return negativeVarint(value);
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

/** A negative value takes ten bytes, as two's complement. */
function negativeVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

/** Encodes an integer field. */
export function integerField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

/** Encodes a float field (four bytes). */
export function floatField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = number * 8 + 5;
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

/** Encodes a double field (eight bytes). */
export function doubleField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = number * 8 + 1;
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

/** Encodes a length-delimited field: text, bytes or a message. */
export function bytesField(number: number, payload: Uint8Array): Uint8Array {
  return joinBytes([Uint8Array.from([...varint(number * 8 + 2), ...varint(payload.length)]), payload]);
}

/** Encodes a message in parts without copying them, because they may hold all weights of a model. */
export function messageField(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Uint8Array.from([...varint(number * 8 + 2), ...varint(length)]), ...parts];
}

export function textField(number: number, text: string): Uint8Array {
  return bytesField(number, new TextEncoder().encode(text));
}
