import { ModelError } from "../error";
import { VIT_NAMES, type VitConfig } from "./config";
import { checkOptionNames } from "../../rules/option-names";

const TINY = { embedDim: 192, depth: 12, numHeads: 3 };
const SMALL = { embedDim: 384, depth: 12, numHeads: 6 };
const BASE = { embedDim: 768, depth: 12, numHeads: 12 };
const LARGE = { embedDim: 1024, depth: 24, numHeads: 16 };
const HUGE = { embedDim: 1280, depth: 32, numHeads: 16 };
const GIANT = { embedDim: 1536, depth: 40, numHeads: 24 };
const SO400M = { embedDim: 1152, depth: 27, numHeads: 16, hiddenDim: 4304 };

/** DINOv2 (arXiv 2304.07193): patches of 14 pixels, layer scale. */
const DINOV2 = { imgSize: 518, patchSize: 14, initValues: 1e-5 } satisfies VitConfig;
const REGISTERS = { regTokens: 4, noEmbedClass: true } satisfies VitConfig;
const DINOV2_GIANT = { ...GIANT, ...DINOV2, mlpLayer: "swiglu-packed", hiddenDim: 8192 } satisfies VitConfig;
/** CLIP's tower (arXiv 2103.00020): a norm before the blocks, epsilon 1e-5. */
const CLIP = { preNorm: true, normEps: 1e-5 } satisfies VitConfig;
const QUICK_CLIP = { ...CLIP, actLayer: "quick-gelu" } satisfies VitConfig;
/** SigLIP's tower (arXiv 2303.15343): no class token, a pooling head. */
const SIGLIP = { classToken: false, globalPool: "map" } satisfies VitConfig;
/** AIMv2 (arXiv 2411.14402): RMSNorm, SwiGLU, no biases but that of the patch convolution, heads of 128 features. */
const AIMV2 = {
  patchSize: 14,
  classToken: false,
  globalPool: "avg",
  fcNorm: false,
  qkvBias: false,
  projBias: false,
  normLayer: "rms",
  normEps: 1e-5,
  embedNorm: true,
  mlpLayer: "swiglu",
} satisfies VitConfig;
const AIMV2_LARGE = { ...AIMV2, embedDim: 1024, depth: 24, numHeads: 8, hiddenDim: 2816 } satisfies VitConfig;
const AIMV2_HUGE = { ...AIMV2, embedDim: 1536, depth: 24, numHeads: 12, hiddenDim: 4096 } satisfies VitConfig;

const PRESETS = {
  vit_tiny_patch16_224: TINY,
  vit_small_patch16_224: SMALL,
  vit_small_patch16_384: { ...SMALL, imgSize: 384 },
  vit_base_patch16_224: BASE,
  vit_base_patch16_384: { ...BASE, imgSize: 384 },
  vit_large_patch16_224: LARGE,
  vit_large_patch16_384: { ...LARGE, imgSize: 384 },
  vit_huge_patch14_224: { ...HUGE, patchSize: 14 },
  deit_tiny_patch16_224: TINY,
  deit_small_patch16_224: SMALL,
  deit_base_patch16_224: BASE,
  deit_base_patch16_384: { ...BASE, imgSize: 384 },
  deit_tiny_distilled_patch16_224: { ...TINY, distToken: true },
  deit_small_distilled_patch16_224: { ...SMALL, distToken: true },
  deit_base_distilled_patch16_224: { ...BASE, distToken: true },
  vit_small_patch14_dinov2: { ...SMALL, ...DINOV2 },
  vit_base_patch14_dinov2: { ...BASE, ...DINOV2 },
  vit_large_patch14_dinov2: { ...LARGE, ...DINOV2 },
  vit_giant_patch14_dinov2: DINOV2_GIANT,
  vit_small_patch14_reg4_dinov2: { ...SMALL, ...DINOV2, ...REGISTERS },
  vit_base_patch14_reg4_dinov2: { ...BASE, ...DINOV2, ...REGISTERS },
  vit_large_patch14_reg4_dinov2: { ...LARGE, ...DINOV2, ...REGISTERS },
  vit_giant_patch14_reg4_dinov2: { ...DINOV2_GIANT, ...REGISTERS },
  vit_base_patch32_clip_224: { ...BASE, ...CLIP, patchSize: 32 },
  vit_base_patch16_clip_224: { ...BASE, ...CLIP },
  vit_large_patch14_clip_224: { ...LARGE, ...CLIP, patchSize: 14 },
  vit_large_patch14_clip_336: { ...LARGE, ...CLIP, patchSize: 14, imgSize: 336 },
  vit_base_patch32_clip_quickgelu_224: { ...BASE, ...QUICK_CLIP, patchSize: 32 },
  vit_base_patch16_clip_quickgelu_224: { ...BASE, ...QUICK_CLIP },
  vit_large_patch14_clip_quickgelu_224: { ...LARGE, ...QUICK_CLIP, patchSize: 14 },
  vit_large_patch14_clip_quickgelu_336: { ...LARGE, ...QUICK_CLIP, patchSize: 14, imgSize: 336 },
  vit_base_patch16_siglip_224: { ...BASE, ...SIGLIP },
  vit_base_patch16_siglip_256: { ...BASE, ...SIGLIP, imgSize: 256 },
  vit_base_patch16_siglip_384: { ...BASE, ...SIGLIP, imgSize: 384 },
  vit_base_patch16_siglip_512: { ...BASE, ...SIGLIP, imgSize: 512 },
  vit_large_patch16_siglip_256: { ...LARGE, ...SIGLIP, imgSize: 256 },
  vit_large_patch16_siglip_384: { ...LARGE, ...SIGLIP, imgSize: 384 },
  vit_so400m_patch14_siglip_224: { ...SO400M, ...SIGLIP, patchSize: 14 },
  vit_so400m_patch14_siglip_378: { ...SO400M, ...SIGLIP, patchSize: 14, imgSize: 378 },
  aimv2_large_patch14_224: AIMV2_LARGE,
  aimv2_large_patch14_336: { ...AIMV2_LARGE, imgSize: 336 },
  aimv2_large_patch14_448: { ...AIMV2_LARGE, imgSize: 448 },
  aimv2_huge_patch14_224: AIMV2_HUGE,
  aimv2_huge_patch14_336: { ...AIMV2_HUGE, imgSize: 336 },
  aimv2_huge_patch14_448: { ...AIMV2_HUGE, imgSize: 448 },
} satisfies Record<string, VitConfig>;

/** Name of a published vision transformer, as timm writes it. */
export type VitPreset = keyof typeof PRESETS;

/**
 * Returns the configuration of a published vision transformer by timm's name, without a head. Keys of `overrides` win.
 *
 *     models.vitConfig("vit_small_patch16_224", { imgSize: 512 })
 *
 * @throws ModelError for an unknown name or key
 */
export function vitConfig(name: VitPreset | (string & {}), overrides: VitConfig = {}): VitConfig {
  const preset = Object.hasOwn(PRESETS, name) ? (PRESETS[name as VitPreset] as VitConfig) : undefined;
  if (!preset) throw new ModelError("models.vitConfig", `names are ${Object.keys(PRESETS).join(", ")}`, name);
  checkOptionNames("models.vitConfig", overrides, VIT_NAMES, ModelError);
  return { ...preset, ...overrides };
}

/** Returns the names of all presets of {@link vitConfig}. */
export const vitPresets = (): VitPreset[] => Object.keys(PRESETS) as VitPreset[];
