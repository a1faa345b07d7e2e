import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { kaimingUniform, normal, zeros } from "../../nn/module/initializers";
import { Linear } from "../../nn/layers/linear";
import { Module } from "../../nn/module/module";
import type { Prng } from "../../numeric/prng";
import type { AdapterConfig } from "../config";
import { dropout } from "../../nn/layers/dropout";

/** One adapter on one layer. Its parameters have PEFT's names below the layer's name. */
export abstract class Branch extends Module {
  protected constructor(
    readonly r: number,
    readonly scaling: number,
    readonly rate: number,
  ) {
    super();
  }

  /**
   * Adds the adapter's update.
   *
   * @param x the layer's input: rows [N, in] of a linear layer, token numbers of an embedding
   * @param result output [N, out] of the layer and the earlier adapters
   */
  abstract apply(x: Tensor, result: Tensor): Tensor;

  /**
   * Returns the weight [out, in] with this adapter, given the weight with the earlier ones; runs inside the caller's
   * `tf.tidy`. Called only where `mergeRefusal` returns null.
   */
  abstract merged(weight: Tensor): Tensor;

  /** Returns the addition to the layer's bias when merged, [out]; null for none. */
  mergedBias(): Tensor | null {
    return null;
  }

  /** Settings that {@link apply} depends on beside its arguments and parameters. */
  get recipe(): string {
    return [this.scaling, this.rate, this.training].join(" ");
  }

  protected get drops(): boolean {
    return this.training && this.rate > 0;
  }

  protected dropped(x: Tensor): Tensor {
    return this.drops ? dropout(x, this.rate) : x;
  }
}

/** Branch whose units are opened by its input: Dual-LoRA's gate, or a mixture's router. */
export interface GatedBranch extends Branch {
  /** Number of units in the skill space, or of experts. */
  readonly units: number;
  /** A unit counts as active above this value. */
  readonly activeAbove: number;
  /** Observer of the openings [N, units] of every forward pass. */
  watch: ((open: Tensor) => void) | null;
}

/** Makes a matrix [rows, columns] of a branch, stored as `<name>.weight`. */
export function projection(
  columns: number,
  rows: number,
  init: "input" | "output",
  { initLoraWeights, random }: InitSetting,
  r = rows,
): Linear {
  const gaussian = initLoraWeights === "gaussian" && init === "input";
  const weightInit =
    init === "output" && initLoraWeights !== false ? zeros : gaussian ? normal(0, 1 / r) : kaimingUniform();
  return new Linear(columns, rows, { bias: false, weightInit, random });
}

export interface InitSetting {
  initLoraWeights: AdapterConfig["initLoraWeights"];
  random?: Prng;
}

/** Returns x Wᵀ of two matrices. */
export function product(x: Tensor, weight: Tensor): Tensor {
  return tf.matMul(x as never, weight as never, false, true);
}

/** Returns s B u for rows u [N, r]; the scaling applies on the narrow side. */
export function widened(u: Tensor, b: Linear, scaling: number): Tensor {
  return product(scaling === 1 ? u : tf.mul(u, scaling), b.weight.value);
}

/** Returns s B A, [out, in]. */
export function update(a: Linear, b: Linear, scaling: number): Tensor {
  return tf.mul(tf.matMul(b.weight.value as never, a.weight.value as never), scaling);
}
