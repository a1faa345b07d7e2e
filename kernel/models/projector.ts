import { checkArguments } from "../rules/arguments";
import type { Grid } from "../contracts/geometry";
import type { Tensor } from "../backend/tensor";
import * as nn from "../nn";
import { checkOptionNames } from "../rules/option-names";
import { mergeTokens } from "./connector";
import { ModelError } from "./error";
import { isWhole } from "../rules/rule-error";

/** Options of a {@link Projector}. */
export interface ProjectorOptions {
  /** Side of the square of neighbouring tokens that become one, with concatenated features. Default 1. */
  merge?: number;
  /** Layer norm of the merged tokens before the first layer. Default false. */
  norm?: boolean;
}

/**
 * Linear → GELU → Linear from an encoder's tokens into a language model's space, as LLaVA-1.5's `mlp2x_gelu` (arXiv
 * 2310.03744). `merge` 2 first makes a quarter of the tokens, four times as wide (arXiv 2404.16821).
 */
export class Projector extends nn.Module {
  readonly norm: nn.LayerNorm | null;
  readonly fc1: nn.Linear;
  readonly fc2: nn.Linear;
  readonly merge: number;

  /** @throws ModelError for an unknown option, or a `merge` that is no whole number above 0 */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: ProjectorOptions = {},
  ) {
    super();
    checkArguments(
      "models.Projector",
      ModelError,
      { inFeatures, outFeatures },
      { inFeatures: "size", outFeatures: "size" },
    );
    checkOptionNames("models.Projector", options, { merge: true, norm: true }, ModelError);
    const { merge = 1, norm = false } = options;
    if (!isWhole(merge)) throw new ModelError("models.Projector", "merge must be a whole number of at least 1", merge);
    this.merge = merge;
    this.norm = norm ? new nn.LayerNorm(inFeatures * merge ** 2) : null;
    this.fc1 = new nn.Linear(inFeatures * merge ** 2, outFeatures);
    this.fc2 = new nn.Linear(outFeatures, outFeatures);
  }

  /**
   * Projects tokens.
   *
   * @param x [B, H · W, in]
   * @param grid [H, W]
   * @returns [B, H · W / merge², out]
   */
  forward(x: Tensor, grid: Grid): Tensor {
    const merged = mergeTokens(x, grid, this.merge, "models.Projector");
    return this.fc2.forward(nn.gelu(this.fc1.forward(this.norm?.forward(merged) ?? merged)));
  }
}
