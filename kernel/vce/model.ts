import { checkArguments } from "../rules/arguments";
import type { Grid } from "../contracts/geometry";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { gridReferences, LayerNorm, Module } from "../nn";
import { most } from "../numeric";
import type { MatrixPicture } from "../contracts/picture";
import { fullVceOptions, type VceOptions } from "./config";
import { VceError } from "./error";
import { LevelAttention } from "./layers";

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
  readonly attn: LevelAttention;
  readonly indices: readonly number[];
  readonly anchor: number;

  /**
   * @param features width of the levels' tokens
   * @throws VceError for invalid levels or an invalid anchor
   * @throws NnError unless `features` is a multiple of the number of heads
   */
  constructor(
    readonly features: number,
    options: VceOptions = {},
  ) {
    super();
    checkArguments("vce.Vce", VceError, { features }, { features: "size" });
    const { indices, anchor, heads, points, unusedNorm } = fullVceOptions(options);
    this.indices = indices;
    this.anchor = anchor;
    this.normQuery = new LayerNorm(features, { eps: EPS });
    this.normFeature = new LayerNorm(features, { eps: EPS });
    this.norm = unusedNorm ? new LayerNorm(features, { eps: EPS }) : null;
    this.attn = new LevelAttention(features, { heads, levels: indices.length, points });
  }

  /**
   * Enhances the anchor's tokens.
   *
   * @param levels [B, H · W, C] each, in the order of `indices`, without prefix tokens
   * @param grid rows and columns of the tokens, the same for every level
   * @returns [B, H · W, C]
   */
  forward(levels: readonly Tensor[], grid: Grid): Tensor {
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
  async levelPictures(levels: readonly Tensor[], grid: Grid): Promise<MatrixPicture[]> {
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
    return this.attn.shares(this.normQuery.forward(levels[this.indices.indexOf(this.anchor)]));
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

const NOTE = "Share of the attention that a level gets";

/**
 * Draws level weights: all levels against heads, then each level over the grid on one scale.
 *
 * @param byHead [levels, heads]
 * @param byToken [levels, H · W]
 */
export function levelPictures(
  indices: readonly number[],
  [rows, columns]: Grid,
  byHead: ArrayLike<number>,
  byToken: ArrayLike<number>,
): MatrixPicture[] {
  const heads = byHead.length / indices.length;
  const range = [0, Math.max(0, most(Array.from(byToken)))] as const;
  const maps = indices.map((index, level): MatrixPicture => ({
    title: `Level ${index} over the grid`,
    rows: numbered(rows),
    columns: numbered(columns),
    axes: ["row", "column"],
    range,
    values: Array.from({ length: rows * columns }, (_, token) => byToken[level * rows * columns + token]),
    note: NOTE,
  }));
  const levels = indices.map((index) => `level ${index}`);
  return [
    {
      title: "Levels by head",
      rows: levels,
      columns: numbered(heads),
      axes: ["level", "head"],
      values: byHead,
      note: NOTE,
    },
    ...maps,
  ];
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1));
