import { TaskError } from "../../error";
import { checkArguments } from "../../../rules/arguments";
/**
 * Thinning of binary maps to lines of one pixel (Guo and Hall, "Parallel thinning with two-subiteration algorithms", Comm. ACM 32(3),
 * 1989): the algorithm of MATLAB's `bwmorph(…, "thin")`, of the BSDS benchmark and of scikit-image's `thin`.
 */

/** Bits of the neighbors in a code: east first, then counter-clockwise. */
const bitsOf = (code: number): boolean[] => Array.from({ length: 8 }, (_, i) => ((code >> i) & 1) === 1);

/** Tests condition G1: the center is crossed once on a walk around it. */
function isCrossedOnce(bits: readonly boolean[]): boolean {
  const crossings = [0, 2, 4, 6].filter((i) => !bits[i] && (bits[i + 1] || bits[(i + 2) % 8]));
  return crossings.length === 1;
}

/** Tests condition G2: the center is neither an end of a line nor inside. */
function isOnRim(bits: readonly boolean[]): boolean {
  const before = [1, 3, 5, 7].filter((k) => bits[k] || bits[k - 1]).length;
  const after = [1, 3, 5, 7].filter((k) => bits[k] || bits[(k + 1) % 8]).length;
  const least = Math.min(before, after);
  return least === 2 || least === 3;
}

/** Tests condition G3, and with `turn` 4 its mirror image for the second half of an iteration. */
function isOnSide(bits: readonly boolean[], turn: 0 | 4): boolean {
  const at = (i: number): boolean => bits[(i + turn) % 8] as boolean;
  return !((at(1) || at(2) || !at(7)) && at(0));
}

function tableOf(turn: 0 | 4): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => {
    const bits = bitsOf(code);
    return isCrossedOnce(bits) && isOnRim(bits) && isOnSide(bits, turn) ? 1 : 0;
  });
}

const HALVES = [tableOf(0), tableOf(4)] as const;

/**
 * Thins a binary map until nothing changes (Guo and Hall, CACM 32(3), 1989), as scikit-image does.
 *
 * @param mask [height, width], row-major, nonzero for a set pixel
 * @returns a new map of zeros and ones
 */
export function thin(mask: ArrayLike<number>, width: number, height: number): Uint8Array {
  checkArguments("tasks.dense.thin", TaskError, { mask }, { mask: "list" });
  const stride = width + 2;
  const padded = pad(mask, width, height);
  const offsets = Int32Array.of(1, 1 - stride, -stride, -stride - 1, -1, stride - 1, stride, stride + 1);
  let left = setPixels(padded);
  for (let before = -1; before !== left.length;) {
    before = left.length;
    for (const table of HALVES) left = peel(padded, left, offsets, table);
  }
  return unpad(padded, width, height);
}

/** Removes the pixels that a table names, all at once; returns those that stay. */
function peel(padded: Uint8Array, pixels: Int32Array, offsets: Int32Array, table: Uint8Array): Int32Array {
  const leaving = Uint8Array.from(pixels, (at) => table[codeAt(padded, at, offsets)] as number);
  pixels.forEach((at, i) => leaving[i] && (padded[at] = 0));
  return pixels.filter((_, i) => !leaving[i]);
}

function codeAt(padded: Uint8Array, at: number, offsets: Int32Array): number {
  let code = 0;
  for (let i = 0; i < 8; i++) code |= (padded[at + offsets[i]] as number) << i;
  return code;
}

/** Returns the map within a frame of zeros. */
function pad(mask: ArrayLike<number>, width: number, height: number): Uint8Array {
  const padded = new Uint8Array((width + 2) * (height + 2));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (mask[y * width + x]) padded[(y + 1) * (width + 2) + x + 1] = 1;
  return padded;
}

function unpad(padded: Uint8Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (y + 1) * (width + 2) + 1;
    out.set(padded.subarray(start, start + width), y * width);
  }
  return out;
}

function setPixels(padded: Uint8Array): Int32Array {
  const found: number[] = [];
  padded.forEach((set, at) => set && found.push(at));
  return Int32Array.from(found);
}
