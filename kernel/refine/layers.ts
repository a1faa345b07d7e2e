import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { VisionTransformer } from "../models/vit/vit";
import type { Grid } from "../contracts/geometry";
import type { RefineEncoder } from "./config";
import { RefineError } from "./error";

/** Encoders whose levels are concatenated by channels; with one encoder and no chosen blocks, that encoder (SAILViT, arXiv 2507.01643). */
export class VisionHierarchy extends nn.Module {
  readonly encoders: VisionTransformer[];
  /** Channels of the concatenated tokens. */
  readonly features: number;
  private readonly indices: readonly (readonly number[] | undefined)[];

  /** @throws RefineError for a list of blocks without a block @throws ModelError for an invalid configuration */
  constructor(encoders: readonly RefineEncoder[]) {
    super();
    checkArguments("refine.VisionHierarchy", RefineError, { encoders }, { encoders: ["object"] });
    const empty = encoders.findIndex(({ indices }) => indices?.length === 0);
    if (empty >= 0) throw new RefineError("refine.RefineModel", `encoder ${empty} must name a block in indices`, []);
    this.encoders = encoders.map(({ vit }) => (vit instanceof VisionTransformer ? vit : new VisionTransformer(vit)));
    this.indices = encoders.map(({ indices }) => indices);
    this.features = this.encoders.reduce(
      (sum, { config }, i) => sum + config.embedDim * new Set(this.indices[i] ?? [0]).size,
      0,
    );
  }

  /**
   * Returns the tokens of the grid, without prefix tokens. A picture of another size than the configured one gets resampled positions.
   *
   * @param x [B, 3, H, W]
   * @returns [B, rows · columns, features]
   * @throws RefineError for encoders whose grids differ
   */
  forward(x: Tensor): Tensor {
    this.gridOf(x.shape as [number, number, number, number]);
    const levels = this.encoders.flatMap((encoder, i) => levelsOf(encoder, x, this.indices[i]));
    return levels.length === 1 ? levels[0] : tf.concat(levels, 2);
  }

  /**
   * Returns rows and columns for pictures of a shape.
   *
   * @param shape [B, 3, H, W]
   * @throws RefineError for encoders whose grids differ
   */
  gridOf([, , height, width]: readonly number[]): Grid {
    const grids = this.encoders.map(({ patchEmbed }) => patchEmbed.gridOf([height, width]));
    if (grids.some((grid) => `${grid}` !== `${grids[0]}`))
      throw new RefineError("refine.RefineModel", "encoders must have equal grids", grids.map(String));
    return grids[0];
  }
}

function levelsOf(encoder: VisionTransformer, x: Tensor, indices: readonly number[] | undefined): Tensor[] {
  if (indices)
    return encoder.forwardIntermediates(x, {
      indices: [...indices],
      outputFmt: "NLC",
      intermediatesOnly: true,
      stopEarly: true,
    }).intermediates;
  const tokens = encoder.forwardFeatures(x);
  const prefix = encoder.numPrefixTokens;
  if (prefix === 0) return [tokens];
  return [tf.split(tokens, [prefix, (tokens.shape[1] as number) - prefix], 1)[1]];
}
