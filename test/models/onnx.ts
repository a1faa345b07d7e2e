/** Comparison of a module with what `toOnnx` writes of it, by the onnxruntime that encoders run on. */
import assert from "node:assert/strict";
import { onnxruntime } from "../../kernel/backend/onnxruntime.ts";
import type { HostTensor } from "../../kernel/backend/types.ts";
import { tf, type nn, type Tensor } from "../nn/names.ts";
import { models } from "./names.ts";

export type Options = models.ToOnnxOptions;

/** Size of the transformers that are written. */
export const SMALL = { imgSize: 16, patchSize: 4, embedDim: 16, depth: 2, numHeads: 2 } as const;

/** Transformers of every kind. */
export const VARIANTS: Record<string, models.VitConfig> = {
  plain: {},
  "registers, layer scale": { regTokens: 2, noEmbedClass: true, initValues: 0.3 },
  "positions resampled without antialiasing": { posResample: "bicubic" },
  "CLIP's kind": { preNorm: true, actLayer: "quick-gelu" },
  "SigLIP's kind": { classToken: false, globalPool: "map", actLayer: "gelu-tanh" },
  "AIMv2's kind, sines": {
    classToken: false,
    globalPool: "avg",
    fcNorm: false,
    normLayer: "rms",
    embedNorm: true,
    mlpLayer: "swiglu",
    qkvBias: false,
    projBias: false,
    posEmbed: "sine",
  },
  "rotary, norms of queries and keys": { posEmbed: "rotary", regTokens: 1, qkNorm: true },
  "rotary of neighbours": {
    posEmbed: "rotary",
    rotary: { coordinates: "index", layout: "interleaved", theta: 10_000 },
  },
  "convolutional stem, overlapping patches": {
    stem: [
      { channels: 8, stride: 2 },
      { channels: 8, residual: true },
    ],
    patchSize: 2,
    patchStride: 1,
  },
  "packed SwiGLU, distilled, classes": { mlpLayer: "swiglu-packed", distToken: true, numClasses: 3 },
};

/** Inputs of one run by name, drawn from a seed; integers lie below `most`. */
export function draw(inputs: Options["inputs"], shapes: number[][], most = 5, seed = 7): Map<string, Tensor> {
  return new Map(
    Object.entries(inputs).map(([name, given], i) => {
      const dtype = "shape" in given ? given.dtype : "float32";
      const drawn =
        dtype === "int32"
          ? tf.cast(tf.randomUniform(shapes[i], 0, most, "float32", seed + i), "int32")
          : tf.randomNormal(shapes[i], 0, 1, "float32", seed + i);
      return [name, drawn];
    }),
  );
}

const hostOf = (tensor: Tensor): HostTensor => ({
  type: tensor.dtype === "int32" ? "int32" : "float32",
  data: tensor.dataSync().slice() as Float32Array,
  dims: tensor.shape,
});

/** Runs a written model in onnxruntime. */
export async function runOnnx(
  model: Uint8Array | string,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: string[],
): Promise<Record<string, HostTensor>> {
  const session = await onnxruntime.create(model, { fn: "models.toOnnx", device: "cpu" });
  try {
    return await session.run(Object.fromEntries([...inputs].map(([name, one]) => [name, hostOf(one)])), outputs);
  } finally {
    await session.dispose();
  }
}

export function assertSame(actual: HostTensor, expected: Tensor, tolerance: number, what: string): void {
  assert.deepEqual(actual.dims, expected.shape, `shape of ${what}`);
  const values = expected.dataSync() as Float32Array;
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(actual.data[i]))), 0);
  assert.ok(worst <= tolerance * scale, `${what} differs by ${worst / scale}, allowed ${tolerance}`);
}

/** Writes a module and compares one output at each of the shapes. */
export async function checkOnnx(
  model: nn.Module,
  options: Options,
  runs: number[][][],
  { tolerance = 1e-5, most = 5 } = {},
): Promise<models.OnnxModelFile> {
  const before = tf.memory().numTensors;
  const file = await models.toOnnx(model, options);
  assert.equal(tf.memory().numTensors, before, "writing leaves no tensor");
  const bytes = await file.bytes();
  model.eval();
  for (const shapes of runs) {
    const inputs = draw(options.inputs, shapes, most);
    const call = options.call ?? ((...x: Tensor[]) => (model as nn.Layer).forward(...(x as [Tensor])));
    const expected = call(...inputs.values()) as Tensor;
    const { output } = await runOnnx(bytes, inputs, ["output"]);
    assertSame(output, expected, tolerance, shapes.map((shape) => shape.join(" x ")).join(", "));
  }
  return file;
}
