import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { type FullSakConfig, type SakLevel, type SakTeacher, streamOf } from "./config";

/** Initial weights of adapters, routers and aligners: truncated normal with standard deviation 0.02, biases 0. */
export const SAK_INIT: nn.LinearOptions = { weightInit: nn.truncatedNormal(0, 0.02), biasInit: nn.zeros };

/** Adapter x + s · up(GELU(down(x))) with a bottleneck of a quarter of the width and a learned s that starts at 1. */
export class SakAdapter extends nn.Module {
  readonly down: nn.Linear;
  readonly up: nn.Linear;
  readonly scale: nn.Parameter;

  constructor(readonly features: number) {
    super();
    this.down = new nn.Linear(features, features / 4, SAK_INIT);
    this.up = new nn.Linear(features / 4, features, SAK_INIT);
    this.scale = new nn.Parameter([1], nn.ones);
  }

  /** @param x `[..., features]` @returns `[..., features]` */
  forward(x: Tensor): Tensor {
    const change = this.up.forward(nn.gelu(this.down.forward(x)));
    return tf.add(x, tf.mul(change, this.scale.value));
  }
}

/**
 * Path of one teacher beside the stem (Lu et al., arXiv 2410.14633): a ladder of adapters, one norm a level, and linear
 * layers to the teacher's width where that differs.
 *
 *     r_0 = a_0(x_0),   r_{i+1} = a_{i+1}(r_i + x_{i+1})
 */
export class SakPath extends nn.Module {
  readonly adapters: SakAdapter[];
  readonly norms: nn.LayerNorm[];
  /** Linear layers from the student's width to the teacher's, one a level; empty where the widths are equal. */
  aligners: nn.Linear[];
  /** Width of the aligned features. */
  width: number;
  private readonly streams: readonly number[];

  constructor({ stem, levels }: Pick<FullSakConfig, "stem" | "levels">, { width }: Required<SakTeacher>) {
    super();
    const { embedDim, depth } = stem;
    this.width = width;
    this.streams = levels.map((level: SakLevel) => streamOf(level));
    this.adapters = Array.from({ length: depth + 1 }, () => new SakAdapter(embedDim));
    this.norms = levels.map(() => new nn.LayerNorm(embedDim));
    this.aligners = width === embedDim ? [] : levels.map(() => new nn.Linear(embedDim, width, SAK_INIT));
  }

  /**
   * Returns the path's features at each level.
   *
   * @param streams [B, N, C] each: patches before the first block, then after each block
   * @returns [B, N, C] each, one a level
   */
  forward(streams: readonly Tensor[]): Tensor[] {
    const rungs = this.climb(streams);
    return this.norms.map((norm, level) => norm.forward(rungs[this.streams[level]]));
  }

  /**
   * Returns features in the teacher's width, for distillation.
   *
   * @param features [B, N, C] each, as {@link forward} returns them
   * @returns [B, N, width] each
   */
  align(features: readonly Tensor[]): Tensor[] {
    return features.map((one, level) => this.aligners[level]?.forward(one) ?? one);
  }

  /** Frees the layers to the teacher's width. */
  dropAligners(): void {
    for (const aligner of this.aligners) aligner.dispose();
    this.aligners = [];
    this.width = this.norms[0].features;
  }

  /** Returns r_0 … r_L. */
  private climb(streams: readonly Tensor[]): Tensor[] {
    const rungs: Tensor[] = [];
    this.adapters.forEach((adapter, i) => {
      const input = i === 0 ? streams[0] : tf.add(rungs[i - 1], streams[i]);
      rungs.push(adapter.forward(input));
    });
    return rungs;
  }
}
