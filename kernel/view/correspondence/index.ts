import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { decodeImage, type ImageInput, type RawImage } from "../../data/image";
import { checkColorMap, type ColorMapName } from "../../protocol/core/color";
import { View } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import { extractFeatures, type FeatureExtractor, type PlacedFeatures } from "../extract";
import { patchAt, type GridPlacement } from "../../protocol/core/geometry";
import { append, joinFloats } from "../../numeric";
import type { MimeBundle } from "../../display/host";
import { keepLive } from "../live";
import { mainLayers, type LayerModel, type ViewModel } from "./model";
import { saveView } from "./save";
import { SIMILARITIES, type Similarity } from "../../protocol/core/scale";
import { patchPair, similaritySpace } from "../../protocol/correspondence/match";
import { FACETS, MOST_ENCODERS, MOST_TARGETS, type Facet, type Pin } from "../../protocol/correspondence/payload";
import type { ScaleMode } from "../../protocol/core/saved";
import { encoderLoad, imagePath } from "../origin";
import { serveFeatures } from "./serve";
import { groundTruth, type KeypointPair, type SpairPairLike } from "./truth-input";
import { pairPCK, type PairPCK } from "../../protocol/correspondence/truth";
import { isWhole } from "../../rules/rule-error";

/** Options of `view.correspondence`. */
export interface CorrespondenceOptions {
  /** Layers by index, as in `forwardIntermediates`; negative counts from the end. Default: all the encoder gives. */
  indices?: readonly number[];
  /**
   * Parts of a block to look at: the residual stream (`"token"`), or the queries, keys and values of its attention, where the encoder
   * gives them. Default `["token"]`.
   */
  facets?: readonly Facet[];
  /** The layer shown first, one of the first encoder's. Default: its last. */
  layer?: number;
  /** Known correspondences of the source and its one target: error lines, threshold circles and a PCK read-out. Default: none. */
  keypoints?: KeypointPair | SpairPairLike;
  /** A match counts as correct within `alpha` times the longer side of the box. Default 0.1. */
  alpha?: number;
  /** Queries pinned at first: points on the first image, in pixels. Default: none. */
  pins?: readonly (readonly [x: number, y: number])[];
  /** Similarity that the heat-map shows first. Default `"cosine"`. */
  similarity?: Similarity;
  /** Temperature of the softmax. Default 0.05. */
  temperature?: number;
  /** Fixed scale, or stretched to the values on screen. Default `"absolute"`. */
  scale?: ScaleMode;
  /** Color map of the heat-map; signed, centered values always use the diverging map. Default `"viridis"`. */
  colormap?: ColorMapName;
  /** Opacity of the heat-map over the image, 0..1. Default 0.5. */
  opacity?: number;
  /** Title above the view. Default: none. */
  title?: string;
  /** Names under the images, the source first. Default: file names, or "source" and "target". */
  labels?: readonly string[];
  /** Upper bound on the dimensions saved per layer for use without a kernel. Default 64, less where 300 KB need it. */
  savedDimensions?: number;
}

const NAMES: OptionNames<CorrespondenceOptions> = {
  indices: true,
  facets: true,
  layer: true,
  keypoints: true,
  alpha: true,
  pins: true,
  similarity: true,
  temperature: true,
  scale: true,
  colormap: true,
  opacity: true,
  title: true,
  labels: true,
  savedDimensions: true,
};

/** Images whose matching points can be explored. Show it as the last value of a cell, or by `display`. */
export class CorrespondenceView extends View {
  constructor(
    bundle: MimeBundle,
    /** Names the view on the comm. */
    readonly id: string,
    /** PCK over the given keypoints at each layer of the first encoder, by layer index; empty without keypoints. */
    readonly pck: ReadonlyMap<number, PairPCK>,
    /** Frees the full features; the viewer then shows the saved ones. */
    readonly dispose: () => void,
  ) {
    super(bundle);
  }
}

const WHERE = "view.correspondence";

