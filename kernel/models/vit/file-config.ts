import { ModelError } from "../error";
import type { VitActivation, VitConfig } from "./config";
import { vitConfig } from "./presets";

type Json = Readonly<Record<string, unknown>>;

/** Activations by transformers' names. */
const ACTIVATIONS: Readonly<Record<string, VitActivation>> = {
  gelu: "gelu",
  gelu_pytorch_tanh: "gelu-tanh",
  gelu_new: "gelu-tanh",
  quick_gelu: "quick-gelu",
  silu: "silu",
  relu: "relu",
};

/**
 * Reads the `config.json` of timm (`architecture`, `model_args`) or of transformers (`model_type`).
 *
 * @throws ModelError for an architecture that is not computed here
 */
export function configOfFile(json: Json, fn: string): VitConfig {
  if (typeof json["architecture"] === "string") return timmConfig(json, fn);
  const vision = json["vision_config"];
  const own = typeof vision === "object" && vision !== null ? (vision as Json) : json;
  const kind = String(own["model_type"]);
  const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  if (!read) throw new ModelError(fn, `model_type must be ${Object.keys(READERS).join(", ")}`, own["model_type"]);
  return read(new Fields(own, fn));
}

/** timm's arguments by their names here. */
const TIMM_ARGUMENTS: Readonly<Record<string, keyof VitConfig>> = {
  img_size: "imgSize",
  patch_size: "patchSize",
  in_chans: "inChans",
  embed_dim: "embedDim",
  depth: "depth",
  num_heads: "numHeads",
  mlp_ratio: "mlpRatio",
  qkv_bias: "qkvBias",
  qk_norm: "qkNorm",
  proj_bias: "projBias",
  init_values: "initValues",
  class_token: "classToken",
  no_embed_class: "noEmbedClass",
  reg_tokens: "regTokens",
  pre_norm: "preNorm",
  final_norm: "finalNorm",
  fc_norm: "fcNorm",
  global_pool: "globalPool",
  drop_path_rate: "dropPathRate",
};

/** Arguments that change nothing in what is computed here. */
const TIMM_IGNORED = new Set(["dynamic_img_size", "num_classes", "weight_init", "pretrained_cfg", "features_only"]);

function timmConfig(json: Json, fn: string): VitConfig {
  const given = (json["model_args"] ?? {}) as Json;
  const pool = json["global_pool"] === undefined ? {} : { globalPool: json["global_pool"] };
  const overrides = Object.entries(given).flatMap(([name, value]) => {
    if (TIMM_IGNORED.has(name)) return [];
    if (!Object.hasOwn(TIMM_ARGUMENTS, name))
      throw new ModelError(fn, `model_args of timm that are read are ${Object.keys(TIMM_ARGUMENTS).join(", ")}`, name);
    return [[TIMM_ARGUMENTS[name], value] as const];
  });
  return vitConfig(String(json["architecture"]).split(".")[0], {
    ...pool,
    ...Object.fromEntries(overrides),
  } as VitConfig);
}

/** Typed access to the fields of a configuration. */
class Fields {
  constructor(
    private readonly json: Json,
    private readonly fn: string,
  ) {}

  number(name: string, absent: number): number {
    const value = this.json[name] ?? absent;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new ModelError(this.fn, `${name} must be a number`, value);
  }

  flag(name: string, absent: boolean): boolean {
    const value = this.json[name] ?? absent;
    if (typeof value === "boolean") return value;
    throw new ModelError(this.fn, `${name} must be true or false`, value);
  }

  activation(absent: string): VitActivation {
    const value = String(this.json["hidden_act"] ?? absent);
    if (Object.hasOwn(ACTIVATIONS, value)) return ACTIVATIONS[value];
    throw new ModelError(this.fn, `hidden_act must be ${Object.keys(ACTIVATIONS).join(", ")}`, value);
  }

