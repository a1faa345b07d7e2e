/** IEEE 754 half precision by hand: neither Node 20 nor older browsers have `Float16Array`. */

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/** Rounds to nearest, ties to even; overflow becomes infinity, as `numpy.float16` does. */
export function toHalf(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude < 0x38800000) return sign | subnormalHalf(magnitude);
  // Half of the last place that is kept, less one where that place is even: ties go to even.
  return sign | Math.min(0x7c00, (magnitude - 0x38000000 + 0x0fff + ((magnitude >>> 13) & 1)) >>> 13);
}

function subnormalHalf(magnitude: number): number {
  const shift = 126 - (magnitude >>> 23);
  return shift > 24 ? 0 : roundToEven((magnitude & 0x7fffff) | 0x800000, shift);
}

function roundToEven(bits: number, shift: number): number {
  const kept = bits >>> shift;
  const rest = bits - kept * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** Decodes one value: sign, 5 bits of exponent, 10 of fraction. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let table: Float32Array | undefined;

/** The 65,536 values of the format, made once: decoding is then one look-up a value. */
function halves(): Float32Array {
  return (table ??= Float32Array.from({ length: 65536 }, (_, bits) => fromHalf(bits)));
}

/** Converts half-precision bits to single precision. */
export function halfToFloat(bits: Uint16Array): Float32Array {
  const values = halves();
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = values[bits[i]];
  return out;
}

/** Single precision as half-precision bits, each value by {@link toHalf}. @param values `[N]` @returns `[N]` */
export function floatToHalf(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = toHalf(values[i]);
  return out;
}

/** Little-endian half floats, two bytes a value. */
export function encodeFloat16(values: Float32Array): Uint8Array {
  const out = new Uint8Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const half = toHalf(values[i]);
    out[2 * i] = half & 0xff;
    out[2 * i + 1] = half >>> 8;
  }
  return out;
}

/** Reverses {@link encodeFloat16}. The bytes may start at any offset of their buffer. */
export function decodeFloat16(bytes: Uint8Array): Float32Array {
  const values = halves();
  const out = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < out.length; i++) out[i] = values[bytes[2 * i] | (bytes[2 * i + 1] << 8)];
  return out;
}
