import { CLIP, HALF, IMAGENET } from "./preprocess/statistics";

/** Kind of an encoder's training. */
export type EncoderFamily =
  | "contrastive"
  | "self-supervised"
  | "autoregressive"
  | "segmentation"
  | "multi-teacher"
  | "diffusion"
  | "concatenation";

/**
 * Public encoder. Null marks an unconfirmed fact. The facts come from the models' papers and cards, not from downloads;
 * `encoders.load` reads the actual values from the files.
 */
export interface RegistryEntry {
  name: string;
  family: EncoderFamily;
  /** Its row in the table of the Law of Vision Representation (arXiv 2408.16357), `law.publishedTable`. */
  law: string | null;
  /** Repository of the original weights on the hub, `owner/name`. */
  weights: string | null;
  /** ONNX export, as `encoders.load(source, { file })` takes it. */
  onnx: { source: string; file: string } | null;
  /** Side of the input, in pixels. */
  inputSize: number;
  /** Pixels between neighbouring tokens; for a network of stages, those of the first stage. */
  patchSize: number | null;
  channels: number | null;
  /** Number of blocks. */
  depth: number | null;
  /** Mean of pixel values in 0..1, by channel. */
  mean: readonly [number, number, number] | null;
  std: readonly [number, number, number] | null;
  /** License by its SPDX name where one exists. Read the model's card before use. */
  license: string | null;
  /** Names of the entries that `encoders.concatenate` joins on one grid. */
  parts: readonly string[] | null;
  status: "not downloaded here";
  note: string | null;
}

type Size = Pick<RegistryEntry, "inputSize" | "patchSize" | "channels" | "depth">;

const UNKNOWN = { mean: null, std: null };

const size = (inputSize: number, patchSize: number, channels: number, depth: number): Size => ({
  inputSize,
  patchSize,
  channels,
  depth,
});
const onnxOf = (repo: string, file = "onnx/model.onnx"): RegistryEntry["onnx"] => ({ source: `hf:${repo}`, file });
const VISION = "onnx/vision_model.onnx";

type Facts = Partial<RegistryEntry> & Pick<RegistryEntry, "family"> & Size & Pick<RegistryEntry, "mean" | "std">;

const entry = (name: string, facts: Facts): RegistryEntry => ({
  law: null,
  weights: null,
  onnx: null,
  license: null,
  parts: null,
  note: null,
  ...facts,
  name,
  status: "not downloaded here" as const,
});

/** Row of the Law's table with features of a diffusion model at t = 1, which `encoders.load` does not support. */
const diffusion = (name: string, law: string, inputSize: number, channels: number, facts: Partial<RegistryEntry>) =>
  entry(name, {
    family: "diffusion",
    law,
    inputSize,
    channels,
    patchSize: null,
    depth: null,
    ...UNKNOWN,
    note: "features of one denoising step; cannot be run here",
    ...facts,
  });

const together = (name: string, law: string, parts: [string, string], inputSize: number): RegistryEntry =>
  entry(name, { family: "concatenation", law, parts, ...size(inputSize, 14, 2048, 24), ...UNKNOWN });

