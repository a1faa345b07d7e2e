import type { Activation } from "../../nn";
import { checkArguments } from "../../rules/arguments";
import { checker, isWhole } from "../../rules/rule-error";
import { ModelError } from "../error";
import { checkOptionNames, given, type OptionNames } from "../../rules/option-names";

/** Activation of a feed-forward layer: PyTorch's names, and CLIP's `quick-gelu`, x σ(1.702 x). */
export type VitActivation = Activation | "quick-gelu";

/** Rotary positions of patches (arXiv 2104.09864, in two dimensions); prefix tokens are not turned. */
export interface RotaryConfig {
  /** Base of the frequencies θ^(-4i/d). Default 100, as in DINOv3. */
  theta?: number;
  /** `centered`: patch centres in [-1, 1] times 2π (DINOv3); `index`: rows and columns, scaled to the configured grid (EVA-02). Default `centered`. */
  coordinates?: "centered" | "index";
  /** `half`: the second half of a head is the partner of the first (DINOv3); `interleaved`: neighbours are (EVA-02). Default `half`. */
  layout?: "half" | "interleaved";
}

/** One convolution of a convolutional stem: kernel 3, padding 1, then GELU. */
export interface StemStep {
  /** Number of output channels. */
  channels: number;
  /** Pixels between neighbouring windows. Default 1. */
  stride?: number;
  /** Adds the step's input to the result of two convolutions, with GELU after each. Default false. */
  residual?: boolean;
}

/** Configuration of a {@link VisionTransformer}, in timm's words. */
export interface VitConfig {
  /** Side of the square picture, or `[height, width]`, for which positions are learned. Default 224. */
  imgSize?: number | readonly [height: number, width: number];
  /** Side of a patch in pixels. Default 16. */
  patchSize?: number;
  /** Pixels between neighbouring patches; below `patchSize` they overlap. Default `patchSize`. */
  patchStride?: number;
  /** Number of channels of the picture. Default 3. */
  inChans?: number;
  /** Number of classes of the head; 0 is no head. Default 0. */
  numClasses?: number;
  /** Bias of the head. Default true. */
  headBias?: boolean;
  /** Pooling before the head: class token, mean of patches, attention from a learned query (SigLIP), or none. Default `token`. */
  globalPool?: "token" | "avg" | "map" | "";
  /** Width of the tokens. Default 768. */
  embedDim?: number;
  /** Number of blocks. Default 12. */
  depth?: number;
  /** Number of attention heads. Default 12. */
  numHeads?: number;
  /** Hidden width of the feed-forward layer in parts of `embedDim`, rounded down as timm does. Default 4. */
  mlpRatio?: number;
  /** Hidden width of the feed-forward layer; wins over `mlpRatio`. Default: by `mlpRatio`. */
  hiddenDim?: number;
  /** Feed-forward layer: two layers, SwiGLU with two first layers (`fc1_g`, `fc1_x`), or with one for both (`fc1`). Default `mlp`. */
  mlpLayer?: "mlp" | "swiglu" | "swiglu-packed";
  /** Activation of the feed-forward layer. Default `gelu`; SwiGLU always takes SiLU. */
  actLayer?: VitActivation;
  /** Kind of every norm. Default `layer`. */
  normLayer?: "layer" | "rms";
  /** Epsilon of every norm. Default 1e-6. */
  normEps?: number;
  /** Biases of query, key and value. Default true. */
  qkvBias?: boolean;
  /** Norms of each head's queries and keys (arXiv 2302.05442). Default false. */
  qkNorm?: boolean;
  /** Biases of the attention's output and of the feed-forward layer. Default true. */
  projBias?: boolean;
  /** Initial value of the layer scales (arXiv 2103.17239). Default: no layer scale. */
  initValues?: number | null;
  /** Class token. Default true. */
  classToken?: boolean;
  /** Second class token for distillation, with its own head (DeiT, arXiv 2012.12877). Default false. */
  distToken?: boolean;
  /** Number of register tokens (arXiv 2309.16588). Default 0. */
  regTokens?: number;
  /** Positions of patches: learned, sines of rows and columns (arXiv 2205.01580), rotary, or none. Default `learn`. */
  posEmbed?: "learn" | "sine" | "rotary" | "none";
  /** Settings of rotary positions. Default: those of DINOv3. */
  rotary?: RotaryConfig;
  /** Learned positions hold none for prefix tokens. Default false. */
  noEmbedClass?: boolean;
  /** Resampling of learned positions for another grid: timm's bicubic with antialiasing, or transformers' without. Default `antialias`. */
  posResample?: "antialias" | "bicubic";
  /** Norm before the blocks (CLIP). Default false. */
  preNorm?: boolean;
  /** Bias of the patch embedding. Default: none with `preNorm`, as timm. */
  patchBias?: boolean;
  /** Norm after the patch embedding (AIMv2). Default false. */
  embedNorm?: boolean;
  /** Norm after the blocks. Default true. */
  finalNorm?: boolean;
  /** Final norm after pooling in place of before it. Default: with `globalPool: "avg"`, as timm. */
  fcNorm?: boolean;
  /** Convolutions before the patch embedding; strides multiply with the patch's. Default: none. */
  stem?: readonly StemStep[];
  /** Share of samples whose last block is skipped in training; earlier ones proportionally less (arXiv 1603.09382). Default 0. */
  dropPathRate?: number;
  /** Dropout after the positions. Default 0. */
  posDropRate?: number;
  /** Dropout in attention output and feed-forward layer. Default 0. */
  projDropRate?: number;
  /** Dropout of attention weights. Default 0. */
  attnDropRate?: number;
  /** Dropout before the head. Default 0. */
  dropRate?: number;
  /** Initial weights: timm's draws, or zeros where others are loaded at once. Default `timm`. */
  weightInit?: "timm" | "skip";
}