/**
 * Features of images side by side: hover a patch of one and see where its nearest neighbours in the others lie. The bundle holds the
 * interactive view, a PNG and a text; the session keeps the full features for the browser.
 *
 * @param source the image that is asked
 * @param targets the image that answers, or up to eight of them
 * @param encoders an encoder, or up to eight to be compared on the same images
 * @throws ViewError on unreadable images, layers or options that break a rule.
 */
export async function correspondence(
  source: ImageInput,
  targets: ImageInput | readonly ImageInput[],
  encoders: FeatureExtractor | readonly FeatureExtractor[],
  options: CorrespondenceOptions = {},
): Promise<CorrespondenceView> {
  checkOptionNames("view.correspondence", options, NAMES, ViewError);
  checkOptions(options);
  const model = await buildModel([source, ...listOf(targets)], listOf(encoders), options);
  const pck = scoreLayers(model);
  const bundle = await saveView(model, pck, options.savedDimensions);
  const dispose = keepLive(
    serveFeatures(
      model.id,
      model.layers.map(({ set }) => set),
    ),
  );
  return new CorrespondenceView(bundle, model.id, pck[0] ?? new Map(), dispose);
}

function listOf<T extends object | string>(given: T | readonly T[]): T[] {
  return Array.isArray(given) ? [...(given as readonly T[])] : [given as T];
}

async function buildModel(
  inputs: ImageInput[],
  encoders: FeatureExtractor[],
  options: CorrespondenceOptions,
): Promise<ViewModel> {
  checkCounts(inputs, encoders, options);
  const images: RawImage[] = [];
  for (const input of inputs) images.push(await decodeImage(input, { fn: WHERE }));
  const layers: LayerModel[] = [];
  for (const [position, encoder] of encoders.entries())
    for (const facet of options.facets ?? ["token"])
      append(layers, await encoderLayers(inputs, images, encoder, { position, facet, indices: options.indices }));
  const current = currentLayer(mainLayers(layers), options.layer);
  return {
    id: platform().uuid(),
    images,
    labels: inputs.map((input, i) => options.labels?.[i] ?? labelOf(input, i === 0 ? "source" : targetName(inputs, i))),
    paths: inputs.map(imagePath),
    layers,
    current,
    truth: options.keypoints && groundTruth(WHERE, options.keypoints, options.alpha ?? 0.1, [images[0], images[1]]),
    pins: pinsAt(options.pins ?? [], layers[current].placements[0]),
    encoders: encoders.map((one) => ({ name: one.name, device: String(one.device), load: encoderLoad(one) })),
    title: options.title ?? "",
    similarity: options.similarity ?? "cosine",
    temperature: options.temperature ?? 0.05,
    scale: options.scale ?? "absolute",
    colormap: options.colormap ?? "viridis",
    opacity: options.opacity ?? 0.5,
  };
}

const targetName = (inputs: readonly ImageInput[], image: number): string =>
  inputs.length === 2 ? "target" : `target ${image}`;

function checkCounts(
  inputs: readonly ImageInput[],
  encoders: readonly FeatureExtractor[],
  { keypoints, labels, facets = ["token"] }: CorrespondenceOptions,
): void {
  const targets = inputs.length - 1;
  if (targets < 1 || targets > MOST_TARGETS)
    throw new ViewError(WHERE, `there must be 1..${MOST_TARGETS} targets`, targets);
  if (encoders.length < 1 || encoders.length > MOST_ENCODERS)
    throw new ViewError(WHERE, `there must be 1..${MOST_ENCODERS} encoders`, encoders.length);
  if (keypoints && targets > 1) throw new ViewError(WHERE, "keypoints need a single target", targets);
  if (labels && labels.length !== inputs.length)
    throw new ViewError(WHERE, `labels must name ${inputs.length} images`, labels.length);
  if (
    !Array.isArray(facets) ||
    facets.length === 0 ||
    new Set(facets).size < facets.length ||
    !facets.every((one) => FACETS.includes(one))
  )
    throw new ViewError(WHERE, `facets must be some of ${FACETS.join(", ")}, each once`, facets);
}

