import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { ModelError } from "./error";

/** Fields of a Llama `config.json` that determine the architecture. */
export interface LanguageModelConfig {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  rms_norm_eps: number;
  rope_theta: number;
}

/** Causal self-attention with rotary positions, named as in `transformers`. */
export class SelfAttention extends nn.Module {
  readonly qProj: nn.Linear;
  readonly kProj: nn.Linear;
  readonly vProj: nn.Linear;
  readonly oProj: nn.Linear;

  constructor(private readonly config: LanguageModelConfig) {
    super();
    const { hidden_size: features, num_attention_heads: heads, num_key_value_heads: shared } = config;
    const linear = (inFeatures: number, outFeatures: number): nn.Linear =>
      new nn.Linear(inFeatures, outFeatures, { bias: false });
    this.qProj = linear(features, features);
    this.kProj = linear(features, (features / heads) * shared);
    this.vProj = linear(features, (features / heads) * shared);
    this.oProj = linear(features, features);
  }

  /**
   * Applies the attention.
   *
   * @param x [B, N, hidden]
   */
  forward(x: Tensor, keyMask?: Tensor): Tensor {
    const { num_attention_heads: heads, num_key_value_heads: shared, rope_theta: theta } = this.config;
    const q = nn.rotary(nn.splitHeads(this.qProj.forward(x), heads), { theta });
    const k = nn.rotary(nn.splitHeads(this.kProj.forward(x), shared), { theta });
    const v = nn.splitHeads(this.vProj.forward(x), shared);
    return this.oProj.forward(nn.attend(q, k, v, { causal: true, keyMask }));
  }
}

/** One layer of the decoder: attention and SwiGLU, each behind its RMSNorm and added to its input. */
export class DecoderLayer extends nn.Module {
  readonly selfAttn: SelfAttention;
  readonly mlp: nn.SwiGlu;
  readonly inputLayernorm: nn.RMSNorm;
  readonly postAttentionLayernorm: nn.RMSNorm;

  constructor(config: LanguageModelConfig) {
    super();
    const { hidden_size: features, intermediate_size: hiddenFeatures, rms_norm_eps: eps } = config;
    this.selfAttn = new SelfAttention(config);
    this.mlp = new nn.SwiGlu(features, { hiddenFeatures });
    this.inputLayernorm = new nn.RMSNorm(features, { eps });
    this.postAttentionLayernorm = new nn.RMSNorm(features, { eps });
  }

  /** @param x `[B, T, hidden]` @param keyMask `[B, T]`, 0 for padding @returns `[B, T, hidden]` */
  forward(x: Tensor, keyMask?: Tensor): Tensor {
    const attended = tf.add(x, this.selfAttn.forward(this.inputLayernorm.forward(x), keyMask));
    return tf.add(attended, this.mlp.forward(this.postAttentionLayernorm.forward(attended)));
  }
}

/** The decoder without its head, under the names of transformers: words, layers, final norm. */
export class Decoder extends nn.Module {
  readonly embedTokens: nn.Embedding;
  readonly layers: DecoderLayer[];
  readonly norm: nn.RMSNorm;

  constructor(config: LanguageModelConfig) {
    super();
    this.embedTokens = new nn.Embedding(config.vocab_size, config.hidden_size);
    this.layers = Array.from({ length: config.num_hidden_layers }, () => new DecoderLayer(config));
    this.norm = new nn.RMSNorm(config.hidden_size, { eps: config.rms_norm_eps });
  }
}

/**
 * Causal language model of Llama's architecture with tied embeddings. Its parameters have the names of `transformers`'
 * `LlamaForCausalLM`, so that files and adapters can be exchanged.
 */
export class LanguageModel extends nn.Module {
  readonly model: Decoder;

  constructor(readonly config: LanguageModelConfig) {
    super();
    checkArguments("models.LanguageModel", ModelError, { config }, { config: "object" });
    checkConfig(config);
    this.model = new Decoder(config);
  }

  /**
   * Embeds words.
   *
   * @param ids int32 [B, N]
   * @returns [B, N, hidden]
   */
  embed(ids: Tensor): Tensor {
    return this.model.embedTokens.forward(ids);
  }

  /**
   * Returns the last hidden states after the final norm, [B, N, hidden].
   *
   * @param embeddings [B, N, hidden], of words or of anything projected into their space
   * @param keyMask [B, N], 0 for padding
   */
  forward(embeddings: Tensor, keyMask?: Tensor): Tensor {
    return this.model.norm.forward(this.model.layers.reduce((x, layer) => layer.forward(x, keyMask), embeddings));
  }

  /** Returns the logits of the next word from hidden states [M, hidden]: [M, vocabulary]. */
  logits(hidden: Tensor): Tensor {
    return nn.linear(hidden, this.model.embedTokens.weight.value);
  }
}

function checkConfig(config: LanguageModelConfig): void {
  const fn = "models.LanguageModel";
  for (const [key, value] of Object.entries(config)) {
    if (!(typeof value === "number" && value > 0)) throw new ModelError(fn, `${key} must be positive`, value);
  }
  const { hidden_size: features, num_attention_heads: heads } = config;
  if (features % heads !== 0)
    throw new ModelError(fn, `hidden_size must be a multiple of num_attention_heads (${heads})`, features);
}