/** Configuration with every default filled in. */
export interface FullVitConfig extends Required<Omit<VitConfig, "imgSize" | "hiddenDim" | "mlpRatio" | "rotary">> {
  imgSize: readonly [height: number, width: number];
  hiddenDim: number;
  rotary: Required<RotaryConfig>;
}

const FN = "models.VisionTransformer";
const rule = checker(FN, ModelError);

const DEFAULTS = {
  patchSize: 16,
  inChans: 3,
  numClasses: 0,
  headBias: true,
  globalPool: "token",
  embedDim: 768,
  depth: 12,
  numHeads: 12,
  mlpLayer: "mlp",
  actLayer: "gelu",
  normLayer: "layer",
  normEps: 1e-6,
  qkvBias: true,
  qkNorm: false,
  projBias: true,
  initValues: null,
  classToken: true,
  distToken: false,
  regTokens: 0,
  posEmbed: "learn",
  noEmbedClass: false,
  posResample: "antialias",
  preNorm: false,
  embedNorm: false,
  finalNorm: true,
  stem: [],
  dropPathRate: 0,
  posDropRate: 0,
  projDropRate: 0,
  attnDropRate: 0,
  dropRate: 0,
  weightInit: "timm",
} as const;

/** Names of the keys of a configuration. */
export const VIT_NAMES: OptionNames<VitConfig> = {
  imgSize: true,
  patchSize: true,
  patchStride: true,
  inChans: true,
  numClasses: true,
  headBias: true,
  globalPool: true,
  embedDim: true,
  depth: true,
  numHeads: true,
  mlpRatio: true,
  hiddenDim: true,
  mlpLayer: true,
  actLayer: true,
  normLayer: true,
  normEps: true,
  qkvBias: true,
  qkNorm: true,
  projBias: true,
  initValues: true,
  classToken: true,
  distToken: true,
  regTokens: true,
  posEmbed: true,
  rotary: true,
  noEmbedClass: true,
  posResample: true,
  preNorm: true,
  patchBias: true,
  embedNorm: true,
  finalNorm: true,
  fcNorm: true,
  stem: true,
  dropPathRate: true,
  posDropRate: true,
  projDropRate: true,
  attnDropRate: true,
  dropRate: true,
  weightInit: true,
};
const ROTARY_NAMES: OptionNames<RotaryConfig> = { theta: true, coordinates: true, layout: true };

