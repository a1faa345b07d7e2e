import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Prng } from "../../numeric/prng";
import { NnError } from "../error";
import { type Initializer, normal } from "../module/initializers";
import { Module } from "../module/module";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { Parameter } from "../module/parameter";
import { gatherRows } from "../operations/rows";

/** Options of an {@link Embedding}. */
export interface EmbeddingOptions {
  /** Initializer of the table. Default N(0, 1), as in PyTorch. */
  weightInit?: Initializer;
  /** Generator of the initial values. Default: the shared generator. */
  random?: Prng;
}

const OPTIONS: OptionNames<EmbeddingOptions> = { weightInit: true, random: true };

/** Table [count, features] indexed by whole numbers (`torch.nn.Embedding`). */
export class Embedding extends Module {
  readonly weight: Parameter;

  /** @throws NnError for an unknown option */
  constructor(
    readonly count: number,
    readonly features: number,
    options: EmbeddingOptions = {},
  ) {
    super();
    checkArguments("nn.Embedding", NnError, { count, features }, { count: "size", features: "size" });
    checkOptionNames("nn.Embedding", options, OPTIONS, NnError);
    const { weightInit = normal(), random } = options;
    this.weight = new Parameter([count, features], weightInit, random);
  }

  /**
   * Looks up rows.
   *
   * @param indices int32 [...]
   * @returns [..., features]
   * @throws NnError for an index out of range
   */
  forward(indices: Tensor): Tensor {
    if (indices.dtype !== "int32") throw new NnError("nn.Embedding", "indices must be int32", indices.dtype);
    checkIndices("nn.Embedding", indices, this.count);
    const rows = gatherRows(this.weight.value, tf.reshape(indices, [-1]));
    return tf.reshape(rows, [...indices.shape, this.features]);
  }
}

/** Checks indices, because tfjs answers one out of range with zeros or arbitrary values. */
export function checkIndices(fn: string, indices: Tensor, count: number, allowed?: number): void {
  for (const index of indices.dataSync())
    if (!(index >= 0 && index < count) && index !== allowed)
      throw new NnError(fn, `indices must lie in 0..${count - 1}`, index);
}
