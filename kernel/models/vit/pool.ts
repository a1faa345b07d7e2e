import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import type { FullVitConfig } from "./config";
import { drawnBy, makeLinear, makeNorm, type Norm } from "./layers";
import { VitMlp } from "./mlp";

/**
 * Attention of one learned query to all tokens, then a feed-forward layer (SigLIP's head, arXiv 2205.01917), with the names of
 * timm's `AttentionPoolLatent`.
 */
export class AttentionPool extends nn.Module {
  readonly latent: nn.Parameter;
  readonly q: nn.Linear;
  readonly kv: nn.Linear;
  readonly proj: nn.Linear;
  readonly norm: Norm;
  readonly mlp: VitMlp;
  private readonly heads: number;

  constructor(config: FullVitConfig) {
    super();
    const { embedDim: features } = config;
    this.heads = config.numHeads;
    this.latent = new nn.Parameter([1, 1, features], drawnBy(config, nn.truncatedNormal(0, features ** -0.5)));
    this.q = makeLinear(config, features, features, true);
    this.kv = makeLinear(config, features, 2 * features, true);
    this.proj = makeLinear(config, features, features, true);
    this.norm = makeNorm(config, features);
    this.mlp = new VitMlp({ ...config, projBias: true });
  }

  /** @param x `[B, N, features]` @returns `[B, features]` */
  forward(x: Tensor): Tensor {
    const [B, , features] = x.shape as [number, number, number];
    const query = tf.tile(this.q.forward(this.latent.value), [B, 1, 1]);
    const [k, v] = tf.split(this.kv.forward(x), 2, -1).map((part) => nn.splitHeads(part, this.heads));
    const pooled = this.proj.forward(nn.attend(nn.splitHeads(query, this.heads), k, v));
    const y = tf.add(pooled, this.mlp.forward(this.norm.forward(pooled)));
    return tf.reshape(y, [B, features]);
  }
}
