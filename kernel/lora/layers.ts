import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { Conv1D } from "../nn/layers/conv1d";
import { Embedding } from "../nn/layers/embedding";
import { Linear } from "../nn/layers/linear";
import type { Module } from "../nn/module/module";
import { LoraError } from "./error";

/** Layer of the form y = x Wᵀ + b. */
export type LinearLayer = Linear | Conv1D;

/** Layer that adapters can join. */
export type AdaptableLayer = LinearLayer | Embedding;

export function isLinearLayer(module: Module): module is LinearLayer {
  return module instanceof Linear || module instanceof Conv1D;
}

export function isAdaptable(module: Module): module is AdaptableLayer {
  return isLinearLayer(module) || module instanceof Embedding;
}

/** Returns the sizes of one input and one output; an embedding's input is one of `inFeatures` numbers. */
export function sizesOf(layer: AdaptableLayer): { inFeatures: number; outFeatures: number } {
  return layer instanceof Embedding ? { inFeatures: layer.count, outFeatures: layer.features } : layer;
}

/** Returns the layer's bias, or null. */
export function biasOf(layer: AdaptableLayer): Tensor | null {
  return layer instanceof Embedding ? null : (layer.bias?.value ?? null);
}

/** Returns the layer's weight as [out, in], however it is stored; runs inside the caller's `tf.tidy`. */
export function weightOf(layer: AdaptableLayer): Tensor {
  return layer instanceof Linear ? layer.weight.value : tf.transpose(layer.weight.value);
}

/** Assigns a weight [out, in] and, where given, a bias to the layer. */
export function assignTo(layer: AdaptableLayer, weight: Tensor, bias: Tensor | null): void {
  tf.tidy(() => layer.weight.assign(layer instanceof Linear ? weight : tf.transpose(weight)));
  if (bias && !(layer instanceof Embedding)) layer.bias?.assign(bias);
}

/** Tests that no value is infinite or NaN. */
export async function isFinite(tensor: Tensor): Promise<boolean> {
  const all = tf.tidy(() => tf.all(tf.isFinite(tensor)));
  const [finite] = await all.data();
  all.dispose();
  return Boolean(finite);
}

/** @throws LoraError where a merged value is infinite or NaN */
export async function checkFinite(fn: string, path: string, tensors: readonly (Tensor | null)[]): Promise<void> {
  for (const tensor of tensors)
    if (tensor && !(await isFinite(tensor)))
      throw new LoraError(fn, "merged weights must be finite; nothing was merged", path);
}
