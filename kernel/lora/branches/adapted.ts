import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { Embedding } from "../../nn/embedding";
import { Module } from "../../nn/module";
import type { Branch } from "./branch";
import { type AdaptableLayer, assignTo, biasOf, sizesOf, weightOf } from "../layers";
import type { Selection } from "../selection";

/** A weight [out, in] and bias with adapters in them, not yet the layer's. */
export interface MergedTensors {
  weight: Tensor;
  bias: Tensor | null;
}

/** A layer with adapters beside it; it stands in the layer's place, and the layer stays as it is. */
export class AdaptedLayer extends Module {
  readonly adapters = new Map<string, Branch>();
  private original: MergedTensors | null = null;

  constructor(
    readonly base_layer: AdaptableLayer,
    private readonly selection: Selection,
  ) {
    super();
    this.train(base_layer.training);
  }

  get inFeatures(): number {
    return sizesOf(this.base_layer).inFeatures;
  }

  get outFeatures(): number {
    return sizesOf(this.base_layer).outFeatures;
  }

  /** Whether adapters are in the weight now. */
  get isMerged(): boolean {
    return this.original !== null;
  }

  /** @param x [..., in], or int32 [...] of an embedding @returns [..., out] */
  forward(x: Tensor): Tensor {
    const base = this.base_layer.forward(x);
    const active = this.isMerged ? [] : this.selection.names.filter((name) => this.adapters.has(name));
    if (!active.length) return base;
    const rows = tf.reshape(x, this.base_layer instanceof Embedding ? [-1] : [-1, this.inFeatures]);
    let result = tf.reshape(base, [-1, this.outFeatures]);
    for (const name of active) result = this.branch(name).apply(rows, result);
    return tf.reshape(result, base.shape);
  }

  private branch(name: string): Branch {
    return this.adapters.get(name) as Branch;
  }

  /** Computes the merged tensors, which are the caller's; adapters that are not here do nothing. */
  mergedWith(names: readonly string[]): MergedTensors {
    const branches = names.flatMap((name) => this.adapters.get(name) ?? []);
    return tf.tidy(() => {
      const weight = branches.reduce((sum, branch) => branch.merged(sum), weightOf(this.base_layer));
      const biases = branches.flatMap((branch) => branch.mergedBias() ?? []);
      const bias = biases.reduce<Tensor | null>((sum, one) => sum && tf.add(sum, one), biasOf(this.base_layer));
      return { weight: tf.clone(weight), bias: biases.length && bias ? tf.clone(bias) : null } as never;
    });
  }

  /** Puts merged tensors into the layer and keeps what they replace. */
  merge({ weight, bias }: MergedTensors): void {
    const { base_layer: layer } = this;
    const old = biasOf(layer);
    // A clone shares the memory: assigning gives the layer other memory, and this one stays as it was.
    this.original = { weight: tf.keep(layer.weight.value.clone()), bias: old && tf.keep(old.clone()) };
    assignTo(layer, weight, bias);
  }

  /** Gives the layer back the very bits that it had. */
  unmerge(): void {
    if (!this.original) return;
    const { weight, bias } = this.original;
    this.base_layer.weight.assign(weight);
    if (bias && !(this.base_layer instanceof Embedding)) this.base_layer.bias?.assign(bias);
    this.forgetOriginal();
  }

  /** Makes a merge final. */
  forgetOriginal(): void {
    this.original?.weight.dispose();
    this.original?.bias?.dispose();
    this.original = null;
  }

  override dispose(): void {
    this.forgetOriginal();
    super.dispose();
  }
}
