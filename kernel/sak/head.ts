import type { Grid } from "../contracts/geometry";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { BatchNorm } from "../tasks/dense/batch-norm";
import { resizeBilinear } from "../tasks/dense/resize";
import { mapsOf } from "./maps";

/** Sizes of a {@link SakHead}. */
export interface SakHeadOptions {
  /** Width of the features at every level. */
  features: number;
  /** Number of levels. */
  levels: number;
  /** Number of output channels. */
  outputs: number;
  /** Width between the convolutions; each level gets a quarter. Default: `features`. */
  width?: number;
}

/** Pixels of the picture for each cell of the head's convolutions. */
const STRIDE = 4;

/**
 * Head of a dense task (arXiv 2410.14633): a linear layer a level, all at a quarter of the picture's size, a 3 x 3
 * convolution with batch norm and GELU, a 1 x 1 convolution, resized to the picture. Initial values are PyTorch's.
 */
export class SakHead extends nn.Module {
  readonly projections: nn.Linear[];
  readonly conv: nn.Conv2d;
  readonly bn: BatchNorm;
  readonly classifier: nn.Conv2d;

  constructor({ features, levels, outputs, width = features }: SakHeadOptions) {
    super();
    this.projections = Array.from({ length: levels }, () => new nn.Linear(features, width / 4));
    this.conv = new nn.Conv2d(levels * (width / 4), width, { kernel: 3, padding: 1 });
    this.bn = new BatchNorm(width);
    this.classifier = new nn.Conv2d(width, outputs, { kernel: 1 });
  }

  /**
   * Predicts in every pixel.
   *
   * @param levels [B, N, features] each
   * @param grid rows and columns of the tokens
   * @param size height and width of the picture
   * @returns [B, outputs, height, width]
   */
  forward(levels: readonly Tensor[], grid: Grid, size: Grid): Tensor {
    const inner = size.map((side) => Math.ceil(side / STRIDE)) as [number, number];
    const maps = this.projections.map((project, i) => resizeBilinear(mapsOf(project.forward(levels[i]), grid), inner));
    const hidden = nn.gelu(this.bn.forward(this.conv.channelsLast(tf.concat(maps, 1))));
    return resizeBilinear(this.classifier.forward(tf.transpose(hidden, [0, 3, 1, 2])), size);
  }
}
