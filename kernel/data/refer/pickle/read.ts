import { PickleStack } from "./stack";
import { PickleRefusal, type PlainValue } from "./value";

/** Bytes of a pickle, read in order; a length is checked before anything is taken. */
class Bytes {
  at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(count: number): Uint8Array {
    if (!(count >= 0 && this.at + count <= this.bytes.length))
      throw new PickleRefusal("the pickle must not end early", `${count} bytes at ${this.at}`);
    const taken = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return taken;
  }

  byte(): number {
    return this.take(1)[0];
  }

  /** Reads a little-endian number without sign. */
  unsigned(count: number): number {
    return this.take(count).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  /** Reads a little-endian number in two's complement. */
  signed(count: number): number {
    if (count > 8) throw new PickleRefusal("whole numbers must have at most 8 bytes", count);
    // Not in doubles: those round 7 and 8 bytes before the sign is known.
    const value = this.take(count).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    return Number(BigInt.asIntN(8 * count, value));
  }

  double(): number {
    const at = this.at;
    this.take(8);
    return this.view.getFloat64(at);
  }

  text(count: number): string {
    const bytes = this.take(count);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new PickleRefusal("a text must be UTF-8", bytes);
    }
  }

  /** Reads a text of Python 2, which may be UTF-8 or Latin-1. */
  oldText(count: number): string {
    return decodeOld(this.take(count));
  }

  /** Reads a line, a character for each byte. */
  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    const line = latin1(this.take((end < 0 ? this.bytes.length + 1 : end) - this.at));
    this.at++;
    return line;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const utf16 = new TextDecoder("utf-16le", { ignoreBOM: true });

/** Returns a character for each byte. */
const latin1 = (bytes: Uint8Array): string => utf16.decode(Uint16Array.from(bytes));

/** Returns a byte for each character below 256. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function decodeOld(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return latin1(bytes);
  }
}

/** A number that a double holds exactly. */
function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new PickleRefusal("whole numbers must be below 2^53", value);
  return value;
}

function decimal(text: string): number {
  if (!/^[-+]?\d+L?$/.test(text)) throw new PickleRefusal("a whole number must be one", text);
  return exact(Number.parseInt(text, 10));
}

/** Reads `I`: booleans are written as 00 and 01. */
function wholeLine(text: string): number | boolean {
  if (text === "00" || text === "01") return text === "01";
  return decimal(text);
}

function floatLine(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new PickleRefusal("a number must be one", text);
  return value;
}

/** Reads the quoted bytes of Python 2's protocol 0, whose escapes are those of Python. */
function quoted(text: string): string {
  const quote = text[0];
  if ((quote !== "'" && quote !== '"') || text.length < 2 || !text.endsWith(quote))
    throw new PickleRefusal("a text must be quoted", text);
  const plain = text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|.)/g, (all, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return Object.hasOwn(ESCAPES, code) ? ESCAPES[code] : all;
  });
  return decodeOld(bytesOf(plain));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"' };

/** Reads the Latin-1 text of protocol 0, in which only `\u` and `\U` are escapes. */
const rawText = (text: string): string =>
  text.replace(/\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/g, (_, code: string) =>
    String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(code.slice(1), 16))),
  );

type Step = (stack: PickleStack, bytes: Bytes) => void;

const push =
  (read: (bytes: Bytes) => PlainValue): Step =>
  (stack, bytes) =>
    stack.push(read(bytes));

