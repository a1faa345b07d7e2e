import { EncoderError } from "../errors";
import { given as present } from "../../rules/option-names";
import type { Preprocess } from "./preprocess";
import { checkProcessor } from "./processors";
import type { Interpolation } from "./resample";
import { CLIP, HALF, IMAGENET, type Statistics } from "./statistics";
import { isWhole } from "../../rules/rule-error";
import { isRecord } from "../../rules/json-text";

/**
 * Options of preprocessing, in these names; a Hugging Face `preprocessor_config.json` or a timm `config.json` /
 * `pretrained_cfg` is also accepted.
 */
export interface PreprocessOptions {
  /** Side of the model's input, or `[height, width]`. Default: the size in the model's graph. */
  inputSize?: number | [number, number];
  /** Kind of resizing. Default `shortest-edge`. */
  resize?: Preprocess["resize"];
  /** Side to resize to before the crop. Default: `inputSize`. */
  resizeTo?: number | [number, number];
  /** Position of a letterboxed picture. Default `center`. */
  align?: Preprocess["align"];
  /** Filter of resizing. Default `bicubic`. */
  interpolation?: Interpolation;
  /** Mean of each channel. Default `[0.5, 0.5, 0.5]`. */
  mean?: number[];
  /** Standard deviation of each channel. Default `[0.5, 0.5, 0.5]`. */
  std?: number[];
  /** Factor on pixel values before `mean`. Default 1/255. */
  rescale?: number;
  /** Colour outside a letterboxed picture: a level of 0..255, or `mean` for the mean color, 0 after normalization. Default 0. */
  fill?: Preprocess["fill"];
  /** Rounding of the first row and column of a centered crop. Default: that of the model's configuration. */
  cropRounding?: Preprocess["cropRounding"];
}

/** Statistics by name: those of ImageNet and CLIP, and 0.5 throughout. */
export type PreprocessName = "imagenet" | "clip" | "half";

const NAMED = new Map<unknown, Statistics>([
  ["imagenet", IMAGENET],
  ["clip", CLIP],
  ["half", HALF],
]);

const OPTION_KEYS = new Set(
  "inputSize resize resizeTo align interpolation mean std rescale fill cropRounding".split(" "),
);

/** Template of the option that replaces a missing configuration. */
export const TEMPLATE =
  '--preprocess imagenet on the command line, or the option preprocess: "imagenet", "clip" or "half", or { inputSize: 224, resize: "shortest-edge", resizeTo: 256, ' +
  `interpolation: "bicubic", mean: [${IMAGENET.mean.join(", ")}], std: [${IMAGENET.std.join(", ")}] }`;

/**
 * Resolves the preprocessing of a model. The caller's keys override those of the configuration beside the model; a
 * configuration file given by the caller replaces it.
 *
 * @param graphSize `[height, width]` that the graph fixes, if any
 * @param inputSize side or `[height, width]` asked for, which options without a size take where the graph fixes none
 */
export function mergePreprocess(
  wanted: object | string | undefined,
  found: object | null,
  graphSize: [number, number] | null,
  fn: string,
  inputSize?: PreprocessOptions["inputSize"],
): Preprocess {
  const named = typeof wanted === "string" ? NAMED.get(wanted) : undefined;
  if (typeof wanted === "string" && !named)
    throw new EncoderError(fn, `preprocess must be ${[...NAMED.keys()].join(", ")} or an object`, wanted);
  if (wanted !== undefined && !isRecord(wanted) && !named)
    throw new EncoderError(fn, "preprocess must be a name or an object", wanted);
  const given = (named ?? wanted) as object | undefined;
  const options = given && !found && !graphSize && !isWhole(given as Json) ? withSize(given, inputSize) : given;
  if (!options && !found)
    throw new EncoderError(
      fn,
      `preprocess must be given, or preprocessor_config.json lie beside the model. Give ${TEMPLATE}`,
      "none",
    );
  if (!options || !found || isConfiguration(options as Json))
    return readPreprocess(options ?? (found as object), graphSize, fn);
  const checked = present(options as PreprocessOptions);
  const own = readOwn(found, checked, graphSize, fn);
  if (!own) return readPreprocess(checked, graphSize, fn);
  // Sizes that follow from another: who says the input's side means the resized one too.
  const resizeTo = checked.inputSize === undefined ? own.resizeTo : undefined;
  return readPreprocess(Object.assign({ ...own, resizeTo }, checked), graphSize, fn);
}

const withSize = (options: PreprocessOptions, inputSize: PreprocessOptions["inputSize"]): PreprocessOptions =>
  inputSize === undefined || options.inputSize !== undefined ? options : { ...options, inputSize };

