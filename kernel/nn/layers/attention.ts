import { checkArguments } from "../../rules/arguments";
import { allowCapture } from "../module/captured";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { Dropout } from "./dropout";
import { fused } from "../../backend/fused";
import { NnError } from "../error";
import { fusedOperation } from "../operations/fused";
import { Linear } from "./linear";
import { Module } from "../module/module";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { isWhole } from "../../rules/rule-error";

/** Options of an {@link Attention}. */
export interface AttentionOptions {
  /** Number of query heads. */
  heads: number;
  /** Number of key and value heads; groups of query heads share them (arXiv 2305.13245). Default `heads`. */
  keyValueHeads?: number;
  /** Features of the context tokens. Default: those of the queries. */
  contextFeatures?: number;
  /** Features of one head. Default features / heads. */
  headFeatures?: number;
  /** Biases in the four projections. Default true. */
  bias?: boolean;
  /** Token i attends only to tokens 0..i. Default false. */
  causal?: boolean;
  /** Dropout on the attention weights. Default 0. */
  dropout?: number;
}

const OPTIONS: OptionNames<AttentionOptions> = {
  heads: true,
  keyValueHeads: true,
  contextFeatures: true,
  headFeatures: true,
  bias: true,
  causal: true,
  dropout: true,
};

/** Inputs of one call of an attention. */
export interface AttentionCall {
  /** Context tokens [B, M, contextFeatures]. Default: the queries. */
  context?: Tensor;
  /** Tokens [B, M, contextFeatures] that the values come from, where the keys have positions that values lack. Default: the context. */
  values?: Tensor;
  /** Mask [B, M], 1 for a token, 0 for padding. Default: no padding. */
  keyMask?: Tensor;
}

/**
 * Multi-head attention with projections `q_proj`, `k_proj`, `v_proj`, `out_proj` (arXiv 1706.03762):
 *
 *     out_proj(softmax(Q Kᵀ / √d + mask) V)
 *
 * A query whose keys are all masked gets the mean over all tokens instead of NaN.
 */
export class Attention extends Module {
  readonly qProj: Linear;
  readonly kProj: Linear;
  readonly vProj: Linear;
  readonly outProj: Linear;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headFeatures: number;
  readonly causal: boolean;
  private readonly dropout: Dropout;

  /** @throws NnError for an unknown option, features that the heads do not divide, and heads that the key and value heads do not divide */
  constructor(
    readonly features: number,
    options: AttentionOptions,
  ) {
    super();
    checkOptionNames("nn.Attention", options, OPTIONS, NnError);
    const { heads, keyValueHeads = heads, contextFeatures = features } = options;
    const { headFeatures = features / heads, bias = true, causal = false, dropout = 0 } = options;
    if (!isWhole(headFeatures))
      throw new NnError("nn.Attention", `features must be a multiple of heads (${heads})`, features);
    if (heads % keyValueHeads !== 0)
      throw new NnError("nn.Attention", `heads (${heads}) must be a multiple of keyValueHeads`, keyValueHeads);
    this.heads = heads;
    this.keyValueHeads = keyValueHeads;
    this.headFeatures = headFeatures;
    this.causal = causal;
    this.qProj = new Linear(features, heads * headFeatures, { bias });
    this.kProj = new Linear(contextFeatures, keyValueHeads * headFeatures, { bias });
    this.vProj = new Linear(contextFeatures, keyValueHeads * headFeatures, { bias });
    this.outProj = new Linear(heads * headFeatures, features, { bias });
    this.dropout = new Dropout(dropout);
  }

  /**
   * Applies the attention.
   *
   * @param x [B, N, features]
   * @returns [B, N, features]
   */
  forward(x: Tensor, { context = x, values = context, keyMask }: AttentionCall = {}): Tensor {
    const q = splitHeads(this.qProj.forward(x), this.heads);
    const k = splitHeads(this.kProj.forward(context), this.keyValueHeads);
    const v = splitHeads(this.vProj.forward(values), this.keyValueHeads);
    return this.outProj.forward(attend(q, k, v, { keyMask, causal: this.causal, dropout: this.dropout }));
  }
}

/** Reshapes [B, N, heads · d] to [B, heads, N, d]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  checkArguments("nn.splitHeads", NnError, { x }, { x: "tensor" });
  const [B, N, features] = x.shape;
  return tf.transpose(tf.reshape(x, [B, N, heads, features / heads]), [0, 2, 1, 3]);
}

/** Options of {@link attend}. */
export interface AttendOptions extends Pick<AttentionCall, "keyMask"> {
  /** Query i of N sees only keys 0..M - N + i. Default false. */
  causal?: boolean;
  /** Dropout on the attention weights. Default: none. */
  dropout?: Dropout;
}

const ATTEND: OptionNames<AttendOptions> = { causal: true, keyMask: true, dropout: true };

