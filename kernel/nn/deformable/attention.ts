import { checkArguments } from "../../rules/arguments";
import type { Grid } from "../../contracts/geometry";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { deformableSample } from "./sampling";
import { NnError } from "../error";
import { type Initializer, xavierUniform, zeros } from "../module/initializers";
import { Linear } from "../layers/linear";
import { Module } from "../module/module";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Options of a {@link DeformableAttention}. */
export interface DeformableAttentionOptions {
  /** Number of heads. Default 8. */
  heads?: number;
  /** Number of levels. Default 4. */
  levels?: number;
  /** Sampled places per query, head and level. Default 4. */
  points?: number;
}

const OPTIONS: OptionNames<DeformableAttentionOptions> = { heads: true, levels: true, points: true };

/** Inputs of one call of a deformable attention. */
export interface DeformableCall {
  /** Tokens [B, S, features] of the levels, one level after the other, each row by row. */
  values: Tensor;
  /** Grid size of each level. */
  sizes: readonly Grid[];
  /** Position (x, y) of each query in [0, 1]: [B, N, 2] or, for all pictures, [1, N, 2]. See {@link gridReferences}. */
  references: Tensor;
}

/**
 * Multi-scale deformable attention (Zhu et al., arXiv 2010.04159) with the names of its release. Each query samples
 * `points` places of every level, at offsets and with weights computed from the query:
 *
 *     V = value_proj(values),  Δ = sampling_offsets(q),  w = softmax over levels and points of attention_weights(q)
 *     y = output_proj(Σ_l Σ_p w · V_l(reference + Δ / (width, height)_l))
 *
 * Initially the offsets form a ring, with head k at the angle 2πk / heads and point p at distance p + 1, and the
 * weights are uniform.
 */
export class DeformableAttention extends Module {
  readonly samplingOffsets: Linear;
  readonly attentionWeights: Linear;
  readonly valueProj: Linear;
  readonly outputProj: Linear;
  readonly heads: number;
  readonly levels: number;
  readonly points: number;

  /** @throws NnError for an unknown option, or features that the heads do not divide */
  constructor(
    readonly features: number,
    options: DeformableAttentionOptions = {},
  ) {
    super();
    checkArguments("nn.DeformableAttention", NnError, { features }, { features: "size" });
    checkOptionNames("nn.DeformableAttention", options, OPTIONS, NnError);
    const { heads = 8, levels = 4, points = 4 } = options;
    if (features % heads !== 0)
      throw new NnError("nn.DeformableAttention", `features must be a multiple of heads (${heads})`, features);
    this.heads = heads;
    this.levels = levels;
    this.points = points;
    const samples = heads * levels * points;
    const still = { weightInit: zeros, biasInit: zeros };
    this.samplingOffsets = new Linear(features, samples * 2, { ...still, biasInit: ring(heads, levels, points) });
    this.attentionWeights = new Linear(features, samples, still);
    const projection = { weightInit: xavierUniform(), biasInit: zeros };
    this.valueProj = new Linear(features, features, projection);
    this.outputProj = new Linear(features, features, projection);
  }

  /**
   * Applies the attention.
   *
   * @param query [B, N, features]
   * @returns [B, N, features]
   * @throws NnError for other levels, sizes or references than the module's
   */
  forward(query: Tensor, { values, sizes, references }: DeformableCall): Tensor {
    const [B, N] = query.shape;
    const { heads, levels, points } = this;
    if (sizes.length !== levels)
      throw new NnError("nn.DeformableAttention", `there must be ${levels} levels`, sizes.length);
    const split = tf.reshape(this.valueProj.forward(values), [B, -1, heads, this.features / heads]);
    const scores = tf.reshape(this.attentionWeights.forward(query), [B, N, heads, levels * points]);
    const weights = tf.reshape(tf.softmax(scores), [B, N, heads, levels, points]);
    const offsets = tf.reshape(this.samplingOffsets.forward(query), [B, N, heads, levels, points, 2]);
    const locations = this.locate(references, offsets, sizes);
    return this.outputProj.forward(deformableSample(split, sizes, locations, weights));
  }

  private locate(references: Tensor, offsets: Tensor, sizes: readonly Grid[]): Tensor {
    const [B, N] = offsets.shape;
    const { shape } = references;
    if (shape.length !== 3 || (shape[0] !== B && shape[0] !== 1) || shape[1] !== N || shape[2] !== 2)
      throw new NnError("nn.DeformableAttention", `references must be [${B} or 1, ${N}, 2]`, shape);
    const cells = tf.tensor(
      sizes.flatMap(([height, width]) => [width, height]),
      [1, 1, 1, this.levels, 1, 2],
    );
    return tf.add(tf.reshape(references, [shape[0], N, 1, 1, 1, 2]), tf.div(offsets, cells));
  }
}

/**
 * Returns the centres of a grid's cells as references, ((j + ½) / width, (i + ½) / height) row by row: [1, height ·
 * width, 2].
 */
export function gridReferences(grid: Grid): Tensor {
  checkArguments("nn.gridReferences", NnError, { grid }, { grid: "list" });
  const [height, width] = grid;
  const centers = Array.from({ length: height * width }, (_, token) => [
    ((token % width) + 0.5) / width,
    (Math.floor(token / width) + 0.5) / height,
  ]);
  return tf.tensor(centers.flat(), [1, height * width, 2]);
}

/** Initial offsets of the release, (cos θ, sin θ) / max(|cos θ|, |sin θ|) · (point + 1). */
const ring =
  (heads: number, levels: number, points: number): Initializer =>
  () => {
    const direction = (head: number): number[] => {
      const angle = (2 * Math.PI * head) / heads;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      return [x, y].map((part) => part / Math.max(Math.abs(x), Math.abs(y)));
    };
    const steps = Array.from({ length: levels * points }, (_, sample) => (sample % points) + 1);
    const ofHead = (head: number): number[] => steps.flatMap((step) => direction(head).map((part) => part * step));
    return new Float32Array(Array.from({ length: heads }, (_, head) => ofHead(head)).flat());
  };
