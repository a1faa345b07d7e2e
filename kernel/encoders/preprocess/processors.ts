import { EncoderError } from "../errors";

/** Processors of transformers with steps that no key of their file names, or with a size for each picture; without `ImageProcessor`. */
const OWN_RULES = new Map([
  ["MobileViT", "it swaps red and blue"],
  ["PoolFormer", "it divides the crop by crop_pct in its own way"],
  ["Levit", "it resizes to 256 / 224 of the size"],
  ["Pixtral", "it chooses a size by the picture"],
  ["DeepseekVL", "it pads to a square of its own color"],
  ["DeepseekVLHybrid", "it pads to a square of its own color"],
  ["Janus", "it pads to a square of its own color"],
  ["Owlv2", "it pads to a square before it resizes"],
  ["Siglip2", "it chooses a number of patches by the picture"],
  ["Qwen2VL", "it chooses a size by the picture"],
  ["Qwen2_5_VL", "it chooses a size by the picture"],
  ["ImageGPT", "it gives color clusters"],
  ["Fuyu", "it chooses a size by the picture"],
  ["Pix2Struct", "it chooses a size by the picture"],
  ["Perceiver", "it crops by its own rule"],
  ["Vilt", "it chooses a size by the picture"],
  ["BridgeTower", "it chooses a size by the picture"],
  ["GLPN", "it rounds sizes to multiples"],
  ["Donut", "it turns and shrinks pictures by its own rules"],
  ["Nougat", "it cuts margins"],
  ["LlavaNext", "it cuts pictures into tiles"],
  ["LlavaOnevision", "it cuts pictures into tiles"],
  ["Mllama", "it cuts pictures into tiles"],
  ["Idefics2", "it chooses a size by the picture"],
  ["Idefics3", "it cuts pictures into tiles"],
  ["SmolVLM", "it cuts pictures into tiles"],
  ["DeepseekOcr2", "it pads to a square of its own color"],
  ["Glm5Next", "it chooses a size by the picture"],
  ["GraniteDocling", "it cuts pictures into tiles"],
  ["Idefics", "its picture is of another form"],
  ["LayoutLMv2", "it swaps red and blue"],
  ["VitPose", "it cuts boxes out of a picture"],
  ["Aria", "it chooses a size by the picture"],
]);

/** Keys that ask for steps which are not done here, where they are true or hold something. */
const OWN_KEYS = [
  "do_flip_channel_order",
  "rescale_offset",
  "keep_aspect_ratio",
  "size_divisor",
  "do_color_quantize",
  "do_pan_and_scan",
  "do_image_splitting",
  "do_align_long_axis",
  "do_thumbnail",
  "do_crop_margin",
  "do_grayscale",
  "crop_to_patches",
];

/** Processors whose pixels were compared, whatever else their files hold; without `ImageProcessor`. */
const COMPARED = new Set(
  (
    "Beit Bit Blip Chameleon ChineseCLIP CLIP ConvNext DeiT DPT EfficientNet Flava Gemma3 GotOcr2 LayoutLMv3 Llava MobileNetV1 " +
    "MobileNetV2 MobileViT Ovis2 OwlViT PPChart2Table PromptDepthAnything Pvt RTDetr Sam Segformer SegGpt Siglip ViT"
  ).split(" "),
);

/** Keys that are followed, and those that change no pixel of a picture. In a processor that was not compared, any other may be a rule. */
const HARMLESS_KEYS = new Set(
  (
    "image_processor_type feature_extractor_type processor_class auto_map transformers_version data_format input_data_format device " +
    "return_tensors default_to_square disable_grouping size crop_size resample image_mean image_std rescale_factor do_resize " +
    "do_center_crop do_rescale do_normalize do_convert_rgb do_pad do_reduce_labels reduce_labels do_convert_annotations format " +
    "ignore_index num_labels num_text class_info_file repo_path metadata _valid_processor_keys"
  ).split(" "),
);

const holds = (value: unknown): boolean => value !== undefined && value !== null && value !== false;

/** Throws `EncoderError` for a configuration of transformers whose pixels would be others here, naming processor or key. */
export function checkProcessor(fn: string, json: Record<string, unknown>): void {
  const type = json.image_processor_type ?? json.feature_extractor_type;
  const name = typeof type === "string" ? type.replace(/(ImageProcessor(Fast)?|FeatureExtractor)$/, "") : "";
  const rule = OWN_RULES.get(name);
  const isPlain = name === "MobileViT" && json.do_flip_channel_order === false;
  const advice = `give preprocess with resize, interpolation, mean and std, or prepared pictures`;
  if (rule && !isPlain) throw new EncoderError(fn, `the processor is not followed, as ${rule}: ${advice}`, type);
  const isCompared = name === "" || COMPARED.has(name);
  const unknown = isCompared ? [] : Object.keys(json).filter((one) => !HARMLESS_KEYS.has(one));
  const key = OWN_KEYS.concat(unknown).find((one) => holds(json[one]));
  const size = Object(json.size) as Record<string, unknown>;
  if (json.do_pad === true && size.shortest_edge !== undefined && size.longest_edge !== undefined)
    throw new EncoderError(fn, `the processor is not followed, as it chooses a size by the picture: ${advice}`, type);
  // Each kind has another default, as that of CLIP or no normalization at all.
  if (name !== "" && json.do_normalize === undefined && json.image_mean === undefined)
    throw new EncoderError(fn, `a processor must say image_mean, or do_normalize: ${advice}`, type);
  if (key) throw new EncoderError(fn, `${key} of a processor is not followed: ${advice}`, json[key]);
}