/** Public encoders: the thirteen representations of the Law's table, then today's. */
export const registry: readonly RegistryEntry[] = [
  entry("clip-vit-large-patch14-336", {
    family: "contrastive",
    law: "CLIP336",
    weights: "openai/clip-vit-large-patch14-336",
    license: "MIT",
    ...size(336, 14, 1024, 24),
    ...CLIP,
    onnx: onnxOf("Xenova/clip-vit-large-patch14-336", VISION),
  }),
  entry("clip-vit-large-patch14", {
    family: "contrastive",
    law: "CLIP224",
    weights: "openai/clip-vit-large-patch14",
    license: "MIT",
    ...size(224, 14, 1024, 24),
    ...CLIP,
    onnx: onnxOf("Xenova/clip-vit-large-patch14", VISION),
  }),
  entry("openclip-vit-large-patch14-laion2b", {
    family: "contrastive",
    law: "OpenCLIP",
    weights: "laion/CLIP-ViT-L-14-laion2B-s32B-b82K",
    license: "MIT",
    ...size(224, 14, 1024, 24),
    ...UNKNOWN,
  }),
  entry("dinov2-large", {
    family: "self-supervised",
    law: "DINOv2",
    weights: "facebook/dinov2-large",
    license: "Apache-2.0",
    ...size(224, 14, 1024, 24),
    ...IMAGENET,
    onnx: onnxOf("Xenova/dinov2-large"),
  }),
  diffusion("sd-image-variations", "SDim", 768, 1280, {}),
  diffusion("stable-diffusion-1.5", "SD1.5", 768, 1280, { license: "CreativeML OpenRAIL-M" }),
  diffusion("stable-diffusion-xl", "SDXL", 512, 1280, {
    weights: "stabilityai/stable-diffusion-xl-base-1.0",
    license: "CreativeML OpenRAIL++-M",
  }),
  diffusion("dit-xl-2-512", "DiT", 512, 4608, { weights: "facebook/DiT-XL-2-512", license: "CC-BY-NC-4.0" }),
  diffusion("stable-diffusion-3-medium", "SD3", 512, 6144, { weights: "stabilityai/stable-diffusion-3-medium" }),
  diffusion("stable-diffusion-2.1", "SD2.1", 768, 1280, { license: "CreativeML OpenRAIL++-M" }),
  entry("siglip-base-patch16-224", {
    family: "contrastive",
    law: "SigLIP",
    weights: "google/siglip-base-patch16-224",
    license: "Apache-2.0",
    ...size(224, 16, 768, 12),
    ...HALF,
    onnx: onnxOf("Xenova/siglip-base-patch16-224", VISION),
  }),
  together("clip-224+dinov2", "CLIP224+DINOv2", ["clip-vit-large-patch14", "dinov2-large"], 224),
  together("clip-336+dinov2", "CLIP336+DINOv2", ["clip-vit-large-patch14-336", "dinov2-large"], 336),

  entry("dinov2-small", {
    family: "self-supervised",
    weights: "facebook/dinov2-small",
    license: "Apache-2.0",
    ...size(224, 14, 384, 12),
    ...IMAGENET,
    onnx: onnxOf("onnx-community/dinov2-small"),
  }),
  entry("dinov2-base", {
    family: "self-supervised",
    weights: "facebook/dinov2-base",
    license: "Apache-2.0",
    ...size(224, 14, 768, 12),
    ...IMAGENET,
    onnx: onnxOf("onnx-community/dinov2-base"),
  }),
  entry("dinov3-vits16", {
    family: "self-supervised",
    weights: "facebook/dinov3-vits16-pretrain-lvd1689m",
    license: "DINOv3 License",
    ...size(224, 16, 384, 12),
    ...IMAGENET,
    onnx: onnxOf("onnx-community/dinov3-vits16-pretrain-lvd1689m-ONNX"),
  }),
  entry("dinov3-vitl16", {
    family: "self-supervised",
    weights: "facebook/dinov3-vitl16-pretrain-lvd1689m",
    license: "DINOv3 License",
    ...size(224, 16, 1024, 24),
    ...IMAGENET,
    onnx: onnxOf("onnx-community/dinov3-vitl16-pretrain-lvd1689m-ONNX"),
  }),
  entry("siglip2-base-patch16-224", {
    family: "contrastive",
    weights: "google/siglip2-base-patch16-224",
    license: "Apache-2.0",
    ...size(224, 16, 768, 12),
    ...HALF,
    onnx: onnxOf("onnx-community/siglip2-base-patch16-224-ONNX", VISION),
  }),
  entry("siglip2-so400m-patch16-384", {
    family: "contrastive",
    weights: "google/siglip2-so400m-patch16-384",
    license: "Apache-2.0",
    ...size(384, 16, 1152, 27),
    ...HALF,
    onnx: onnxOf("onnx-community/siglip2-so400m-patch16-384-ONNX", VISION),
  }),
  entry("radio-l", {
    family: "multi-teacher",
    weights: "nvidia/RADIO-L",
    ...size(512, 16, 1024, 24),
    ...UNKNOWN,
    note: "no public ONNX export known; normalizes inside of the model; takes any input of whole patches",
  }),
  entry("aimv2-large-patch14-224", {
    family: "autoregressive",
    weights: "apple/aimv2-large-patch14-224",
    ...size(224, 14, 1024, 24),
    ...CLIP,
    note: "no public ONNX export known",
  }),
  entry("eva02-large-patch14-clip-336", {
    family: "contrastive",
    weights: "timm/eva02_large_patch14_clip_336.merged2b_s6b_b61k",
    license: "MIT",
    ...size(336, 14, 1024, 24),
    ...CLIP,
    note: "no public ONNX export known",
  }),
  entry("vit-mae-base", {
    family: "self-supervised",
    weights: "facebook/vit-mae-base",
    license: "Apache-2.0",
    ...size(224, 16, 768, 12),
    ...IMAGENET,
    note: "no public ONNX export known",
  }),
  entry("sam-vit-base", {
    family: "segmentation",
    weights: "facebook/sam-vit-base",
    license: "Apache-2.0",
    ...size(1024, 16, 768, 12),
    ...IMAGENET,
    onnx: onnxOf("Xenova/sam-vit-base", "onnx/vision_encoder.onnx"),
  }),
  entry("sam2.1-hiera-large", {
    family: "segmentation",
    weights: "facebook/sam2.1-hiera-large",
    license: "Apache-2.0",
    ...size(1024, 4, 144, 48),
    ...IMAGENET,
    note: "Hiera sorts its tokens by window: encoders.load refuses it",
  }),
];
