import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { DeformableAttention, gridReferences, LayerNorm, Module } from "../nn";
import type { MatrixPicture } from "../picture";
import { VceError } from "./error";
import { levelPictures } from "./pictures";

/** Options of {@link Vce}. */
export interface VceOptions {
  /** Fused hidden states, by index as in `forwardIntermediates`. Default: the paper's for CLIP-L. */
  indices?: readonly number[];
  /** Level whose tokens are the queries and are enhanced, one of `indices`. Default: the first, the paper's -2. */
  anchor?: number;
  /** Number of heads. Default 16. */
  heads?: number;
  /** Places that each head samples in each level. Default 4. */
  points?: number;
  /** Keep a third norm that the release makes and never uses, so that its tensors load. Default false. */
  unusedNorm?: boolean;
}

const EPS = 1e-6;

/**
 * Visual Cue Enhancement (Jiao et al., arXiv 2411.12787). Every token of a high level samples fractional places of
 * several levels of the same frozen encoder and adds the result. The number of tokens stays the same.
 *
 *     x = S_anchor + output( Σ_l Σ_p w · value(LN_f(S_l)) at (cell + Δ) ),   Δ, w from LN_q(S_anchor)
 *
 * The module does not start as the identity, because the output projection is Xavier-uniform, as published. The paper's
 * anchor is the high level; its release takes the last of the list, which `anchor` can select.
 */
export class Vce extends Module {
  readonly normQuery: LayerNorm;
  readonly normFeature: LayerNorm;
  readonly norm: LayerNorm | null;
  readonly attn: DeformableAttention;
  readonly indices: readonly number[];
  readonly anchor: number;

  constructor(
    readonly features: number,
    { indices = [-2, -8, -14, -20], anchor = indices[0], heads = 16, points = 4, unusedNorm = false }: VceOptions = {},
  ) {
    super();
    if (!indices.length || new Set(indices).size < indices.length)
      throw new VceError("vce.Vce", "indices must name at least one level, each once", [...indices]);
    if (!indices.includes(anchor)) throw new VceError("vce.Vce", `anchor must be one of ${indices.join(", ")}`, anchor);
    this.indices = indices;
    this.anchor = anchor;
    this.normQuery = new LayerNorm(features, { eps: EPS });
    this.normFeature = new LayerNorm(features, { eps: EPS });
    this.norm = unusedNorm ? new LayerNorm(features, { eps: EPS }) : null;
    this.attn = new DeformableAttention(features, { heads, levels: indices.length, points });
  }

  /**
   * Enhances the anchor's tokens.
   *
   * @param levels [B, H · W, C] each, in the order of `indices`, without prefix tokens
   * @param grid rows and columns of the tokens, the same for every level
   * @returns [B, H · W, C]
   */
  forward(levels: readonly Tensor[], grid: readonly [rows: number, columns: number]): Tensor {
    this.check(levels, grid);
    const query = levels[this.indices.indexOf(this.anchor)];
    const values = this.normFeature.forward(tf.concat([...levels], 1));
    const found = this.attn.forward(this.normQuery.forward(query), {
      values,
      sizes: levels.map(() => grid),
      references: gridReferences(grid),
    });
    return tf.add(query, found);
  }

  /**
   * Returns each level's share of the attention, averaged over tokens, heads and images.
   *
   * @returns [levels], in the order of `indices`, summing to 1
   */
  levelWeights(levels: readonly Tensor[]): Tensor {
    return tf.tidy(() => tf.mean(this.tokenWeights(levels), [0, 1, 2]));
  }

  /**
   * Draws the same shares for a validation: levels against heads, and for each level a map over the grid of tokens,
   * averaged over images.
   *
   * @param levels [B, H · W, C] each, as in {@link forward}
   */
  async levelPictures(
    levels: readonly Tensor[],
    grid: readonly [rows: number, columns: number],
  ): Promise<MatrixPicture[]> {
    this.check(levels, grid);
    const [byHead, byToken] = tf.tidy(() => {
      const weights = this.tokenWeights(levels);
      return [tf.transpose(tf.mean(weights, [0, 1])), tf.transpose(tf.mean(weights, [0, 2]))];
    });
    try {
      return levelPictures(this.indices, grid, await byHead.data(), await byToken.data());
    } finally {
      tf.dispose([byHead, byToken]);
    }
  }

  /** Returns each level's share for every token and head, [B, H · W, heads, levels]. */
  private tokenWeights(levels: readonly Tensor[]): Tensor {
    const { heads, points } = this.attn;
    const query = this.normQuery.forward(levels[this.indices.indexOf(this.anchor)]);
    const scores = tf.reshape(this.attn.attentionWeights.forward(query), [-1, this.indices.length * points]);
    const [images, tokens] = query.shape;
    return tf.sum(tf.reshape(tf.softmax(scores), [images, tokens, heads, this.indices.length, points]), 4);
  }

  private check(levels: readonly Tensor[], [rows, columns]: readonly [number, number]): void {
    const fn = "vce.Vce.forward";
    if (levels.length !== this.indices.length)
      throw new VceError(fn, `there must be a level for each of ${this.indices.join(", ")}`, levels.length);
    const expected = [levels[0].shape[0], rows * columns, this.features].join(", ");
    for (const { shape } of levels) {
      if (shape.join(", ") !== expected) throw new VceError(fn, `every level must be [${expected}]`, shape);
    }
  }
}