/** Reads the model's configuration; null for one that is refused, where the options say all that it would. */
function readOwn(
  found: object,
  options: PreprocessOptions,
  graphSize: [number, number] | null,
  fn: string,
): Preprocess | null {
  try {
    return readPreprocess(found, graphSize, fn);
  } catch (error) {
    if (["resize", "interpolation", "mean", "std"].every((key) => key in options)) return null;
    throw error;
  }
}

/** True if the option is a whole configuration, so that none of the model's own is wanted. */
const isConfiguration = (json: Json): boolean =>
  isTimm(json) ||
  isHuggingFace(json) ||
  ["pretrained_cfg", "vision_cfg", "preprocess_cfg", "image_processor"].some((key) => key in json);

/** Parsed configuration file; its keys reveal its origin. */
type Json = Record<string, unknown>;

/** Pillow's numbers for its filters, as transformers writes them. */
const RESAMPLE: Interpolation[] = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

/**
 * Reads preprocessing from any of the three forms. `graphSize` is the `[height, width]` fixed by the graph, if any.
 *
 * @throws EncoderError for an invalid value or an unknown input size
 */
export function readPreprocess(config: object, graphSize: [number, number] | null, fn: string): Preprocess {
  const plan = readAny(config as Json, graphSize, fn);
  const { inputSize } = plan;
  if (graphSize && (graphSize[0] !== inputSize[0] || graphSize[1] !== inputSize[1]))
    throw new EncoderError(
      fn,
      `the graph takes pictures of ${graphSize.join(" x ")} only, preprocessing must agree`,
      inputSize,
    );
  return plan;
}

function readAny(json: Json, graphSize: [number, number] | null, fn: string): Preprocess {
  const nested = json.pretrained_cfg ?? json.preprocess_cfg ?? json.image_processor ?? json.vision_cfg ?? json;
  if (!isRecord(nested)) throw new EncoderError(fn, "a configuration must hold an object", nested);
  const cfg = nested as Json;
  if (isTimm(cfg)) return fromTimm(cfg, fn);
  if (isOpenClip(cfg)) return fromOpenClip(cfg, graphSize, fn);
  return isHuggingFace(cfg) ? fromHuggingFace(cfg, graphSize, fn) : fromOptions(cfg, graphSize, fn);
}

/** Returns the same preprocessing for another input size; the crop keeps its share. */
export function resizePlan(fn: string, plan: Preprocess, size: number | [number, number]): Preprocess {
  const inputSize = checkSize(fn, "inputSize", size);
  const resizeTo = plan.resizeTo.map((side, i) => Math.round((side * inputSize[i]) / plan.inputSize[i]));
  return { ...plan, inputSize, resizeTo: [resizeTo[0], resizeTo[1]] };
}

const isTimm = (json: Json): boolean => Array.isArray(json.input_size);
const isHuggingFace = (json: Json): boolean =>
  ["image_mean", "size", "crop_size", "do_resize", "image_processor_type"].some((key) => key in json);

/** open_clip's `preprocess_cfg`: `size`, `mean`, `std`, `interpolation`, `resize_mode`. */
const isOpenClip = (json: Json): boolean => "resize_mode" in json || ("mean" in json && "size" in json);

const OPEN_CLIP_MODES = new Map<unknown, Preprocess["resize"]>([
  ["shortest", "shortest-edge"],
  ["longest", "letterbox"],
  ["squash", "stretch"],
]);

function fromOpenClip(cfg: Json, graphSize: [number, number] | null, fn: string): Preprocess {
  const mode = OPEN_CLIP_MODES.get(cfg.resize_mode ?? "shortest");
  if (!mode)
    throw new EncoderError(fn, `resize_mode must be ${[...OPEN_CLIP_MODES.keys()].join(", ")}`, cfg.resize_mode);
  return fromOptions(
    {
      inputSize: (cfg.size as number | undefined) ?? undefined,
      resize: mode,
      interpolation: (cfg.interpolation ?? "bicubic") as Interpolation,
      mean: (cfg.mean ?? CLIP.mean) as number[],
      std: (cfg.std ?? CLIP.std) as number[],
      fill: (cfg.fill_color ?? 0) as number,
      cropRounding: "even",
    },
    graphSize,
    fn,
  );
}

const DEFAULTS = { align: "center", fill: 0, rescale: 1 / 255, cropRounding: "down" } as const;

