import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Grid } from "../../contracts/geometry";
import { gelu } from "../../nn/layers/activations";
import { Conv2d } from "../../nn/layers/conv2d";
import { Linear } from "../../nn/layers/linear";
import { Module } from "../../nn/module/module";
import type { Prng } from "../../numeric/prng";
import { TaskError } from "../error";
import { BatchNorm } from "./batch-norm";
import { mapsOf } from "./maps";
import { resizeBilinear, resizeTokens } from "./resize";
import { isWhole } from "../../rules/rule-error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Options of a {@link DenseHead}. */
export interface DenseHeadOptions {
  /** Channels of the features at every level. */
  channels: number;
  /** Channels of the prediction. */
  outputs: number;
  /** Number of levels. Default 4. */
  levels?: number;
  /** Width between the convolutions, a multiple of 4; each level gets a quarter. Default: `channels`. */
  width?: number;
  /** Factor between the picture and the grid on which levels are joined. Default 4. */
  stride?: number;
  /** Generator of the initial values. Default: the shared generator. */
  random?: Prng;
}

const FN = "tasks.dense.DenseHead";
const NAMES: OptionNames<DenseHeadOptions> = {
  channels: true,
  outputs: true,
  levels: true,
  width: true,
  stride: true,
  random: true,
};

/**
 * Head of a dense task on several levels of features (arXiv 2410.14633, appendix): a linear layer C → width / 4 each, joined at a quarter
 * of the picture's size, a 3 x 3 convolution with batch norm and GELU, a 1 x 1 convolution, and bilinear resizing to
 * the picture's size. Initial values are PyTorch's.
 */
export class DenseHead extends Module {
  readonly projections: Linear[];
  readonly conv: Conv2d;
  readonly bn: BatchNorm;
  readonly classifier: Conv2d;
  private readonly stride: number;

  /** @throws TaskError for an unknown option, a width that is no multiple of 4, or no outputs */
  constructor(options: DenseHeadOptions) {
    super();
    checkOptionNames(FN, options, NAMES, TaskError);
    const { channels, outputs, levels = 4, width = channels, stride = 4, random } = options;
    const each = width / 4;
    if (!isWhole(each)) throw new TaskError(FN, "width must be a multiple of 4", width);
    if (!isWhole(levels)) throw new TaskError(FN, "levels must be a whole number of at least 1", levels);
    if (!isWhole(outputs)) throw new TaskError(FN, "outputs must be a whole number of at least 1", outputs);
    this.stride = stride;
    this.projections = Array.from({ length: levels }, () => new Linear(channels, each, { random }));
    this.conv = new Conv2d(levels * each, width, { kernel: 3, padding: 1, random });
    this.bn = new BatchNorm(width);
    this.classifier = new Conv2d(width, outputs, { kernel: 1, random });
  }

  /**
   * Predicts a map.
   *
   * @param features of each level, [B, rows · columns, C] in raster order
   * @param grid rows and columns of the features
   * @param size height and width of the picture
   * @param outputSize height and width of the prediction, for labels that are coarser than the picture. Default: `size`
   * @returns [B, outputs, height, width], without activation
   * @throws TaskError for another number of levels, or features of another grid
   */
  forward(
    features: readonly Tensor[],
    grid: Grid,
    size: readonly [height: number, width: number],
    outputSize = size,
  ): Tensor {
    if (features.length !== this.projections.length)
      throw new TaskError(FN, `features must be of ${this.projections.length} levels`, features.length);
    const small = [Math.ceil(size[0] / this.stride), Math.ceil(size[1] / this.stride)] as const;
    // Levels are joined on their own grid, since resizing treats every channel alike.
    const joined = tf.concat(
      features.map((level, i) => this.project(level, i, grid)),
      2,
    );
    const maps = mapsOf(resizeTokens(joined, grid, small), small);
    const hidden = gelu(this.bn.forward(this.conv.channelsLast(maps)));
    const logits = this.classifier.forward(tf.transpose(hidden, [0, 3, 1, 2]));
    return resizeBilinear(logits, outputSize);
  }

  private project(level: Tensor, i: number, [rows, columns]: Grid): Tensor {
    const [, tokens] = level.shape;
    if (level.shape.length !== 3 || tokens !== rows * columns)
      throw new TaskError(FN, `features must be [B, ${rows * columns}, C]`, level.shape);
    return this.projections[i].forward(level);
  }
}