/**
 * Fills in defaults and checks a configuration.
 *
 * @throws ModelError for an unknown key, or values that contradict each other
 */
export function fullConfig(config: VitConfig): FullVitConfig {
  checkOptionNames(FN, config, VIT_NAMES, ModelError);
  const { rotary = {}, ...rest } = config;
  checkOptionNames(`${FN} rotary`, rotary, ROTARY_NAMES, ModelError);
  const own = given(rest);
  const merged = { ...DEFAULTS, ...own };
  const { imgSize = 224, mlpRatio = 4, patchStride = merged.patchSize } = own;
  const imgSides = typeof imgSize === "number" ? ([imgSize, imgSize] as const) : imgSize;
  checkArguments(
    FN,
    ModelError,
    { imgSize: imgSides, stem: merged.stem },
    { imgSize: "list", stem: [{ channels: "size" }] },
  );
  const full: FullVitConfig = {
    ...merged,
    patchStride,
    imgSize: imgSides,
    hiddenDim: own.hiddenDim ?? Math.floor(merged.embedDim * mlpRatio),
    patchBias: own.patchBias ?? !merged.preNorm,
    fcNorm: own.fcNorm ?? merged.globalPool === "avg",
    rotary: { theta: 100, coordinates: "centered", layout: "half", ...given(rotary) },
  };
  checkConfig(full);
  return full;
}

const WHOLE = ["patchSize", "patchStride", "inChans", "embedDim", "depth", "numHeads", "hiddenDim"] as const;

const CHOICES = {
  globalPool: ["token", "avg", "map", ""],
  mlpLayer: ["mlp", "swiglu", "swiglu-packed"],
  actLayer: ["gelu", "gelu-tanh", "quick-gelu", "silu", "relu"],
  normLayer: ["layer", "rms"],
  posEmbed: ["learn", "sine", "rotary", "none"],
  posResample: ["antialias", "bicubic"],
  weightInit: ["timm", "skip"],
} as const;

function checkConfig(config: FullVitConfig): void {
  for (const key of WHOLE) rule(isWhole(config[key]), `${key} must be a whole number of at least 1`, config[key]);
  for (const key of ["regTokens", "numClasses"] as const)
    rule(isWhole(config[key], 0), `${key} must be a whole number of at least 0`, config[key]);
  for (const [key, legal] of Object.entries(CHOICES)) {
    const value = config[key as keyof typeof CHOICES];
    rule((legal as readonly string[]).includes(value), `${key} must be ${legal.join(", ")}`, value);
  }
  checkSizes(config);
}

function checkSizes({
  embedDim,
  numHeads,
  classToken,
  globalPool,
  mlpLayer,
  hiddenDim,
  ...config
}: FullVitConfig): void {
  rule(embedDim % numHeads === 0, `embedDim must be a multiple of numHeads (${numHeads})`, embedDim);
  rule(classToken || globalPool !== "token", "globalPool token needs a class token", globalPool);
  rule(classToken || !config.distToken, "distToken needs a class token", config.distToken);
  rule(mlpLayer !== "swiglu-packed" || hiddenDim % 2 === 0, "the packed hidden width must be even", hiddenDim);
  rule(config.posEmbed !== "sine" || embedDim % 4 === 0, "sine positions need a multiple of 4 as embedDim", embedDim);
  const head = embedDim / numHeads;
  rule(config.posEmbed !== "rotary" || head % 4 === 0, "rotary positions need heads of a multiple of 4", head);
  const sides = config.imgSize.every((side) => isWhole(side, config.patchSize));
  rule(
    config.imgSize.length === 2 && sides,
    `imgSize must be at least patchSize (${config.patchSize})`,
    config.imgSize,
  );
}