/** Operations of plain data by their byte (Python's `pickletools`, protocols 0 to 5). None of them names code. */
const STEPS = new Map<number, Step>([
  ...(
    [
      ["N", () => null],
      ["I", (bytes) => wholeLine(bytes.line())],
      ["J", (bytes) => bytes.signed(4)],
      ["K", (bytes) => bytes.byte()],
      ["M", (bytes) => bytes.unsigned(2)],
      ["L", (bytes) => decimal(bytes.line())],
      ["\x8a", (bytes) => exact(bytes.signed(bytes.byte()))],
      ["\x8b", (bytes) => exact(bytes.signed(bytes.unsigned(4)))],
      ["F", (bytes) => floatLine(bytes.line())],
      ["G", (bytes) => bytes.double()],
      ["S", (bytes) => quoted(bytes.line())],
      ["T", (bytes) => bytes.oldText(bytes.unsigned(4))],
      ["U", (bytes) => bytes.oldText(bytes.byte())],
      ["V", (bytes) => rawText(bytes.line())],
      ["X", (bytes) => bytes.text(bytes.unsigned(4))],
      ["\x8c", (bytes) => bytes.text(bytes.byte())],
      ["\x8d", (bytes) => bytes.text(bytes.unsigned(8))],
      ["\x88", () => true],
      ["\x89", () => false],
      ["]", () => []],
      [")", () => []],
      ["}", () => Object.create(null) as PlainValue],
    ] satisfies [string, (bytes: Bytes) => PlainValue][]
  ).map(([code, read]): [number, Step] => [code.charCodeAt(0), push(read)]),
  ...(
    [
      ["(", (stack) => stack.mark()],
      ["0", (stack) => void stack.pop()],
      ["1", (stack) => void stack.sinceMark()],
      ["2", (stack) => stack.push(stack.top())],
      ["a", (stack) => stack.append([stack.pop()])],
      ["e", (stack) => stack.append(stack.sinceMark())],
      ["l", (stack) => stack.push(stack.sinceMark())],
      ["t", (stack) => stack.push(stack.sinceMark())],
      ["\x85", (stack) => stack.push(stack.last(1))],
      ["\x86", (stack) => stack.push(stack.last(2))],
      ["\x87", (stack) => stack.push(stack.last(3))],
      ["s", (stack) => stack.set(stack.last(2))],
      ["u", (stack) => stack.set(stack.sinceMark())],
      ["d", (stack) => stack.dictionary()],
      ["p", (stack, bytes) => stack.put(decimal(bytes.line()))],
      ["q", (stack, bytes) => stack.put(bytes.byte())],
      ["r", (stack, bytes) => stack.put(bytes.unsigned(4))],
      ["\x94", (stack) => stack.put(null)],
      ["g", (stack, bytes) => stack.get(decimal(bytes.line()))],
      ["h", (stack, bytes) => stack.get(bytes.byte())],
      ["j", (stack, bytes) => stack.get(bytes.unsigned(4))],
      ["\x80", (_, bytes) => void bytes.byte()],
      ["\x95", (_, bytes) => void bytes.take(8)],
    ] satisfies [string, Step][]
  ).map(([code, step]): [number, Step] => [code.charCodeAt(0), step]),
]);

const STOP = ".".charCodeAt(0);

/**
 * Reads a pickle of plain data: numbers, texts, lists, tuples, dictionaries, booleans and None. Anything that would name or call code is
 * refused before it means anything.
 *
 * @throws PickleRefusal for any other operation, or a pickle that is damaged
 */
export function readPickle(content: Uint8Array): PlainValue {
  const [bytes, stack] = [new Bytes(content), new PickleStack()];
  for (;;) {
    const at = bytes.at;
    const code = bytes.byte();
    if (code === STOP) return stack.pop();
    const step = STEPS.get(code);
    if (!step)
      throw new PickleRefusal(`a pickle must hold plain data alone, byte ${at} is another operation`, nameOf(code));
    step(stack, bytes);
  }
}

/** Operations that name or call code, by their byte. */
const CODE: Readonly<Record<string, string>> = {
  c: "GLOBAL",
  R: "REDUCE",
  b: "BUILD",
  i: "INST",
  o: "OBJ",
  P: "PERSID",
  Q: "BINPERSID",
  "\x81": "NEWOBJ",
  "\x92": "NEWOBJ_EX",
  "\x93": "STACK_GLOBAL",
};

const nameOf = (code: number): string => CODE[String.fromCharCode(code)] ?? `0x${code.toString(16)}`;
