/** Two inner products of a resize, in WebAssembly with 128-bit vectors, five times as fast as in JavaScript. */
import * as wasm from "./wasm-code";
import { type Code, get, set } from "./wasm-code";

/** Fraction bits of the fixed-point weights; 255 times their sum fits 32 bits. */
export const FRACTION = 22;

/** Bytes by which lines are read and written beyond their ends. */
export const SLACK = 16;

/** Used part of the global that every Node has; its types come only with those of browsers. */
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

interface Lines {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  /**
   * Resizes one line of RGB. For each pixel of `target`, `taps` holds the position of the first tap in `source` in
   * pixels, the length of the weights in bytes, and the weights. All parameters are addresses.
   */
  across(source: number, taps: number, target: number, targetEnd: number): void;
  /** Sums lines that lie `line` bytes apart from `source` on, each with its weight in `weights`. */
  down(source: number, weights: number, weightsEnd: number, target: number, targetEnd: number, line: number): void;
}

const HALF = wasm.splat(wasm.i32(1 << (FRACTION - 1)));
const accumulate = (sum: number, pixels: Code, weight: Code): Code =>
  set(sum, wasm.addLanes(get(sum), wasm.multiplyLanes(pixels, weight)));
const advance = (address: number, by: Code): Code => set(address, wasm.add(get(address), by));
const level = (sum: number): Code => wasm.shiftRight(get(sum), FRACTION);

function across(): wasm.WasmFunction {
  const [source, taps, target, targetEnd, at, end, sum] = [0, 1, 2, 3, 4, 5, 6];
  const pixel = wasm.widenWords(wasm.widenBytes(wasm.loadQuarter(get(at)), "low"), "low");
  const words = wasm.narrowToWords(level(sum), level(sum));
  const body = wasm.repeatWhileBefore(
    get(target),
    get(targetEnd),
    set(at, wasm.add(get(source), wasm.multiply(wasm.load(get(taps)), wasm.i32(3)))),
    set(end, wasm.add(wasm.add(get(taps), wasm.i32(8)), wasm.load(get(taps), 4))),
    advance(taps, wasm.i32(8)),
    set(sum, HALF),
    wasm.repeatWhileBefore(
      get(taps),
      get(end),
      accumulate(sum, pixel, wasm.loadSplat(get(taps))),
      advance(at, wasm.i32(3)),
      advance(taps, wasm.i32(4)),
    ),
    wasm.storeQuarter(get(target), wasm.narrowToBytes(words, words)),
    advance(target, wasm.i32(3)),
  );
  return { name: "across", parameters: 4, integers: 2, vectors: 1, body };
}

function down(): wasm.WasmFunction {
  const [source, weights, weightsEnd, target, targetEnd, line, at, weightAt] = [0, 1, 2, 3, 4, 5, 6, 7];
  const sums = [8, 9, 10, 11];
  const [bytes, weight] = [12, 13];
  const quarters = (["low", "high"] as const).flatMap((half) =>
    (["low", "high"] as const).map((part) => wasm.widenWords(wasm.widenBytes(get(bytes), half), part)),
  );
  const body = wasm.repeatWhileBefore(
    get(target),
    get(targetEnd),
    set(at, get(source)),
    set(weightAt, get(weights)),
    ...sums.map((sum) => set(sum, HALF)),
    wasm.repeatWhileBefore(
      get(weightAt),
      get(weightsEnd),
      set(bytes, wasm.loadVector(get(at))),
      set(weight, wasm.loadSplat(get(weightAt))),
      ...sums.map((sum, i) => accumulate(sum, quarters[i], get(weight))),
      advance(at, get(line)),
      advance(weightAt, wasm.i32(4)),
    ),
    wasm.storeVector(
      get(target),
      wasm.narrowToBytes(
        wasm.narrowToWords(level(sums[0]), level(sums[1])),
        wasm.narrowToWords(level(sums[2]), level(sums[3])),
      ),
    ),
    advance(source, wasm.i32(16)),
    advance(target, wasm.i32(16)),
  );
  return { name: "down", parameters: 6, integers: 2, vectors: 6, body };
}

let made: Lines | null = null;

/** Returns the functions with a memory of at least `bytes`; the next call discards its contents. */
export function lines(bytes: number): Lines {
  made ??= new WebAssembly.Instance(new WebAssembly.Module(wasm.wasmModule([across(), down()]))).exports as Lines;
  const missing = Math.ceil((bytes - made.memory.buffer.byteLength) / PAGE);
  if (missing > 0) made.memory.grow(missing);
  return made;
}

const PAGE = 2 ** 16;
