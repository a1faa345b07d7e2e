import { checkArguments } from "../rules/arguments";
import { product } from "../numeric";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import type { FeatureLevel } from "../features/levels";
import { type FullSakConfig, type SakTeacher, streamOf } from "./config";
import { sharedRandom } from "../nn/module/random";
import { topMask } from "../nn/operations/top-mask";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { SakError } from "./error";

/** Initial weights of adapters, routers and aligners: truncated normal with standard deviation 0.02, biases 0. */
export const SAK_INIT: nn.LinearOptions = { weightInit: nn.truncatedNormal(0, 0.02), biasInit: nn.zeros };

/** Adapter x + s · up(GELU(down(x))) with a bottleneck of a quarter of the width and a learned s that starts at 1. */
export class SakAdapter extends nn.Module {
  readonly down: nn.Linear;
  readonly up: nn.Linear;
  readonly scale: nn.Parameter;

  constructor(readonly features: number) {
    super();
    checkArguments("sak.SakAdapter", SakError, { features }, { features: "size" });
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

nn.allowCapture(SakAdapter, { whole: true });

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
    this.streams = levels.map((level: FeatureLevel) => streamOf(level));
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

/** Options of a {@link SakRouter}. */
export interface SakRouterOptions {
  /** Noise on the logits in training. Default true. */
  noisyGating?: boolean;
  /** Number of experts that are kept for a picture; the others get exactly 0. Default null: all. */
  topK?: number | null;
}

const ROUTER_NAMES: OptionNames<SakRouterOptions> = { noisyGating: true, topK: true };

/** Smallest standard deviation of the noise. */
const LEAST_NOISE = 0.01;
/** Logit of an expert that is left out; its share is exactly 0. */
const OUT = -1e9;

/**
 * Router of one task at one level: weights of the stem and of each teacher's path for a picture, from the mean over the
 * stem's tokens (arXiv 2410.14633; noise as in arXiv 1701.06538).
 *
 *     logits = mean over tokens of fc2(GELU(norm(fc1(z)))),   w = softmax(clean + ε (softplus(noise) + 0.01))
 */
export class SakRouter extends nn.Module {
  readonly fc1: nn.Linear;
  readonly norm: nn.LayerNorm;
  fc2: nn.Linear;
  readonly noisyGating: boolean;
  topK: number | null;

  /** @throws SakError for an unknown option */
  constructor(
    readonly features: number,
    experts: number,
    options: SakRouterOptions = {},
  ) {
    super();
    checkArguments("sak.SakRouter", SakError, { features, experts }, { features: "size", experts: "size" });
    checkOptionNames("sak.SakRouter", options, ROUTER_NAMES, SakError);
    const { noisyGating = true, topK = null } = options;
    this.noisyGating = noisyGating;
    this.topK = topK;
    this.fc1 = new nn.Linear(features, features / 2, SAK_INIT);
    this.norm = new nn.LayerNorm(features / 2);
    this.fc2 = new nn.Linear(features / 2, (noisyGating ? 2 : 1) * experts, SAK_INIT);
  }

  /** Number of experts: the stem and every teacher. */
  get experts(): number {
    return this.fc2.outFeatures / (this.noisyGating ? 2 : 1);
  }

  /**
   * Returns the experts' weights for each picture: at least 0, with sum 1.
   *
   * @param z [B, N, C] tokens of the stem
   * @param open experts that take part. Default: all
   * @returns [B, experts]
   */
  forward(z: Tensor, open?: readonly boolean[]): Tensor {
    return this.weights(this.logits(z), open);
  }

  /**
   * Returns clean logits, then those of the noise where there are some.
   *
   * @param z [B, N, C]
   * @returns [B, experts] or [B, 2 · experts]
   */
  logits(z: Tensor): Tensor {
    // The mean goes before the last linear layer, which gives the same numbers for less work.
    const hidden = nn.gelu(this.norm.forward(this.fc1.forward(z)));
    return this.fc2.forward(tf.mean(hidden, 1));
  }

  /**
   * Returns weights from logits.
   *
   * @param logits as {@link SakRouter.logits} returns them
   * @param noise [B, experts] from a standard normal distribution. Default: drawn in training, 0 in evaluation
   */
  weights(logits: Tensor, open?: readonly boolean[], noise?: Tensor): Tensor {
    const noisy = this.disturbed(logits, noise);
    const allowed = open?.includes(false) ? tf.add(noisy, closing(open)) : noisy;
    const kept = this.topK === null ? allowed : tf.add(allowed, leavingOut(allowed, this.topK));
    return tf.softmax(kept);
  }

  private disturbed(logits: Tensor, noise?: Tensor): Tensor {
    if (!this.noisyGating) return logits;
    const [clean, spread] = tf.split(logits, 2, -1);
    const drawn = noise ?? (this.training ? normal(clean.shape) : null);
    return drawn ? tf.add(clean, tf.mul(drawn, tf.add(tf.softplus(spread), LEAST_NOISE))) : clean;
  }
}

/** Draws standard normal numbers from the host's generator, so that a resumed training draws the same. */
function normal(shape: number[]): Tensor {
  const random = sharedRandom();
  const size = product(shape);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  );
}

const closing = (open: readonly boolean[]): Tensor =>
  tf.tensor(
    open.map((isOpen) => (isOpen ? 0 : OUT)),
    [1, open.length],
  );

/** Returns 0 for the `count` largest logits of each row, the first of equal ones, and OUT for the others. */
function leavingOut(logits: Tensor, count: number): Tensor {
  const operation = tf.customGrad((logits) => ({
    value: tf.mul(tf.sub(1, topMask(logits as Tensor, count)), OUT),
    gradFunc: (dy: Tensor) => tf.zerosLike(dy),
  }));
  return operation(logits);
}