  /** Sizes that every model has, with transformers' defaults. */
  sizes(eps: number, imgSize: number, patchSize = 16): VitConfig {
    return {
      imgSize: this.number("image_size", imgSize),
      patchSize: this.number("patch_size", patchSize),
      inChans: this.number("num_channels", 3),
      embedDim: this.number("hidden_size", 768),
      depth: this.number("num_hidden_layers", 12),
      numHeads: this.number("num_attention_heads", 12),
      hiddenDim: this.number("intermediate_size", 3072),
      normEps: this.number("layer_norm_eps", eps),
      actLayer: this.activation("gelu"),
      posResample: "bicubic",
    };
  }
}

const READERS: Readonly<Record<string, (fields: Fields) => VitConfig>> = {
  vit: (fields) => ({ ...fields.sizes(1e-12, 224), qkvBias: fields.flag("qkv_bias", true) }),
  deit: (fields) => ({ ...fields.sizes(1e-12, 224), qkvBias: fields.flag("qkv_bias", true), distToken: true }),
  dinov2: (fields) => dinov2(fields),
  dinov2_with_registers: (fields) => ({
    ...dinov2(fields),
    regTokens: fields.number("num_register_tokens", 4),
    noEmbedClass: true,
  }),
  clip_vision_model: (fields) => ({
    ...fields.sizes(1e-5, 224, 32),
    actLayer: fields.activation("quick_gelu"),
    preNorm: true,
    headBias: false,
  }),
  siglip_vision_model: (fields) => ({
    ...fields.sizes(1e-6, 224),
    actLayer: fields.activation("gelu_pytorch_tanh"),
    classToken: false,
    globalPool: fields.flag("vision_use_head", true) ? "map" : "",
  }),
  aimv2_vision_model: (fields) => aimv2(fields),
  dinov3_vit: (fields) => dinov3(fields),
};

function dinov2(fields: Fields): VitConfig {
  const hidden = fields.number("hidden_size", 768) * fields.number("mlp_ratio", 4);
  const isGated = fields.flag("use_swiglu_ffn", false);
  return {
    ...fields.sizes(1e-6, 224),
    qkvBias: fields.flag("qkv_bias", true),
    initValues: fields.number("layerscale_value", 1),
    mlpLayer: isGated ? "swiglu-packed" : "mlp",
    // The gated layer keeps two thirds of the width, rounded up to a multiple of 8; packed it holds gate and value.
    hiddenDim: isGated ? 2 * 8 * Math.ceil(Math.floor((Math.floor(hidden) * 2) / 3) / 8) : Math.floor(hidden),
  };
}

function aimv2(fields: Fields): VitConfig {
  const isNative = fields.flag("is_native", false);
  return {
    ...fields.sizes(1e-5, 224, 14),
    embedDim: fields.number("hidden_size", 1024),
    depth: fields.number("num_hidden_layers", 24),
    numHeads: fields.number("num_attention_heads", 8),
    hiddenDim: fields.number("intermediate_size", 2816),
    normEps: fields.number("rms_norm_eps", 1e-5),
    actLayer: "silu",
    classToken: false,
    globalPool: "avg",
    fcNorm: false,
    qkvBias: fields.flag("qkv_bias", false),
    projBias: fields.flag("mlp_bias", false),
    normLayer: "rms",
    embedNorm: true,
    mlpLayer: "swiglu",
    posEmbed: isNative ? "sine" : "learn",
  };
}

function dinov3(fields: Fields): VitConfig {
  if (fields.flag("use_gated_mlp", false))
    throw new ModelError("models.loadVit", "use_gated_mlp of DINOv3 must be false", true);
  return {
    ...fields.sizes(1e-5, 224),
    initValues: fields.number("layerscale_value", 1),
    regTokens: fields.number("num_register_tokens", 0),
    posEmbed: "rotary",
    rotary: { theta: fields.number("rope_theta", 100), coordinates: "centered", layout: "half" },
  };
}
