import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { Conv1D } from "../nn/conv1d";
import { Embedding } from "../nn/embedding";
import { Linear } from "../nn/linear";
import type { Module } from "../nn/module";

/** A layer that y = x Wᵀ + b describes. */
export type LinearLayer = Linear | Conv1D;

/** What adapters can stand beside. */
export type AdaptableLayer = LinearLayer | Embedding;

export function isLinearLayer(module: Module): module is LinearLayer {
  return module instanceof Linear || module instanceof Conv1D;
}

export function isAdaptable(module: Module): module is AdaptableLayer {
  return isLinearLayer(module) || module instanceof Embedding;
}

/** Sizes of one input and one output; an embedding's input is one of `inFeatures` numbers. */
export function sizesOf(layer: AdaptableLayer): { inFeatures: number; outFeatures: number } {
  return layer instanceof Embedding ? { inFeatures: layer.count, outFeatures: layer.features } : layer;
}

/** The layer's bias; null where it has none. */
export function biasOf(layer: AdaptableLayer): Tensor | null {
  return layer instanceof Embedding ? null : (layer.bias?.value ?? null);
}

/** The layer's weight as [out, in], whichever way it lies; inside the caller's `tf.tidy`. */
export function weightOf(layer: AdaptableLayer): Tensor {
  return layer instanceof Linear ? layer.weight.value : tf.transpose(layer.weight.value);
}

/** Gives the layer a weight [out, in] and, where one is given, a bias. */
export function assignTo(layer: AdaptableLayer, weight: Tensor, bias: Tensor | null): void {
  tf.tidy(() => layer.weight.assign(layer instanceof Linear ? weight : tf.transpose(weight)));
  if (bias && !(layer instanceof Embedding)) layer.bias?.assign(bias);
}
