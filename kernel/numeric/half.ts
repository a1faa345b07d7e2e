let table: Float32Array | null = null;

/** Converts half-precision bits to single precision. */
export function halfToFloat(bits: Uint16Array): Float32Array {
  const values = (table ??= Float32Array.from({ length: 65536 }, (_, i) => halfToNumber(i)));
  const result = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) result[i] = values[bits[i]];
  return result;
}

/** Decodes one value: sign, 5 bits of exponent, 10 of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/**
 * Converts single precision to half-precision bits, rounded to nearest even; too large values become infinity. The
 * shape is kept: one entry per value.
 */
export function floatToHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    scratch[0] = value;
    const bits = scratchBits[0];
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = Math.abs(value);
    if (magnitude >= 65520) return sign | 0x7c00;
    if (value !== value) return 0x7e00;
    if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24);
    const rounded = bits + 0x0fff + ((bits >>> 13) & 1);
    return sign | (((rounded & 0x7fffffff) >>> 13) - (112 << 10));
  });
}

function roundEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}
