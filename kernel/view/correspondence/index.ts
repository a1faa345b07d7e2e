import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { decodeImage, type ImageInput, type RawImage } from "../../data/image";
import { checkColorMap, type ColorMapName } from "../../protocol/core/color";
import { View } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import { extractFeatures, type FeatureExtractor, type PlacedFeatures } from "../extract";
import { patchAt, type GridPlacement } from "../../protocol/core/geometry";
import type { MimeBundle } from "../../display/host";
import { keepLive } from "../live";
import { type LayerModel, saveView, type ViewModel } from "./save";
import { SIMILARITIES, type Similarity } from "../../protocol/core/scale";
import { similaritySpace } from "../../protocol/correspondence/match";
import type { Pin } from "../../protocol/correspondence/payload";
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
  /** The layer shown first, one of `layers`. Default: the last. */
  layer?: number;
  /** Known correspondences: error lines, threshold circles and a PCK read-out. Default: none. */
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
  /** Names under the two images. Default: file name, or "source" and "target". */
  labels?: readonly [string, string];
  /** Upper bound on the dimensions saved per layer for use without a kernel. Default 64, less where 300 KB need it. */
  savedDimensions?: number;
}

const NAMES: OptionNames<CorrespondenceOptions> = {
  indices: true,
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

/** Two images whose matching points can be explored. Show it as the last value of a cell, or by `display`. */
export class CorrespondenceView extends View {
  constructor(
    bundle: MimeBundle,
    /** Names the view on the comm. */
    readonly id: string,
    /** PCK over the given keypoints at each layer, by layer index; empty without keypoints. */
    readonly pck: ReadonlyMap<number, PairPCK>,
    /** Frees the full features; the viewer then shows the saved ones. */
    readonly dispose: () => void,
  ) {
    super(bundle);
  }
}

const WHERE = "view.correspondence";

/**
 * Features of two images, side by side: hover a patch of one and see where its nearest neighbour in the other lies.
 * The bundle holds the interactive view, a PNG and a text; the session keeps the full features for the browser.
 * @throws ViewError on unreadable images, layers or options that break a rule.
 */
export async function correspondence(
  a: ImageInput,
  b: ImageInput,
  encoder: FeatureExtractor,
  options: CorrespondenceOptions = {},
): Promise<CorrespondenceView> {
  checkOptionNames("view.correspondence", options, NAMES, ViewError);
  checkOptions(options);
  const model = await buildModel(a, b, encoder, options);
  const pck = scoreLayers(model);
  const bundle = await saveView(model, pck, options.savedDimensions);
  const dispose = keepLive(
    serveFeatures(
      model.id,
      model.layers.map(({ pair }) => pair),
    ),
  );
  return new CorrespondenceView(bundle, model.id, pck, dispose);
}

async function buildModel(
  a: ImageInput,
  b: ImageInput,
  encoder: FeatureExtractor,
  options: CorrespondenceOptions,
): Promise<ViewModel> {
  const images: [RawImage, RawImage] = [await decodeImage(a, { fn: WHERE }), await decodeImage(b, { fn: WHERE })];
  const first = await extractFeatures(WHERE, encoder, a, images[0], options.indices);
  const second = await extractFeatures(WHERE, encoder, b, images[1], options.indices);
  const layers = first.map((features, i) => pairLayer(features, second[i]));
  const current = currentLayer(layers, options.layer);
  return {
    id: platform().uuid(),
    images,
    labels: options.labels ? [...options.labels] : [labelOf(a, "source"), labelOf(b, "target")],
    paths: [imagePath(a), imagePath(b)],
    layers,
    current,
    truth: options.keypoints && groundTruth(WHERE, options.keypoints, options.alpha ?? 0.1, images),
    pins: pinsAt(options.pins ?? [], layers[current].placements[0]),
    encoder: encoder.name,
    load: encoderLoad(encoder),
    device: String(encoder.device),
    title: options.title ?? "",
    similarity: options.similarity ?? "cosine",
    temperature: options.temperature ?? 0.05,
    scale: options.scale ?? "absolute",
    colormap: options.colormap ?? "viridis",
    opacity: options.opacity ?? 0.5,
  };
}

function pairLayer(first: PlacedFeatures, second: PlacedFeatures | undefined): LayerModel {
  if (second?.channels !== first.channels)
    throw new ViewError(
      WHERE,
      `both images must have ${first.channels} channels at layer ${first.layer}`,
      second?.channels,
    );
  const placement = ({ grid, region }: GridPlacement): GridPlacement => ({ grid, region });
  return {
    layer: first.layer,
    pair: { channels: first.channels, features: [first.tokens, second.tokens] },
    placements: [placement(first), placement(second)],
  };
}

function currentLayer(layers: LayerModel[], wanted: number | undefined): number {
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

function scoreLayers({ layers, truth, similarity }: ViewModel): Map<number, PairPCK> {
  if (!truth) return new Map();
  return new Map(
    layers.map(({ layer, pair, placements }) => [layer, pairPCK(similaritySpace(pair, similarity), placements, truth)]),
  );
}
