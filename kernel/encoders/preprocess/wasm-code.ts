/**
 * WebAssembly instructions of `resample-lines.ts` as bytes, and the module around them. See the core specification,
 * chapters 5.4 (instructions) and 5.5 (modules). An expression's operands precede its opcode.
 */
export type Code = readonly number[];

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, value: Code): Code => [...value, 0x21, local];
export const i32 = (value: number): Code => [0x41, ...signed(value)];
export const add = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
export const multiply = (a: Code, b: Code): Code => [...a, ...b, 0x6c];
export const load = (address: Code, offset = 0): Code => [...address, 0x28, 0, ...unsigned(offset)];
/** Runs `body` once and repeats it while address `a` is before `b`. */
export const repeatWhileBefore = (a: Code, b: Code, ...body: Code[]): Code => [
  0x03,
  0x40,
  ...body.flat(),
  ...a,
  ...b,
  0x49,
  0x0d,
  0,
  0x0b,
];

const simd = (opcode: number, ...operands: Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode)];
/** Loads 16 bytes of memory. */
export const loadVector = (address: Code): Code => [...simd(0, address), 0, 0];
/** Loads 4 bytes; the rest is zero. */
export const loadQuarter = (address: Code): Code => [...simd(92, address), 0, 0];
/** Loads one `i32` of memory into all four lanes. */
export const loadSplat = (address: Code, offset = 0): Code => [...simd(9, address), 0, ...unsigned(offset)];
export const storeVector = (address: Code, value: Code): Code => [...simd(11, address, value), 0, 0];
/** Stores the first 4 bytes. */
export const storeQuarter = (address: Code, value: Code): Code => [...simd(90, address, value), 0, 0, 0];
/** Puts one `i32` into all four lanes. */
export const splat = (value: Code): Code => simd(17, value);
export const addLanes = (a: Code, b: Code): Code => simd(174, a, b);
export const multiplyLanes = (a: Code, b: Code): Code => simd(181, a, b);
/** Shifts four signed `i32` right. */
export const shiftRight = (a: Code, bits: number): Code => simd(172, a, i32(bits));
/** Widens 8 of 16 unsigned bytes to 16 bits each, or 4 of 8 of those to 32 bits each. */
export const widenBytes = (a: Code, half: "low" | "high"): Code => simd(half === "low" ? 137 : 138, a);
export const widenWords = (a: Code, half: "low" | "high"): Code => simd(half === "low" ? 169 : 170, a);
/** Narrows two vectors of `i32` to one of 16 bits, or two of those to bytes 0..255, with saturation. */
export const narrowToWords = (a: Code, b: Code): Code => simd(133, a, b);
export const narrowToBytes = (a: Code, b: Code): Code => simd(102, a, b);

/** Function of `i32` parameters without a result. Locals are numbered: parameters, then `i32`, then vectors. */
export interface WasmFunction {
  name: string;
  parameters: number;
  integers: number;
  vectors: number;
  body: Code;
}

const [I32, V128] = [0x7f, 0x7b];

/** Returns a module that exports its functions and one page of memory, `memory`. */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const bytes = [
    0x00,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(
      1,
      functions.map(({ parameters }) => [0x60, ...list(Array(parameters).fill([I32])), 0]),
    ),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(5, [[0, 1]]),
    ...section(7, [[...text("memory"), 2, 0], ...functions.map(({ name }, i) => [...text(name), 0, ...unsigned(i)])]),
    ...section(10, functions.map(functionBody)),
  ];
  return Uint8Array.from(bytes);
}

function functionBody({ integers, vectors, body }: WasmFunction): Code {
  const code = [
    ...list([
      [...unsigned(integers), I32],
      [...unsigned(vectors), V128],
    ]),
    ...body,
    0x0b,
  ];
  return [...unsigned(code.length), ...code];
}

function section(id: number, items: readonly Code[]): Code {
  const content = list(items);
  return [id, ...unsigned(content.length), ...content];
}

const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const text = (name: string): Code => list([...new TextEncoder().encode(name)].map((byte) => [byte]));

/** Encodes as LEB128: seven bits per byte, lowest first. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
