import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { Conv1D } from "../nn/conv1d";
import { Linear } from "../nn/linear";
import type { Module } from "../nn/module";

/** A layer that y = x Wᵀ + b describes. */
export type LinearLayer = Linear | Conv1D;

export function isLinearLayer(module: Module): module is LinearLayer {
  return module instanceof Linear || module instanceof Conv1D;
}

/** The layer's weight as [out, in], whichever way it lies; inside the caller's `tf.tidy`. */
export function weightOf(layer: LinearLayer): Tensor {
  return layer instanceof Conv1D ? tf.transpose(layer.weight.value) : layer.weight.value;
}

/** Gives the layer a weight [out, in]. */
export function assignWeight(layer: LinearLayer, weight: Tensor): void {
  tf.tidy(() => layer.weight.assign(layer instanceof Conv1D ? tf.transpose(weight) : weight));
}