function fromOptions(json: PreprocessOptions, graphSize: [number, number] | null, fn: string): Preprocess {
  const stray = Object.keys(json).find((key) => !OPTION_KEYS.has(key));
  if (stray !== undefined) throw new EncoderError(fn, `preprocess may have ${[...OPTION_KEYS].join(", ")} only`, stray);
  const inputSize = json.inputSize === undefined ? graphSize : checkSize(fn, "inputSize", json.inputSize);
  if (!inputSize)
    throw new EncoderError(
      fn,
      "inputSize must be given, as the graph takes pictures of any size: --input-size 224 on the command line (or inputSize in " +
        "the file of --preprocess), or the option inputSize: 224 beside preprocess. Best is the size that the model was trained with",
      json.inputSize,
    );
  const resize = checkOneOf(fn, "resize", json.resize ?? "shortest-edge", [
    "stretch",
    "shortest-edge",
    "letterbox",
    "keep-shape",
    "none",
  ] as const);
  return {
    ...DEFAULTS,
    inputSize,
    resize,
    resizeTo: json.resizeTo === undefined ? inputSize : checkSize(fn, "resizeTo", json.resizeTo),
    interpolation: checkOneOf(fn, "interpolation", json.interpolation ?? "bicubic", RESAMPLE),
    mean: checkTriple(fn, "mean", json.mean ?? HALF.mean),
    std: checkStd(fn, json.std ?? HALF.std),
    align: checkOneOf(fn, "align", json.align ?? "center", ["center", "top-left"] as const),
    rescale: checkNumber(fn, "rescale", json.rescale ?? 1 / 255),
    fill: checkLevel(fn, json.fill ?? 0),
    cropRounding: checkOneOf(fn, "cropRounding", json.cropRounding ?? "down", ["down", "even"] as const),
  };
}

/**
 * Reads Hugging Face's form (https://huggingface.co/docs/transformers/main_classes/image_processor): sizes are
 * `{height, width}` or edges.
 */
function fromHuggingFace(json: Json, graphSize: [number, number] | null, fn: string): Preprocess {
  checkProcessor(fn, json);
  const size = sizeEntry(json.size);
  if (json.crop_pct !== undefined && size.shortest_edge !== undefined)
    return fromHuggingFace(withCrop(json, size.shortest_edge, fn), graphSize, fn);
  const crop = json.do_center_crop && json.crop_size !== undefined ? sizeEntry(json.crop_size) : null;
  const edge = size.shortest_edge ?? (crop && size.side);
  const box = crop ? boxOf(crop) : (boxOf(size) ?? graphSize);
  const inputSize = box ?? (edge === undefined || edge === null ? null : square(edge));
  if (!inputSize) throw new EncoderError(fn, "preprocessor_config.json must name a size", json.size);
  const longest = size.longest_edge !== undefined && size.shortest_edge === undefined;
  const stretchTo = boxOf(size) ?? inputSize;
  return {
    ...DEFAULTS,
    inputSize: checkSize(fn, "size", inputSize),
    resize:
      json.do_resize === false
        ? "none"
        : longest || json.do_pad === true
          ? "letterbox"
          : edge
            ? crop
              ? "shortest-edge"
              : "keep-shape"
            : "stretch",
    resizeTo: checkSize(fn, "size", edge ? square(edge) : stretchTo),
    align: longest || json.do_pad === true ? "top-left" : "center",
    // Processors pad what is normalized already, by zeros.
    fill: longest || json.do_pad === true ? "mean" : DEFAULTS.fill,
    interpolation: checkResample(fn, json.resample ?? 2),
    ...statistics(json, fn),
    rescale: json.do_rescale === false ? 1 : checkNumber(fn, "rescale_factor", json.rescale_factor ?? 1 / 255),
  };
}

/**
 * Applies the rule of ConvNeXt's processor: small pictures are cut to a share of their shorter side; from 384 pixels on
 * they are stretched.
 */
function withCrop(json: Json, edge: number, fn: string): Json {
  const { crop_pct: pct, ...rest } = json;
  if (edge >= 384) return { ...rest, size: { height: edge, width: edge } };
  const resized = Math.trunc(edge / checkShare(fn, pct));
  return { ...rest, size: { shortest_edge: resized }, do_center_crop: true, crop_size: { height: edge, width: edge } };
}

function statistics(json: Json, fn: string): Pick<Preprocess, "mean" | "std"> {
  if (json.do_normalize === false) return { mean: [0, 0, 0], std: [1, 1, 1] };
  const std = checkStd(fn, json.image_std ?? HALF.std);
  return {
    mean: checkTriple(fn, "image_mean", json.image_mean ?? HALF.mean),
    // EfficientNet's processor divides by the deviation a second time.
    std: json.include_top === true ? [std[0] ** 2, std[1] ** 2, std[2] ** 2] : std,
  };
}

