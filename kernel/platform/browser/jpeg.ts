/**
 * A baseline JPEG without chroma subsampling, by the integer arithmetic of libjpeg's slow DCT and its tables of quality, so that a file
 * written here decodes to the pixels of one written by sharp. A canvas halves the colors' resolution instead.
 */
import type { Pixels } from "../../contracts/pixels";

/** ITU T.81, Annex K: quantization of quality 50 in the order of the zigzag, luminance and chrominance. */
const QUANTIZATION = [
  "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e404457453738506d51575f626768673e4d71797064785c656763",
  "1112121815182f1a1a2f634238426363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363",
].map(bytesOfHex);

/** The Annex's Huffman tables: numbers of codes of each length, then the symbols. */
const HUFFMAN = [
  "00010501010101010100000000000000000102030405060708090a0b",
  "0002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
  "00030101010101010101010000000000000102030405060708090a0b",
  "00020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
].map(bytesOfHex);
/** Classes and numbers of the tables above: DC and AC of luminance, DC and AC of chrominance. */
const HUFFMAN_PLACES = [0x00, 0x10, 0x01, 0x11];

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
}

/** Place in a block, row by row, of each coefficient of the zigzag. */
const ZIGZAG = Array.from({ length: 64 }, (_, at) => at).sort((a, b) => diagonalOrder(a) - diagonalOrder(b));

/** Diagonals from the corner, odd ones downwards. */
function diagonalOrder(at: number): number {
  const [row, column] = [at >> 3, at & 7];
  const diagonal = row + column;
  return 8 * diagonal + (diagonal % 2 ? row : column);
}

/** @param quality 1..100, as libjpeg scales it */
export function encodeExactJpeg(pixels: Pixels, quality: number): Uint8Array {
  const steps = QUANTIZATION.map((table) => scaled(table, quality));
  const out = new Bits();
  writeHead(out, pixels, steps);
  const coders = HUFFMAN.map(codesOf);
  const planes = planesOf(pixels);
  const before = planes.map(() => 0);
  const [across, down] = [Math.ceil(pixels.width / 8), Math.ceil(pixels.height / 8)];
  for (let block = 0; block < across * down; block++)
    for (const [i, plane] of planes.entries()) {
      const kind = i === 0 ? 0 : 1;
      const levels = quantized(plane, 8 * across, block % across, Math.floor(block / across), steps[kind]);
      writeBlock(out, levels, before[i], coders[2 * kind], coders[2 * kind + 1]);
      before[i] = levels[0];
    }
  return out.end();
}

/** The steps of a quality in the order of the zigzag. */
function scaled(table: Uint8Array, quality: number): Uint8Array {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return table.map((step) => Math.max(1, Math.min(255, Math.floor((step * percent + 50) / 100))));
}

/** Luminance and two chrominances, less 128, with the last column and row repeated up to whole blocks. */
function planesOf({ data, width, height, channels }: Pixels): Int16Array[] {
  const [wide, high] = [8 * Math.ceil(width / 8), 8 * Math.ceil(height / 8)];
  const planes = [0, 1, 2].map(() => new Int16Array(wide * high));
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) {
      const at = channels * (Math.min(y, height - 1) * width + Math.min(x, width - 1));
      const [r, g, b] = channels < 3 ? [data[at], data[at], data[at]] : [data[at], data[at + 1], data[at + 2]];
      const to = y * wide + x;
      planes[0][to] = ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16) - 128;
      planes[1][to] = (-11059 * r - 21709 * g + 32768 * b + 32767) >> 16;
      planes[2][to] = (32768 * r - 27439 * g - 5329 * b + 32767) >> 16;
    }
  return planes;
}

const work = new Int32Array(64);
const levels = new Int32Array(64);

/** Quantized coefficients of a block in the order of the zigzag. */
function quantized(plane: Int16Array, stride: number, column: number, row: number, steps: Uint8Array): Int32Array {
  for (let y = 0; y < 8; y++)
    for (let x = 0; x < 8; x++) work[8 * y + x] = plane[(8 * row + y) * stride + 8 * column + x];
  for (let i = 0; i < 8; i++) transform(8 * i, 1, true);
  for (let i = 0; i < 8; i++) transform(i, 8, false);
  for (let k = 0; k < 64; k++) {
    const step = 8 * steps[k];
    const value = work[ZIGZAG[k]];
    const size = Math.floor((Math.abs(value) + (step >> 1)) / step);
    levels[k] = value < 0 ? -size : size;
  }
  return levels;
}

/** Bits of the fixed point's constants, and those kept between rows and columns. */
const [CONSTANT_BITS, PASS_BITS] = [13, 2];
const fixed = (value: number): number => Math.round(value * (1 << CONSTANT_BITS));
const F = {
  f0298: fixed(0.298631336),
  f0390: fixed(0.390180644),
  f0541: fixed(0.5411961),
  f0765: fixed(0.765366865),
  f0899: fixed(0.899976223),
  f1175: fixed(1.175875602),
  f1501: fixed(1.50132111),
  f1847: fixed(1.847759065),
  f1961: fixed(1.96157056),
  f2053: fixed(2.053119869),
  f2562: fixed(2.562915447),
  f3072: fixed(3.072711026),
};
const rounded = (value: number, bits: number): number => (value + (1 << (bits - 1))) >> bits;

