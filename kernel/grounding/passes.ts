import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Grid } from "../contracts/geometry";
import * as nn from "../nn";
import type { BoxPredictions } from "../tasks/boxes/loss";
import type { FullGroundingHeadConfig } from "./config";
import { type BoxHeads, chain, type QueryDecoder } from "./layers";
import { legacyMaxPool, maskedMaxPool } from "./pool";
import { gridPositions, textPositions } from "./positions";

// A pass is a part of a head's computation over the head's own layers. It returns one tensor, so that the device `native` runs it as
// one graph: at the size of one phrase, calling an operation takes longer than computing it.

/** Makes queries of a phrase: the generator's output, the pooled words and the learned start, added. */
export class QueryPass extends nn.Module {
  constructor(
    readonly textProj: nn.Linear,
    readonly generator: QueryDecoder,
    readonly start: nn.Parameter,
    readonly config: Pick<FullGroundingHeadConfig, "legacyTextPosition" | "legacyTextPool">,
  ) {
    super();
  }

  /** @returns [B, Q, C] of words [B, L, inputDim] and their mask [B, L] */
  forward({ text, mask }: { text: Tensor; mask: Tensor }): Tensor {
    const { legacyTextPosition, legacyTextPool } = this.config;
    const [B, L] = text.shape as [number, number, number];
    const [Q, C] = this.start.shape;
    const words = this.textProj.forward(text);
    const start = tf.tile(tf.expandDims(this.start.value as Tensor, 0), [B, 1, 1]);
    const memory = { tokens: words, positions: textPositions(L, C, legacyTextPosition), mask };
    const pooled = legacyTextPool ? legacyMaxPool(words, mask) : maskedMaxPool(words, mask);
    return tf.addN([this.generator.last(start, memory), tf.tile(pooled, [1, Q, 1]), start]);
  }
}

/** Predicts by the token branch: one linear layer behind the object token and the queries. */
export class TokenPass extends nn.Module {
  constructor(
    readonly objectProj: nn.Linear,
    readonly mlp: readonly nn.Linear[],
    readonly heads: BoxHeads,
  ) {
    super();
  }

  /** @returns predictions [B, Q, 6] of the object token [B, inputDim] and queries [B, Q, C] */
  forward({ object, queries }: { object: Tensor; queries: Tensor }): Tensor {
    const projected = tf.expandDims(this.objectProj.forward(object), 1);
    return joined(this.heads.predict(chain(this.mlp, tf.add(projected, queries))));
  }
}

/** Predicts by every layer of the decoder. */
export class DecoderPass extends nn.Module {
  constructor(
    readonly decoder: QueryDecoder,
    readonly heads: BoxHeads,
  ) {
    super();
  }

  /** @returns predictions [B, layers · Q, 6] of projected patches [B, rows · columns, C] and queries [B, Q, C] */
  forward({ tokens, queries, grid }: { tokens: Tensor; queries: Tensor; grid: Grid }): Tensor {
    const memory = { tokens, positions: gridPositions(grid, tokens.shape[2] as number) };
    return joined(this.heads.predict(tf.concat(this.decoder.forward(queries, memory), 1)));
  }
}

nn.allowCapture(QueryPass, {
  whole: true,
  recipe: ({ config: { legacyTextPosition, legacyTextPool } }) => `${legacyTextPosition} ${legacyTextPool}`,
});
nn.allowCapture(TokenPass, { whole: true });
nn.allowCapture(DecoderPass, { whole: true });

const joined = ({ logits, boxes }: BoxPredictions): Tensor => tf.concat([logits, boxes], 2);

/** Splits predictions [B, Q, 6] into logits and boxes. */
export function separated(predictions: Tensor): BoxPredictions {
  const [logits, boxes] = tf.split(predictions, [2, 4], 2);
  return { logits, boxes };
}