interface SizeEntry {
  height?: number;
  width?: number;
  shortest_edge?: number;
  longest_edge?: number;
  /** Side as a plain number, in old files. */
  side?: number;
}

const sizeEntry = (size: unknown): SizeEntry =>
  typeof size === "number" ? { side: size } : ((size ?? {}) as SizeEntry);
const square = (side: number): [number, number] => [side, side];

function boxOf(size: SizeEntry): [number, number] | null {
  if (size.height !== undefined && size.width !== undefined) return [size.height, size.width];
  const side = size.side ?? size.longest_edge;
  return side === undefined ? null : square(side);
}

const CROP_MODES = new Map<unknown, Preprocess["resize"]>([
  ["center", "shortest-edge"],
  ["squash", "stretch"],
  ["border", "letterbox"],
]);

/** Reads timm's `pretrained_cfg`: resize to `floor(size / crop_pct)`, then cut the centre. */
function fromTimm(cfg: Json, fn: string): Preprocess {
  const [, height, width] = cfg.input_size as number[];
  const inputSize = checkSize(fn, "input_size", [height, width]);
  const pct = checkShare(fn, cfg.crop_pct ?? 0.875);
  const mode = CROP_MODES.get(cfg.crop_mode ?? "center");
  if (!mode) throw new EncoderError(fn, `crop_mode must be ${[...CROP_MODES.keys()].join(", ")}`, cfg.crop_mode);
  const mean = checkTriple(fn, "mean", cfg.mean ?? IMAGENET.mean);
  return {
    ...DEFAULTS,
    cropRounding: "even" as const,
    inputSize,
    resize: mode,
    resizeTo: checkSize(fn, "crop_pct", [Math.floor(height / pct), Math.floor(width / pct)]),
    interpolation: checkOneOf(fn, "interpolation", cfg.interpolation ?? "bicubic", RESAMPLE),
    mean,
    std: checkStd(fn, cfg.std ?? IMAGENET.std),
    fill: Math.round(255 * mean[0]),
  };
}

function checkSize(fn: string, name: string, value: unknown): [number, number] {
  const pair = typeof value === "number" ? [value, value] : value;
  const good = Array.isArray(pair) && pair.length === 2 && pair.every((n) => isWhole(n) && n <= 16384);
  if (!good)
    throw new EncoderError(
      fn,
      `preprocess.${name} must be a side or [height, width], whole numbers of 1..16384`,
      value,
    );
  return pair as [number, number];
}

function checkTriple(fn: string, name: string, value: unknown): [number, number, number] {
  const good = Array.isArray(value) && value.length === 3 && value.every((n) => Number.isFinite(n));
  if (!good) throw new EncoderError(fn, `preprocess.${name} must be three numbers`, value);
  const [red, green, blue] = value as number[];
  return [red, green, blue];
}

function checkStd(fn: string, value: unknown): [number, number, number] {
  const std = checkTriple(fn, "std", value);
  if (std.some((n) => n <= 0)) throw new EncoderError(fn, "preprocess.std must be positive", value);
  return std;
}

/** The share of a picture that a crop keeps. */
function checkShare(fn: string, value: unknown): number {
  if (typeof value !== "number" || !(value >= 0.01 && value <= 4))
    throw new EncoderError(fn, "preprocess.crop_pct must be a share of 0.01..4", value);
  return value;
}

function checkNumber(fn: string, name: string, value: unknown): number {
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value))
    throw new EncoderError(fn, `preprocess.${name} must be a positive number`, value);
  return value;
}

function checkLevel(fn: string, value: unknown): Preprocess["fill"] {
  if (value === "mean") return value;
  const good = isWhole(value, 0) && (value as number) <= 255;
  if (!good) throw new EncoderError(fn, "preprocess.fill must be a level of 0..255, or mean", value);
  return value as number;
}

function checkOneOf<T extends string>(fn: string, name: string, value: unknown, legal: readonly T[]): T {
  if (!legal.includes(value as T)) throw new EncoderError(fn, `preprocess.${name} must be ${legal.join(", ")}`, value);
  return value as T;
}

function checkResample(fn: string, value: unknown): Interpolation {
  const name = typeof value === "number" ? RESAMPLE[value] : undefined;
  if (!name) throw new EncoderError(fn, "preprocess.resample must be Pillow's number of a filter, 0..5", value);
  return name;
}
