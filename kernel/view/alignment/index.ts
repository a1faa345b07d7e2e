export type { Normalization } from "../../protocol/alignment/payload";
import { checkArguments } from "../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { decodeImage, type ImageInput, type RawImage } from "../../data/image";
import { base64Encode } from "../../protocol/core/base64";
import { checkColorMap, type ColorMapName } from "../../protocol/core/color";
import { View } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import type { LayerFeatures } from "../../contracts/features";
import { imageFeatures, type PlacedFeatures } from "../extract";
import type { JSONValue, MimeBundle } from "../../display/host";
import { unitRows } from "../../numeric";
import { MAX_SAVED_BYTES, type SavedImage, type ScaleMode } from "../../protocol/core/saved";
import { encodeJpeg } from "../draw/pictures";
import { reduceSet } from "../reduce/set";
import { imagePath } from "../origin";
import { bestMeans, cosineMatrix, saveCosines, type TokenMatrix } from "../../protocol/alignment/arithmetic";
import {
  ALIGNMENT_MIME,
  type AlignmentPayload,
  MAX_CELLS,
  MAX_TOKENS,
  type Normalization,
  NORMALIZATIONS,
  type SavedTokens,
} from "../../protocol/alignment/payload";
import { describeAlignment, drawAlignment } from "./picture";
import { isWhole } from "../../rules/rule-error";

/** Tokens of a text: one label and one row of `data` each, in the space of the patches (`[T, C]`, row-major). */
export interface TextTokens {
  readonly labels: readonly string[];
  readonly data: Float32Array;
}

/** Tokens of a reference: its features of an image, in the space of the patches. */
export interface ReferenceTokens {
  readonly image: ImageInput;
  readonly map: LayerFeatures;
}

/** Features that `view.alignment` compares. */
export interface AlignmentInput {
  image: ImageInput;
  /** Features of the image on its patch grid: the targets. */
  patches: LayerFeatures;
  /** Tokens that patches are compared with: those of a text, or of a reference encoder. */
  tokens: TextTokens | ReferenceTokens;
}

/** Options of `view.alignment`. */
export interface AlignmentOptions {
  /** Title above the view. Default: none. */
  title?: string;
  /** Name of the encoder that made the features, for the caption. Default: none. */
  encoder?: string;
  /** Position of the token shown first. Default 0. */
  token?: number;
  /** Normalization of the values shown first. Default `"cosine"`. */
  normalization?: Normalization;
  /** Temperature of both softmaxes. Default 0.05. */
  temperature?: number;
  /** `view` (default): from the smallest to the largest value of the matrix, common to all tokens; `absolute`: 0..1. */
  scale?: ScaleMode;
  /** Color map of the heat-map. Default `"viridis"`. */
  colormap?: ColorMapName;
  /** Opacity of the heat-map over the image. Default 0.6. */
  opacity?: number;
}

const NAMES: OptionNames<AlignmentOptions> = {
  title: true,
  encoder: true,
  token: true,
  normalization: true,
  temperature: true,
  scale: true,
  colormap: true,
  opacity: true,
};

/** Patches against tokens. Show it as the last value of a cell, or by `display`. */
export class AlignmentView extends View {
  constructor(
    bundle: MimeBundle,
    /** Mean over patches of the best cosine with any token: one image's A score where the tokens are a reference's. */
    readonly patchMean: number,
    /** Mean over tokens of the best cosine with any patch. */
    readonly tokenMean: number,
  ) {
    super(bundle);
  }
}

const WHERE = "view.alignment";
/** Longest side of an image in the viewer; the next smaller one where a JPEG takes more than its share. */
const SIDES = [384, 288, 192, 128];
const IMAGE_BYTES = 36_000;
/** Bytes for reduced features, before base64. */
const REDUCED_BYTES = 80_000;
const MOST_DIMS = 96;

/**
 * Image patches against tokens: `view.alignment({ image, patches, tokens: { labels, data } })` for the text tokens of a contrastive
 * encoder, `tokens: { image, map }` for a reference encoder's, which is the A score token by token. Values are cosines between unit
 * vectors, or a softmax of them; nothing here is a model's attention.
 * @throws ViewError when widths differ or options break a rule.
 */
export async function alignment(input: AlignmentInput, options: AlignmentOptions = {}): Promise<AlignmentView> {
  checkArguments("view.alignment", ViewError, { input }, { input: { patches: "object", tokens: "object" } });
  checkOptionNames("view.alignment", options, NAMES, ViewError);
  checkOptions(options);
  const raw = await decodeImage(input.image, { fn: WHERE });
  const patches = imageFeatures(WHERE, input.patches, raw);
  const tokens = await readTokens(input.tokens, patches.channels);
  const matrix = cosineMatrix(tokens.features, patches.tokens, patches.channels);
  const payload = await buildPayload(input.image, raw, patches, tokens, matrix, options);
  const still = await drawAlignment(payload, matrix, [raw, tokens.raw ?? raw], pictureBytes(payload));
  const bundle: MimeBundle = {
    [ALIGNMENT_MIME]: payload as unknown as JSONValue,
    ...still,
    "text/plain": describeAlignment(payload, matrix),
  };
  return new AlignmentView(bundle, ...payload.best);
}