/** All layers that one encoder shows of one facet, with the features of every image. */
async function encoderLayers(
  inputs: readonly ImageInput[],
  images: readonly RawImage[],
  encoder: FeatureExtractor,
  { position, facet, indices }: { position: number; facet: Facet; indices: readonly number[] | undefined },
): Promise<LayerModel[]> {
  // An encoder that knows no facets is not asked for one.
  const more = { returnPrefixTokens: true, ...(facet !== "token" && { facet }) };
  const perImage: PlacedFeatures[][] = [];
  for (const [i, input] of inputs.entries())
    perImage.push(await extractFeatures(WHERE, encoder, input, images[i], indices, more));
  return perImage[0].map((_, i) => ({
    ...layerOf(perImage.map((layers) => layers[i])),
    encoder: position,
    facet,
  }));
}

function layerOf(features: readonly PlacedFeatures[]): Omit<LayerModel, "encoder" | "facet"> {
  const [{ layer, channels, prefix }] = features;
  for (const one of features)
    if (one?.channels !== channels || one.prefix.length !== prefix.length)
      throw new ViewError(WHERE, `all images must have ${channels} channels at layer ${layer}`, one?.channels);
  return {
    layer,
    set: {
      channels,
      features: features.map((one) => joinFloats([one.tokens, one.prefix])),
      prefix: prefix.length / channels,
    },
    placements: features.map(({ grid, region }): GridPlacement => ({ grid, region })),
  };
}

/** Position of the layer shown first, among the first encoder's: they come first. */
function currentLayer(layers: readonly LayerModel[], wanted: number | undefined): number {
  if (wanted === undefined) return layers.length - 1;
  const found = layers.findIndex(({ layer }) => layer === wanted);
  if (found >= 0) return found;
  if (wanted < 0 && wanted >= -layers.length) return layers.length + wanted;
  throw new ViewError(WHERE, `layer must be one of ${layers.map(({ layer }) => layer).join(", ")}`, wanted);
}

function pinsAt(points: readonly (readonly [number, number])[], placement: GridPlacement): Pin[] {
  return points.map((point) => {
    const patch = patchAt(placement, [point[0], point[1]]);
    if (patch !== undefined) return { side: 0, patch };
    throw new ViewError(WHERE, `pins must lie in ${placement.region.join(", ")}`, [...point]);
  });
}

function labelOf(input: ImageInput, otherwise: string): string {
  const path = input instanceof URL ? input.pathname : input;
  return typeof path === "string" ? (path.split(/[\\/]/).pop() ?? otherwise) : otherwise;
}

function checkOptions(options: CorrespondenceOptions): void {
  const {
    opacity = 0.5,
    temperature = 0.05,
    similarity = "cosine",
    scale = "absolute",
    savedDimensions = 64,
  } = options;
  if (!(opacity >= 0 && opacity <= 1)) throw new ViewError(WHERE, "opacity must lie in 0..1", opacity);
  if (!(temperature >= 1e-4 && temperature <= 100))
    throw new ViewError(WHERE, "temperature must lie in 0.0001..100", temperature);
  if (!SIMILARITIES.includes(similarity))
    throw new ViewError(WHERE, `similarity must be one of ${SIMILARITIES.join(", ")}`, similarity);
  if (scale !== "absolute" && scale !== "view") throw new ViewError(WHERE, "scale must be absolute or view", scale);
  if (!isWhole(savedDimensions))
    throw new ViewError(WHERE, "savedDimensions must be a positive integer", savedDimensions);
  checkColorMap(WHERE, options.colormap ?? "viridis");
}

/** PCK by layer, one map for each encoder. */
function scoreLayers({ encoders, layers, truth, similarity }: ViewModel): Map<number, PairPCK>[] {
  if (!truth) return [];
  return encoders.map((_, encoder) => {
    const own = mainLayers(layers, encoder);
    return new Map(
      own.map(({ layer, set, placements: [first, second] }) => {
        const pair = patchPair(similaritySpace(set, similarity), 0, 1);
        return [layer, pairPCK(pair, [first, second], truth)];
      }),
    );
  });
}
