import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import type { FullVitConfig } from "./config";
import { makeLinear, makeNorm, type Norm } from "./layers";
import { makeMlp, type VitFeedForward } from "./mlp";
import { type RotaryTables, turn } from "./rotary";

/** Self-attention with one layer for query, key and value, with timm's names. */
export class VitAttention extends nn.Module {
  readonly qkv: nn.Linear;
  readonly qNorm: Norm | null;
  readonly kNorm: Norm | null;
  readonly proj: nn.Linear;
  readonly heads: number;
  private readonly attnDrop: nn.Dropout;
  private readonly drop: nn.Dropout;

  constructor(config: FullVitConfig) {
    super();
    const { embedDim, numHeads, qkvBias, projBias, qkNorm } = config;
    this.heads = numHeads;
    this.qkv = makeLinear(config, embedDim, 3 * embedDim, qkvBias);
    this.qNorm = qkNorm ? makeNorm(config, embedDim / numHeads) : null;
    this.kNorm = qkNorm ? makeNorm(config, embedDim / numHeads) : null;
    this.proj = makeLinear(config, embedDim, embedDim, projBias);
    this.attnDrop = new nn.Dropout(config.attnDropRate);
    this.drop = new nn.Dropout(config.projDropRate);
  }

  /** @param x `[B, N, embedDim]` @param rotary turns queries and keys of patches; default none @returns `[B, N, embedDim]` */
  forward(x: Tensor, rotary?: RotaryTables): Tensor {
    const [q, k, v] = tf.split(this.qkv.forward(x), 3, -1).map((part) => nn.splitHeads(part, this.heads));
    const [query, key] = [this.qNorm?.forward(q) ?? q, this.kNorm?.forward(k) ?? k];
    const [turnedQ, turnedK] = rotary ? [turn(query, rotary), turn(key, rotary)] : [query, key];
    return this.drop.forward(this.proj.forward(nn.attend(turnedQ, turnedK, v, { dropout: this.attnDrop })));
  }
}

/** Pre-norm block x + ls1(attn(norm1(x))), then x + ls2(mlp(norm2(x))), each with drop path in training. */
export class VitBlock extends nn.Module {
  readonly norm1: Norm;
  readonly attn: VitAttention;
  readonly ls1: nn.LayerScale | null;
  readonly norm2: Norm;
  readonly mlp: VitFeedForward;
  readonly ls2: nn.LayerScale | null;
  readonly dropPath: nn.DropPath;

  constructor(config: FullVitConfig, dropPathRate: number) {
    super();
    const scale = (): nn.LayerScale | null =>
      config.initValues === null ? null : new nn.LayerScale(config.embedDim, config.initValues);
    this.norm1 = makeNorm(config, config.embedDim);
    this.attn = new VitAttention(config);
    this.ls1 = scale();
    this.norm2 = makeNorm(config, config.embedDim);
    this.mlp = makeMlp(config);
    this.ls2 = scale();
    this.dropPath = new nn.DropPath(dropPathRate);
  }

  /** @param x `[B, N, embedDim]` @param rotary turns queries and keys of patches; default none @returns `[B, N, embedDim]` */
  forward(x: Tensor, rotary?: RotaryTables): Tensor {
    const attended = this.attn.forward(this.norm1.forward(x), rotary);
    const first = tf.add(x, this.dropPath.forward(this.ls1?.forward(attended) ?? attended));
    const computed = this.mlp.forward(this.norm2.forward(first));
    return tf.add(first, this.dropPath.forward(this.ls2?.forward(computed) ?? computed));
  }
}

nn.allowCapture(VitAttention, { recipe: ({ heads }) => String(heads) });
nn.allowCapture(VitBlock, { whole: true, shared: ["cos", "sin"] });