/** Returns the characters of the budget that the payload leaves to the picture. */
function pictureBytes(payload: AlignmentPayload): number {
  return MAX_SAVED_BYTES - 16 * 1024 - JSON.stringify(payload).length;
}

interface Tokens {
  saved: SavedTokens;
  features: Float32Array;
  raw?: RawImage;
}

async function readTokens(tokens: TextTokens | ReferenceTokens, channels: number): Promise<Tokens> {
  if ("map" in tokens) return readReference(tokens, channels);
  const { labels, data } = tokens;
  if (!Array.isArray(labels) || labels.length < 1 || labels.length > MAX_TOKENS)
    throw new ViewError(WHERE, `tokens.labels must be an array of 1..${MAX_TOKENS} texts`, labels);
  if (data.length !== labels.length * channels)
    throw new ViewError(WHERE, `tokens.data must hold ${labels.length} x ${channels} values`, data.length);
  const texts = labels.map((label: string) => String(label).slice(0, 100));
  return { saved: { labels: texts }, features: unitRows(data, channels) };
}

async function readReference({ image, map }: ReferenceTokens, channels: number): Promise<Tokens> {
  const raw = await decodeImage(image, { fn: WHERE });
  const features = imageFeatures(WHERE, map, raw);
  if (features.channels !== channels)
    throw new ViewError(WHERE, `tokens.map must have ${channels} channels, as the patches`, features.channels);
  const [rows, columns] = features.grid;
  if (rows * columns > MAX_TOKENS)
    throw new ViewError(WHERE, `tokens.map must have at most ${MAX_TOKENS} tokens`, rows * columns);
  const labels = Array.from(
    { length: rows * columns },
    (_, i) => `r${Math.floor(i / columns) + 1}c${(i % columns) + 1}`,
  );
  const saved: SavedTokens = {
    labels,
    image: await saveImage(raw, "reference", image),
    placement: { grid: features.grid, region: features.region },
  };
  return { saved, features: features.tokens, raw };
}

async function saveImage(raw: RawImage, label: string, given: ImageInput): Promise<SavedImage> {
  const { width, height } = raw;
  let file = new Uint8Array();
  for (const side of SIDES) {
    file = new Uint8Array(await encodeJpeg(raw, side, 80));
    if (file.length <= IMAGE_BYTES) break;
  }
  const path = imagePath(given);
  const saved: SavedImage = { label, width, height, mime: "image/jpeg", data: base64Encode(file) };
  return path === undefined ? saved : { ...saved, path };
}

async function buildPayload(
  given: ImageInput,
  raw: RawImage,
  patches: PlacedFeatures,
  tokens: Tokens,
  matrix: TokenMatrix,
  options: AlignmentOptions,
): Promise<AlignmentPayload> {
  const { token = 0, normalization = "cosine", temperature = 0.05 } = options;
  const { scale = "view", colormap = "viridis", opacity = 0.6 } = options;
  if (!(isWhole(token, 0) && token < matrix.tokens))
    throw new ViewError(WHERE, `token must be a position in ${matrix.tokens} tokens`, token);
  return {
    version: 1,
    title: options.title ?? "",
    encoder: options.encoder ?? "",
    channels: patches.channels,
    image: await saveImage(raw, tokens.raw ? "target" : "image", given),
    placement: { grid: patches.grid, region: patches.region },
    tokens: tokens.saved,
    ...saveValues(patches, tokens, matrix),
    best: bestMeans(matrix),
    current: token,
    normalization,
    temperature,
    scale,
    colormap,
    opacity,
  };
}

function saveValues(
  { channels, tokens: features }: PlacedFeatures,
  tokens: Tokens,
  matrix: TokenMatrix,
): Pick<AlignmentPayload, "cosines" | "reduced"> {
  if (matrix.values.length <= MAX_CELLS) return { cosines: saveCosines(matrix) };
  const rows = matrix.tokens + matrix.patches;
  const dims = Math.min(channels, rows, MOST_DIMS, Math.max(1, Math.floor(REDUCED_BYTES / rows)));
  const [patches, words] = reduceSet({ channels, features: [features, tokens.features] }, dims);
  return { reduced: [patches, words] };
}

function checkOptions({
  normalization = "cosine",
  temperature = 0.05,
  opacity = 0.6,
  ...rest
}: AlignmentOptions): void {
  if (!NORMALIZATIONS.includes(normalization))
    throw new ViewError(WHERE, `normalization must be one of ${NORMALIZATIONS.join(", ")}`, normalization);
  if (!(temperature >= 1e-4 && temperature <= 100))
    throw new ViewError(WHERE, "temperature must lie in 0.0001..100", temperature);
  if (!(opacity >= 0 && opacity <= 1)) throw new ViewError(WHERE, "opacity must lie in 0..1", opacity);
  if (rest.scale !== undefined && rest.scale !== "absolute" && rest.scale !== "view")
    throw new ViewError(WHERE, "scale must be absolute or view", rest.scale);
  checkColorMap(WHERE, rest.colormap ?? "viridis");
}
