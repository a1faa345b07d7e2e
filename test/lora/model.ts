/** A small model for adapters, with values that no initialiser gives. */
import { nn, type Tensor, tf } from "../nn/names.ts";
import type { lora } from "./names.ts";
import { sharedRandom } from "../../kernel/nn/module/random.ts";

class Attention extends nn.Module {
  qProj = new nn.Linear(6, 6);
  vProj = new nn.Linear(6, 5, { bias: false });
}

class Layer extends nn.Module {
  selfAttn = new Attention();
  norm = new nn.LayerNorm(6);
}

export class Model extends nn.Module {
  layers = [new Layer(), new Layer()];
  head = new nn.Linear(5, 3);

  forward(x: Tensor): Tensor {
    let y = x;
    for (const { norm, selfAttn } of this.layers) y = tf.add(y, selfAttn.qProj.forward(norm.forward(y)));
    const values = this.layers.map(({ selfAttn }) => selfAttn.vProj.forward(y));
    return this.head.forward(tf.add(values[0], values[1]));
  }
}

/** An input [2, 4, 6]. */
export function inputOf(seed = 1): Tensor {
  return tf.randomNormal([2, 4, 6], 0, 1, "float32", seed);
}

/** Gives every value of an adapter a random one, so that nothing is zero. */
export function randomize(adapters: lora.Adapters, name = "default"): void {
  const draw = nn.normal(0.1, 0.5);
  for (const parameter of adapters.parameters(name).values()) parameter.assign(draw(parameter.shape, sharedRandom()));
}

/** Every value of a model or of some parameters, by name. */
export function snapshot(parameters: ReadonlyMap<string, nn.Parameter>): Map<string, Float32Array> {
  return new Map([...parameters].map(([name, { value }]) => [name, Float32Array.from(value.dataSync())]));
}

/** The model's output, as numbers. */
export function outputOf(model: { forward(x: Tensor): Tensor }, x: Tensor): Float32Array {
  return tf.tidy(() => Float32Array.from(model.forward(x).dataSync()));
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}
