import { halfToNumber } from "../onnx";

let table: Float32Array | null = null;

/** Half-precision bits as single precision. */
export function halfToFloat(bits: Uint16Array): Float32Array {
  const values = (table ??= Float32Array.from({ length: 65536 }, (_, i) => halfToNumber(i)));
  const result = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) result[i] = values[bits[i]];
  return result;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Single precision as half-precision bits, rounded to nearest even; too large becomes infinity. */
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