/** One row or column of the DCT in place, by Loeffler, Ligtenberg and Moschytz (1989) with twelve products. */
function transform(start: number, step: number, isFirst: boolean): void {
  const at = (i: number): number => work[start + step * i];
  const set = (i: number, value: number): void => void (work[start + step * i] = value);
  const [s0, s1, s2, s3] = [at(0) + at(7), at(1) + at(6), at(2) + at(5), at(3) + at(4)];
  const [d4, d5, d6, d7] = [at(3) - at(4), at(2) - at(5), at(1) - at(6), at(0) - at(7)];
  const [t10, t13, t11, t12] = [s0 + s3, s0 - s3, s1 + s2, s1 - s2];
  const bits = isFirst ? CONSTANT_BITS - PASS_BITS : CONSTANT_BITS + PASS_BITS;
  set(0, isFirst ? (t10 + t11) << PASS_BITS : rounded(t10 + t11, PASS_BITS));
  set(4, isFirst ? (t10 - t11) << PASS_BITS : rounded(t10 - t11, PASS_BITS));
  const even = (t12 + t13) * F.f0541;
  set(2, rounded(even + t13 * F.f0765, bits));
  set(6, rounded(even - t12 * F.f1847, bits));
  const z5 = (d4 + d6 + d5 + d7) * F.f1175;
  const [z1, z2] = [-(d4 + d7) * F.f0899, -(d5 + d6) * F.f2562];
  const [z3, z4] = [z5 - (d4 + d6) * F.f1961, z5 - (d5 + d7) * F.f0390];
  set(7, rounded(d4 * F.f0298 + z1 + z3, bits));
  set(5, rounded(d5 * F.f2053 + z2 + z4, bits));
  set(3, rounded(d6 * F.f3072 + z2 + z3, bits));
  set(1, rounded(d7 * F.f1501 + z1 + z4, bits));
}

interface Code {
  bits: number;
  length: number;
}

/** The canonical codes of a table by symbol. */
function codesOf(table: Uint8Array): Code[] {
  const codes: Code[] = [];
  let [bits, at] = [0, 16];
  for (let length = 1; length <= 16; length++, bits <<= 1)
    for (let i = 0; i < table[length - 1]; i++) codes[table[at++]] = { bits: bits++, length };
  return codes;
}

const sizeOf = (value: number): number => 32 - Math.clz32(Math.abs(value));

function writeBlock(out: Bits, block: Int32Array, before: number, dc: Code[], ac: Code[]): void {
  writeLevel(out, block[0] - before, 0, dc);
  let zeros = 0;
  for (let k = 1; k < 64; k++) {
    if (block[k] === 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) out.code(ac[0xf0]);
    writeLevel(out, block[k], zeros, ac);
    zeros = 0;
  }
  if (zeros > 0) out.code(ac[0]);
}

/** A run of zeros with the size of the level after it, then the level: negative ones as their complement. */
function writeLevel(out: Bits, value: number, zeros: number, codes: Code[]): void {
  const length = sizeOf(value);
  out.code(codes[16 * zeros + length]);
  if (length > 0) out.code({ bits: value < 0 ? value + (1 << length) - 1 : value, length });
}

/** Bytes of a file, and bits behind its head; in these, a byte 255 is followed by 0. */
class Bits {
  private bytes = new Uint8Array(1 << 14);
  private size = 0;
  private pending = 0;
  private count = 0;

  byte(value: number): void {
    if (this.size === this.bytes.length) {
      const larger = new Uint8Array(2 * this.size);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.size++] = value;
  }

  segment(marker: number, content: readonly number[]): void {
    const length = content.length + 2;
    for (const value of [0xff, marker, length >> 8, length & 255]) this.byte(value);
    for (const value of content) this.byte(value);
  }

  code({ bits, length }: Code): void {
    this.pending = (this.pending << length) | bits;
    this.count += length;
    for (; this.count >= 8; this.count -= 8) {
      const value = (this.pending >> (this.count - 8)) & 255;
      this.byte(value);
      if (value === 255) this.byte(0);
    }
    this.pending &= (1 << this.count) - 1;
  }

  /** Fills the last byte with ones and ends the file. */
  end(): Uint8Array {
    if (this.count > 0) this.code({ bits: (1 << (8 - this.count)) - 1, length: 8 - this.count });
    this.byte(0xff);
    this.byte(0xd9);
    return this.bytes.slice(0, this.size);
  }
}

function writeHead(out: Bits, { width, height }: Pixels, steps: readonly Uint8Array[]): void {
  out.byte(0xff);
  out.byte(0xd8);
  out.segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  for (const [i, table] of steps.entries()) out.segment(0xdb, [i, ...table]);
  const components = [1, 2, 3].flatMap((id) => [id, 0x11, id === 1 ? 0 : 1]);
  out.segment(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 3, ...components]);
  for (const [i, table] of HUFFMAN.entries()) out.segment(0xc4, [HUFFMAN_PLACES[i], ...table]);
  out.segment(0xda, [3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
}
