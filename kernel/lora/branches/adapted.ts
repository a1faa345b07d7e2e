import { checkArguments } from "../../rules/arguments";
import { LoraError } from "../error";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { Embedding } from "../../nn/layers/embedding";
import { allowCapture } from "../../nn/module/captured";
import { Module } from "../../nn/module/module";
import type { Parameter } from "../../nn/module/parameter";
import type { Branch } from "./branch";
import { type AdaptableLayer, assignTo, biasOf, sizesOf, weightOf } from "../layers";
import type { Selection } from "../selection";

/** Weight [out, in] and bias that include adapters, before the layer receives them. */
export interface MergedTensors {
  weight: Tensor;
  bias: Tensor | null;
}

/** Layer with adapters beside it. It takes the layer's place in the model; the layer itself is unchanged. */
export class AdaptedLayer extends Module {
  readonly adapters = new Map<string, Branch>();
  private original: MergedTensors | null = null;

  constructor(
    readonly base_layer: AdaptableLayer,
    private readonly selection: Selection,
  ) {
    super();
    checkArguments("lora.AdaptedLayer", LoraError, { base_layer }, { base_layer: "module" });
    this.train(base_layer.training);
  }

  get inFeatures(): number {
    return sizesOf(this.base_layer).inFeatures;
  }

  get outFeatures(): number {
    return sizesOf(this.base_layer).outFeatures;
  }

  /** Weight of the layer itself, for layers that are tied to it: an adapter of an embedding leaves the output layer as it is. */
  get weight(): Parameter {
    return this.base_layer.weight;
  }

  /** True while adapters are merged into the weight. */
  get isMerged(): boolean {
    return this.original !== null;
  }

  /** Names of the adapters that {@link forward} applies. */
  get applied(): string[] {
    return this.isMerged ? [] : this.selection.names.filter((name) => this.adapters.has(name));
  }

  /** @param x [..., in], or int32 [...] of an embedding @returns [..., out] */
  forward(x: Tensor): Tensor {
    const base = this.base_layer.forward(x);
    const { applied } = this;
    if (!applied.length) return base;
    const rows = tf.reshape(x, this.base_layer instanceof Embedding ? [-1] : [-1, this.inFeatures]);
    let result = tf.reshape(base, [-1, this.outFeatures]);
    for (const name of applied) result = this.branch(name).apply(rows, result);
    return tf.reshape(result, base.shape);
  }

  private branch(name: string): Branch {
    return this.adapters.get(name) as Branch;
  }

  /** Computes the merged tensors, which the caller disposes of; adapters absent from this layer are ignored. */
  mergedWith(names: readonly string[]): MergedTensors {
    const branches = names.flatMap((name) => this.adapters.get(name) ?? []);
    return tf.tidy(() => {
      const weight = branches.reduce((sum, branch) => branch.merged(sum), weightOf(this.base_layer));
      const biases = branches.flatMap((branch) => branch.mergedBias() ?? []);
      const bias = biases.reduce<Tensor | null>((sum, one) => sum && tf.add(sum, one), biasOf(this.base_layer));
      return { weight: tf.clone(weight), bias: biases.length && bias ? tf.clone(bias) : null } as never;
    });
  }

  /** Puts merged tensors into the layer and keeps the replaced ones. */
  merge({ weight, bias }: MergedTensors): void {
    const { base_layer: layer } = this;
    const old = biasOf(layer);
    // The clone shares its memory. Assigning gives the layer new memory, so the clone keeps the old bits.
    this.original = { weight: tf.keep(layer.weight.value.clone()), bias: old && tf.keep(old.clone()) };
    assignTo(layer, weight, bias);
  }

  /** Restores the exact bits of the layer before the merge. */
  unmerge(): void {
    if (!this.original) return;
    const { weight, bias } = this.original;
    this.base_layer.weight.assign(weight);
    if (bias && !(this.base_layer instanceof Embedding)) this.base_layer.bias?.assign(bias);
    this.forgetOriginal();
  }

  /** Makes a merge permanent. */
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

allowCapture(AdaptedLayer, { recipe: ({ applied }) => JSON.stringify(applied) });