/**
 * Returns softmax(Q Kᵀ / √d + mask) V, with heads side by side.
 *
 * @param q [B, H, N, d]
 * @param k [B, G, M, d], G a divisor of H: each key and value head serves H / G consecutive query heads
 * @param v [B, G, M, d]
 * @returns [B, N, H · d]
 * @throws NnError for an unknown option
 */
export function attend(q: Tensor, k: Tensor, v: Tensor, options: AttendOptions = {}): Tensor {
  checkOptionNames("nn.attend", options, ATTEND, NnError);
  const { causal, keyMask, dropout } = options;
  const [B, H, N, d] = q.shape as [number, number, number, number];
  const M = k.shape[2] as number;
  const mask = maskOf([B, N, M], causal, keyMask);
  const kept = dropout?.factors([B, H, N, M]) ?? null;
  const y = fusedHeads(q, k, v, mask, kept) ?? heads(q, k, v, mask, kept);
  return tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [B, N, H * d]);
}

/** Returns the heads' results [B, H, N, d]; `mask` is added to the scores, `kept` multiplied with the weights. */
function heads(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null, kept: Tensor | null): Tensor {
  const [B, H, N, d] = q.shape;
  const [, G, M] = k.shape;
  const weights = weightsOf(q, k, mask);
  // [B · G, H / G · N, M]: the query heads of a group are stacked, so nothing is repeated.
  const grouped = tf.reshape(kept ? tf.mul(weights, kept) : weights, [B * G, -1, M]);
  return tf.reshape(tf.matMul(grouped, tf.reshape(v, [B * G, M, d])), [B, H, N, d]);
}

/** Returns the weights [B, H, N, M] of the keys for each query. */
function weightsOf(q: Tensor, k: Tensor, mask: Tensor | null): Tensor {
  const [B, H, N, d] = q.shape;
  const [, G, M] = k.shape;
  const scaled = tf.reshape(tf.mul(q, d ** -0.5), [B * G, -1, d]);
  const scores = tf.reshape(tf.matMul(scaled, tf.reshape(k, [B * G, M, d]), false, true), [B, H, N, M]);
  return tf.softmax(mask ? tf.add(scores, mask) : scores);
}

/**
 * Returns the weights softmax(Q Kᵀ / √d + mask) that {@link attend} applies to the values.
 *
 * @param q [B, H, N, d]
 * @param k [B, G, M, d]
 * @returns [B, H, N, M]
 */
export function attentionWeights(
  q: Tensor,
  k: Tensor,
  { causal, keyMask }: Omit<AttendOptions, "dropout"> = {},
): Tensor {
  const [B, , N] = q.shape as [number, number, number, number];
  return weightsOf(q, k, maskOf([B, N, k.shape[2] as number], causal, keyMask));
}

function fusedHeads(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null, kept: Tensor | null): Tensor | null {
  const extras = [mask, kept].filter((one) => one !== null);
  const attrs = { hasMask: mask ? 1 : 0, hasKept: kept ? 1 : 0 };
  return fusedOperation({
    name: "attend",
    inputs: { q, k, v },
    extras,
    attrs,
    saved: (y) => [q, k, v, y, ...extras],
    gradients: (dy, [q, k, v, y, ...extras]) => {
      const formula = tf.grads((q, k, v) =>
        heads(q, k, v, mask ? extras[0] : null, kept ? extras[extras.length - 1] : null),
      );
      const all = fused("attend/all", [q, k, v, y, dy, ...extras], attrs) ?? formula([q, k, v], dy);
      return { q: () => all[0], k: () => all[1], v: () => all[2] };
    },
  });
}

/** Returns the mask to add to scores [B, H, N, M]; null where every token sees all. */
function maskOf(
  [B, N, M]: readonly [number, number, number],
  causal: boolean | undefined,
  keyMask: Tensor | undefined,
): Tensor | null {
  const triangle = causal ? causalMask(N, M) : null;
  if (!keyMask) return triangle;
  if (keyMask.shape.join() !== `${B},${M}`)
    throw new NnError("nn.Attention", `keyMask must be [${B}, ${M}]`, keyMask.shape);
  const hidden = tf.reshape(tf.mul(tf.sub(1, tf.cast(keyMask, "float32")), HIDDEN), [B, 1, 1, M]);
  return triangle ? tf.add(triangle, hidden) : hidden;
}

/** Finite mask value, so that a row without any token does not become NaN. */
const HIDDEN = -1e9;

/** Returns the mask [N, M]: 0 where token i of the last N of M may see token j, {@link HIDDEN} elsewhere. */
function causalMask(N: number, M: number): Tensor {
  const mask = new Float32Array(N * M);
  for (let i = 0; i < N; i++) mask.fill(HIDDEN, i * M + M - N + i + 1, (i + 1) * M);
  return tf.tensor(mask, [N, M]);
}

allowCapture(Attention, {
  recipe: ({ heads, keyValueHeads, headFeatures, causal }) => [heads, keyValueHeads, headFeatures, causal].join(" "),
});
