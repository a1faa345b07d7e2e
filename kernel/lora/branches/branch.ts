import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { kaimingUniform, normal, zeros } from "../../nn/initializers";
import { Linear } from "../../nn/linear";
import { Module } from "../../nn/module";
import type { Prng } from "../../prng";
import type { AdapterConfig } from "../config";
import { dropout } from "../../nn/dropout";

/** One adapter on one layer; its parameters have PEFT's names below the layer's. */
export abstract class Branch extends Module {
  protected constructor(
    readonly r: number,
    readonly scaling: number,
    readonly rate: number,
  ) {
    super();
  }

  /**
   * Adds the adapter's part.
   *
   * @param x the layer's input; rows [N, in] of a linear layer, numbers of an embedding
   * @param result what layer and earlier adapters gave, [N, out]
   */
  abstract apply(x: Tensor, result: Tensor): Tensor;

  /**
   * A weight [out, in] with the adapter in it, from the weight with the earlier ones; inside the caller's `tf.tidy`.
   * Called only where `mergeRefusal` has nothing to say.
   */
  abstract merged(weight: Tensor): Tensor;

  /** What merging adds to the layer's bias, [out]; null for nothing. */
  mergedBias(): Tensor | null {
    return null;
  }

  protected get drops(): boolean {
    return this.training && this.rate > 0;
  }

  protected dropped(x: Tensor): Tensor {
    return this.drops ? dropout(x, this.rate) : x;
  }
}

/** A branch whose units are opened by its input: Dual-LoRA's gate, a mixture's router. */
export interface GatedBranch extends Branch {
  /** Units of the skill space, or experts. */
  readonly units: number;
  /** A unit counts as active above this opening. */
  readonly activeAbove: number;
  /** Sees the openings [N, units] of every forward pass. */
  watch: ((open: Tensor) => void) | null;
}

/** A matrix [rows, columns] of a branch, stored as `<name>.weight`. */
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

/** x Wᵀ of two matrices. */
export function product(x: Tensor, weight: Tensor): Tensor {
  return tf.matMul(x as never, weight as never, false, true);
}

/** s B u for rows u [N, r]: the scaling goes to the narrow side. */
export function widened(u: Tensor, b: Linear, scaling: number): Tensor {
  return product(scaling === 1 ? u : tf.mul(u, scaling), b.weight.value);
}

/** s B A, [out, in]. */
export function update(a: Linear, b: Linear, scaling: number): Tensor {
  return tf.mul(tf.matMul(b.weight.value as never, a.weight.value as never), scaling);
}
