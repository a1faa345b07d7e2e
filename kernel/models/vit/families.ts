/**
 * Spelling of a vision transformer's tensors: timm's, that of one of transformers' models as it writes them, or that of AIMv2's
 * release.
 */
export type VitNames = "timm" | "vit" | "deit" | "dinov2" | "clip" | "siglip" | "aimv2" | "dinov3" | "aimv2-release";

/** Pairs of name parts, transformers' and timm's. The first that begins a name is replaced. */
export type Pairs = readonly (readonly [theirs: string, ours: string])[];

/** Names of one family of transformers. */
export interface Family {
  /** Prefix of files of models with a head, which is removed: `vit.`, `vision_model.`. */
  prefix: RegExp;
  /** Prefix that transformers writes. */
  written: string;
  /** Prefixes of a layer before its number; the first is written. */
  layers: readonly string[];
  /** Names outside layers. */
  outside: Pairs;
  /** Names inside a layer. */
  inside: Pairs;
  /** Names of query, key and value inside a layer; the first three are written. Empty where one tensor holds them. */
  qkv: readonly (readonly [query: string, key: string, value: string])[];
  /** Tensors without a place in the model: mask tokens and poolers. */
  ignored: RegExp;
}

const EMBEDDINGS: Pairs = [
  ["embeddings.cls_token", "cls_token"],
  ["embeddings.distillation_token", "dist_token"],
  ["embeddings.register_tokens", "reg_token"],
  ["embeddings.position_embeddings", "pos_embed"],
  ["embeddings.patch_embeddings.projection", "patch_embed.proj"],
  ["layernorm", "norm"],
  ["classifier", "head"],
];

const NESTED = ["attention.attention.query", "attention.attention.key", "attention.attention.value"] as const;
/** Names in the memory of transformers 5, which its files do not have. */
const MEMORY = ["attention.q_proj", "attention.k_proj", "attention.v_proj"] as const;
const PROJECTED = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"] as const;

const VIT: Family = {
  prefix: /^(vit|deit)\./,
  written: "",
  layers: ["encoder.layer.", "layers."],
  outside: EMBEDDINGS,
  inside: [
    ["attention.output.dense", "attn.proj"],
    ["intermediate.dense", "mlp.fc1"],
    ["output.dense", "mlp.fc2"],
    ["attention.o_proj", "attn.proj"],
    ["mlp", "mlp"],
    ["layernorm_before", "norm1"],
    ["layernorm_after", "norm2"],
  ],
  qkv: [NESTED, MEMORY],
  ignored: /^(pooler\.|embeddings\.mask_token$)/,
};

const TOWER: Pairs = [
  ["embeddings.class_embedding", "cls_token"],
  ["embeddings.position_embedding.weight", "pos_embed"],
  ["embeddings.patch_embedding", "patch_embed.proj"],
  ["pre_layrnorm", "norm_pre"],
  ["post_layernorm", "norm"],
  ["visual_projection", "head"],
  ["head.probe", "attn_pool.latent"],
  ["head.attention.out_proj", "attn_pool.proj"],
  ["head.layernorm", "attn_pool.norm"],
  ["head.mlp", "attn_pool.mlp"],
];

const TOWER_LAYER: Pairs = [
  ["self_attn.out_proj", "attn.proj"],
  ["mlp", "mlp"],
  ["layer_norm1", "norm1"],
  ["layer_norm2", "norm2"],
];

const CLIP: Family = {
  prefix: /^vision_model\./,
  written: "vision_model.",
  layers: ["encoder.layers."],
  outside: TOWER,
  inside: TOWER_LAYER,
  qkv: [PROJECTED],
  ignored: /^(text_model\.|text_projection\.|logit_scale$|logit_bias$|embeddings\.position_ids$|text_embeds)/,
};

