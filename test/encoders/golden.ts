import { readFileSync } from "node:fs";
import type { RawImage } from "../../kernel/data/image.ts";
import { parseSafetensors, readSafetensors } from "../../kernel/safetensors/safetensors";
import * as encoders from "../../kernel/encoders";
import type { Encoder, LoadOptions } from "../../kernel/encoders";
import { join } from "node:path";

/** Models and tensors made by test/onnx/golden/make_golden.py with torch 2.13, transformers 5.23, timm 1.0. */
export const GOLDEN = join(import.meta.dirname, "..", "onnx", "golden");

const { tensors: inputs } = parseSafetensors(readFileSync(join(GOLDEN, "input.safetensors")));
const pixels = inputs.get("image")!.data as Uint8Array;

export interface Golden {
  data: Float32Array;
  shape: number[];
}

export async function golden(name: string): Promise<Map<string, Golden>> {
  const { tensors } = await readSafetensors(join(GOLDEN, `${name}.safetensors`));
  return new Map([...tensors].map(([key, { data, shape }]) => [key, { data: data as Float32Array, shape }]));
}

/** The preprocessing by which input.safetensors was made. */
export const PLAIN = { inputSize: 32, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

export function load(model: string, options: LoadOptions = {}): Promise<Encoder> {
  return encoders.load(join(GOLDEN, `${model}.onnx`), { preprocess: PLAIN, device: "cpu", ...options });
}

export function maxAbsDiff(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++)
    worst = Math.max(worst, Math.abs(a[i] - b[i]) || (Number.isNaN(a[i]) ? Infinity : 0));
  return worst;
}

/** The pictures of input.safetensors. */
export const images: RawImage[] = [0, 1].map((i) => ({
  data: pixels.slice(i * 3072, (i + 1) * 3072),
  width: 32,
  height: 32,
  channels: 3,
}));
