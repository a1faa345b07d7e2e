/** Resizing of pixels to look at: Lanczos with three lobes when reducing, nearest neighbor when enlarging. */
import type { Pixels } from "../../contracts/pixels";

const LOBES = 3;

function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const angle = Math.PI * x;
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / (angle * angle);
}

interface Taps {
  start: number;
  weights: number[];
}

/** Weights of the pixels that each of `to` pixels takes from `from`. */
function tapsOf(from: number, to: number): Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale - 0.5;
    if (scale <= 1) return { start: Math.max(0, Math.min(from - 1, Math.round(center))), weights: [1] };
    const start = Math.max(0, Math.ceil(center - LOBES * scale));
    const end = Math.min(from - 1, Math.floor(center + LOBES * scale));
    const raw = Array.from({ length: end - start + 1 }, (_, k) => lanczos((start + k - center) / scale));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { start, weights: raw.map((weight) => weight / sum) };
  });
}

/** RGB pixels of exactly this size. */
export function resizePixels(pixels: Pixels, width: number, height: number): Uint8Array {
  const { data, channels } = pixels;
  const channelOf = channels < 3 ? [0, 0, 0] : [0, 1, 2];
  const columns = tapsOf(pixels.width, width);
  const rows = tapsOf(pixels.height, height);
  const across = new Float32Array(3 * width * pixels.height);
  for (let y = 0; y < pixels.height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) {
        const { start, weights } = columns[x];
        let sum = 0;
        for (let k = 0; k < weights.length; k++)
          sum += weights[k] * data[channels * (y * pixels.width + start + k) + channelOf[c]];
        across[3 * (y * width + x) + c] = sum;
      }
  const out = new Uint8ClampedArray(3 * width * height);
  for (let y = 0; y < height; y++) {
    const { start, weights } = rows[y];
    for (let i = 0; i < 3 * width; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * across[3 * width * (start + k) + i];
      out[3 * width * y + i] = sum;
    }
  }
  return new Uint8Array(out.buffer);
}