/** Every family of transformers that is read and written. */
export const FAMILIES: Readonly<Record<Exclude<VitNames, "timm">, Family>> = {
  vit: VIT,
  deit: VIT,
  dinov2: {
    ...VIT,
    prefix: /^(dinov2|dinov2_with_registers)\./,
    inside: [
      ["attention.output.dense", "attn.proj"],
      ["attention.o_proj", "attn.proj"],
      ["mlp.weights_in", "mlp.fc1"],
      ["mlp.weights_out", "mlp.fc2"],
      ["mlp", "mlp"],
      ["layer_scale1.lambda1", "ls1.gamma"],
      ["layer_scale2.lambda1", "ls2.gamma"],
      ["norm1", "norm1"],
      ["norm2", "norm2"],
    ],
  },
  clip: CLIP,
  siglip: { ...CLIP, written: "" },
  aimv2: {
    prefix: /^(vision_model|model)\./,
    written: "",
    layers: ["encoder.layers."],
    outside: [
      ["embeddings.patch_embed", "patch_embed.proj"],
      ["embeddings.rms_norm", "patch_embed.norm"],
      ["embeddings.position_embedding.weight", "pos_embed"],
      ["rms_norm", "norm"],
    ],
    inside: [
      ["attention.out_proj", "attn.proj"],
      ["ffn.gate_proj", "mlp.fc1_g"],
      ["ffn.up_proj", "mlp.fc1_x"],
      ["ffn.down_proj", "mlp.fc2"],
      ["rms_norm1", "norm1"],
      ["rms_norm2", "norm2"],
    ],
    qkv: [MEMORY],
    ignored: /^(head\.|text_model\.|text_projection\.|logit_scale$|embeddings\.position_ids$)/,
  },
  dinov3: {
    prefix: /^(dinov3_vit|model)\./,
    written: "",
    layers: ["layer.", "model.layer."],
    outside: [
      ["embeddings.cls_token", "cls_token"],
      ["embeddings.register_tokens", "reg_token"],
      ["embeddings.patch_embeddings", "patch_embed.proj"],
      ["norm", "norm"],
    ],
    inside: [
      ["attention.o_proj", "attn.proj"],
      ["mlp.up_proj", "mlp.fc1"],
      ["mlp.down_proj", "mlp.fc2"],
      ["layer_scale1.lambda1", "ls1.gamma"],
      ["layer_scale2.lambda1", "ls2.gamma"],
      ["norm1", "norm1"],
      ["norm2", "norm2"],
    ],
    qkv: [MEMORY],
    ignored: /^embeddings\.mask_token$/,
  },
  "aimv2-release": {
    prefix: /^(?!)/,
    written: "",
    layers: ["trunk.blocks."],
    outside: [
      ["preprocessor.patchifier.proj", "patch_embed.proj"],
      ["preprocessor.patchifier.norm", "patch_embed.norm"],
      ["preprocessor.pos_embed", "pos_embed"],
      ["trunk.post_trunk_norm", "norm"],
    ],
    inside: [
      ["attn", "attn"],
      ["mlp.fc1", "mlp.fc1_g"],
      ["mlp.fc3", "mlp.fc1_x"],
      ["mlp.fc2", "mlp.fc2"],
      ["norm_1", "norm1"],
      ["norm_2", "norm2"],
    ],
    qkv: [],
    ignored: /^head\./,
  },
};

/** Names that only one spelling has. The first that is found decides. */
const MARKS: readonly (readonly [RegExp, VitNames])[] = [
  [/^preprocessor\.patchifier\./, "aimv2-release"],
  [/(^|\.)embeddings\.rms_norm\./, "aimv2"],
  [/(^|\.)embeddings\.class_embedding$/, "clip"],
  [/(^|\.)embeddings\.patch_embedding\./, "siglip"],
  [/(^|\.)embeddings\.patch_embeddings\.weight$/, "dinov3"],
  [/(^|\.)embeddings\.distillation_token$/, "deit"],
  [/(^|\.)layer_scale1\.lambda1$/, "dinov2"],
  [/(^|\.)embeddings\.patch_embeddings\.projection\./, "vit"],
  [/^patch_embed\.proj\./, "timm"],
];

/** Returns the spelling of a file by the names in it; null where none is known. */
export function namesOf(names: Iterable<string>): VitNames | null {
  const all = [...names];
  return MARKS.find(([mark]) => all.some((name) => mark.test(name)))?.[1] ?? null;
}
