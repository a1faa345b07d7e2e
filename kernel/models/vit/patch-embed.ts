import type { Grid } from "../../contracts/geometry";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import { Conv2d } from "../../nn/layers/conv2d";
import { windowGrid } from "../../nn/operations/unfold";
import { ModelError } from "../error";
import type { FullVitConfig, StemStep } from "./config";
import { drawnBy, makeNorm, type Norm } from "./layers";

/** Convolution with GELU, or two with a residual connection. */
export class ConvStep extends nn.Module {
  readonly conv: Conv2d;
  readonly conv2: Conv2d | null;

  /** @throws ModelError for a residual step that changes size or channels */
  constructor(inChannels: number, { channels, stride = 1, residual = false }: StemStep) {
    super();
    if (residual && (stride !== 1 || channels !== inChannels))
      throw new ModelError("models.VisionTransformer", "a residual step of the stem keeps size and channels", channels);
    this.conv = new Conv2d(inChannels, channels, { kernel: 3, stride, padding: 1 });
    this.conv2 = residual ? new Conv2d(channels, channels, { kernel: 3, padding: 1 }) : null;
  }

  /** @param x `[B, C, H, W]` @returns `[B, channels, H / stride, W / stride]` */
  forward(x: Tensor): Tensor {
    const first = nn.gelu(this.conv.forward(x));
    return this.conv2 ? nn.gelu(tf.add(x, this.conv2.forward(first))) : first;
  }
}

/** Patches of a picture as tokens, by a convolution, after those of the stem; with timm's names `proj` and `norm`. */
export class PatchEmbed extends nn.Module {
  readonly stem: ConvStep[];
  readonly proj: Conv2d;
  readonly norm: Norm | null;
  /** Grid of a picture of the configured size. */
  readonly gridSize: Grid;

  constructor(config: FullVitConfig) {
    super();
    const { patchSize: kernel, patchStride: stride, patchBias: bias, embedDim } = config;
    const widths = [config.inChans, ...config.stem.map(({ channels }) => channels)];
    this.stem = config.stem.map((step, i) => new ConvStep(widths[i], step));
    this.proj = new Conv2d(widths[widths.length - 1], embedDim, {
      kernel,
      stride,
      bias,
      weightInit: drawnBy(config, nn.kaimingUniform()),
    });
    this.norm = config.embedNorm ? makeNorm(config, embedDim) : null;
    this.gridSize = this.gridOf(config.imgSize);
  }

  /**
   * Returns rows and columns of the patches of a picture.
   *
   * @throws ModelError for a picture that patches do not cover
   */
  gridOf(size: readonly [height: number, width: number]): [rows: number, columns: number] {
    const sizes = [...this.stem.map(({ conv }) => conv), this.proj];
    const grid = sizes.reduce<readonly [number, number]>((at, conv) => this.cover(at, conv, size), size);
    return [grid[0], grid[1]];
  }

  private cover(at: readonly [number, number], conv: Conv2d, size: readonly number[]): [number, number] {
    const rest = at.map((side, i) => (side + 2 * conv.padding[i] - conv.kernel[i]) % conv.stride[i]);
    const covers = conv.padding[0] > 0 || rest.every((pixels) => pixels === 0);
    if (!covers || at.some((side, i) => side < conv.kernel[i])) {
      const rule = `a picture must hold whole patches of ${conv.kernel[0]} pixels, ${conv.stride[0]} apart`;
      throw new ModelError("models.VisionTransformer", rule, [...size]);
    }
    return windowGrid(at, conv);
  }

  /** @param x `[B, C, H, W]` @returns `[B, rows, columns, embedDim]` */
  forward(x: Tensor): Tensor {
    const picture = this.stem.reduce((x, step) => step.forward(x), x);
    const patches = this.proj.channelsLast(picture);
    return this.norm?.forward(patches) ?? patches;
  }
}
