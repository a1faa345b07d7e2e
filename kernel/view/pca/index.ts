import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { counted } from "../../protocol/core/words";
import type { LayerFeatures } from "../../contracts/features";
import { decodeImage, type ImageInput, type RawImage } from "../../data/image";
import { drawRows, wordsOf } from "../draw/figure/rows";
import { fitSize, fullColorBundle, pictureTile } from "../draw/pictures";
import { componentColors, type ComponentColors } from "../../protocol/core/component-colors";
import { View } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import { extractFeatures, imageFeatures, type FeatureExtractor, type PlacedFeatures } from "../extract";
import type { MimeBundle } from "../../display/host";
import { patientBar } from "../../display/progress";
import type { Drawn } from "../draw/figure/svg";

/** Options of `view.pca`. */
export interface PcaOptions {
  /** Layers by index; negative counts from the end. One row of pictures each. Default: the last. */
  indices?: readonly number[];
  /** Title above the view. Default: none. */
  title?: string;
  /** Longest side of each small picture in pixels. Default 144. */
  tile?: number;
  /** Called after each image that the encoder computed. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two images: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

const NAMES: OptionNames<PcaOptions> = {
  indices: true,
  title: true,
  tile: true,
  onProgress: true,
  signal: true,
};

/** Pictures of the first three principal components. */
export class PcaView extends View {
  constructor(
    bundle: MimeBundle,
    /** Share of the variance in each of the three components, by layer index. */
    readonly ratio: ReadonlyMap<number, readonly number[]>,
  ) {
    super(bundle);
  }
}

const WHERE = "view.pca";
interface Layer {
  layer: number;
  images: PlacedFeatures[];
  colors: ComponentColors;
}

/**
 * Shows features as colors: the first three principal components of the unit-length patch features, fitted jointly over all
 * images and shown as red, green and blue on common scales, so equal colors mean equal directions. The first row has the
 * images, each further row one layer.
 *
 * @param images an image, or several
 * @param source an encoder, or feature maps of the same images
 * @param options layers, title, size of the pictures
 * @throws ViewError without an image, for a tile out of range, or for maps of other images
 */
export async function pca(
  images: ImageInput | readonly ImageInput[],
  source: FeatureExtractor | LayerFeatures | readonly LayerFeatures[],
  options: PcaOptions = {},
): Promise<PcaView> {
  checkOptionNames("view.pca", options, NAMES, ViewError);
  const inputs = Array.isArray(images) ? (images as readonly ImageInput[]) : [images as ImageInput];
  if (inputs.length === 0) throw new ViewError(WHERE, "there must be an image", images);
  checkSource(source);
  const { tile = 144, title = "" } = options;
  if (!(Number.isInteger(tile) && tile >= 16 && tile <= 1024))
    throw new ViewError(WHERE, "tile must be an integer in 16..1024", tile);
  const pictures = await decodeAll(inputs);
  const layers = (await featuresOf(inputs, pictures, source, options)).map(fitLayer);
  const still = fullColorBundle(await drawPca(pictures, layers, tile, title));
  const ratio = new Map(layers.map(({ layer, colors }) => [layer, colors.components.ratio]));
  return new PcaView({ ...still, "text/plain": describe(layers, pictures, title) }, ratio);
}

async function decodeAll(images: readonly ImageInput[]): Promise<RawImage[]> {
  const pictures: RawImage[] = [];
  for (const image of images) pictures.push(await decodeImage(image, { fn: WHERE }));
  return pictures;
}

function checkSource(source: FeatureExtractor | LayerFeatures | readonly LayerFeatures[]): void {
  if (typeof source !== "object" || source === null)
    throw new ViewError(WHERE, "the source must be an encoder, as encoders.load returns it, or feature maps", source);
}

/** Features by layer, then by image. */
async function featuresOf(
  images: readonly ImageInput[],
  pictures: RawImage[],
  source: FeatureExtractor | LayerFeatures | readonly LayerFeatures[],
  { indices = [-1], onProgress = patientBar("Encoding", "pictures"), signal }: PcaOptions,
): Promise<PlacedFeatures[][]> {
  if (!isExtractor(source)) {
    const maps = isMany(source) ? source : [source];
    return maps.map((map) => pictures.map((picture, i) => imageFeatures(WHERE, map, picture, i)));
  }
  const perImage: PlacedFeatures[][] = [];
  for (const [i, image] of images.entries()) {
    signal?.throwIfAborted();
    perImage.push(await extractFeatures(WHERE, source, image, pictures[i], indices));
    onProgress({ done: i + 1, total: images.length });
  }
  return perImage[0].map((_, layer) => perImage.map((features) => features[layer]));
}

function isExtractor(source: object): source is FeatureExtractor {
  return typeof (source as Partial<FeatureExtractor>).forwardIntermediates === "function";
}

function isMany(source: LayerFeatures | readonly LayerFeatures[]): source is readonly LayerFeatures[] {
  return Array.isArray(source);
}

function fitLayer(images: PlacedFeatures[]): Layer {
  const { layer, channels } = images[0];
  const tokens = images.map((image) => image.tokens);
  return { layer, images, colors: componentColors(tokens, channels) };
}

/** One pixel a patch. */
function colorImages({ images, colors }: Layer): RawImage[] {
  return images.map(({ grid: [height, width] }, i) => ({
    data: new Uint8Array(colors.images[i].buffer),
    width,
    height,
    channels: 3,
  }));
}

async function drawPca(pictures: RawImage[], layers: Layer[], tile: number, title: string): Promise<string> {
  const sizes = pictures.map((picture) => fitSize(picture, tile));
  const row = (images: readonly RawImage[]): Promise<Drawn[]> =>
    Promise.all(images.map((image, i) => pictureTile(image, sizes[i])));
  const width = sizes.reduce((sum, size) => sum + size[0], 0);
  const heading = title ? [[wordsOf([{ text: title, size: 14, weight: "bold" }], width)]] : [];
  const rows = [...heading, await row(pictures)];
  for (const layer of layers) {
    const shares = layer.colors.components.ratio.map((ratio) => (100 * ratio).toFixed(0)).join(" + ");
    const text = `layer ${layer.layer}: ${shares} % of variance`;
    rows.push([wordsOf([{ text }], width)], await row(placed(colorImages(layer), layer.images, pictures)));
  }
  return drawRows(rows).svg;
}

/** Puts the patches where they lie on the image; parts that the encoder did not see stay grey. */
function placed(colors: RawImage[], features: PlacedFeatures[], pictures: RawImage[]): RawImage[] {
  return colors.map((color, i) => {
    const { width, height } = pictures[i];
    const { region, grid } = features[i];
    const data = new Uint8Array(width * height * 3).fill(230);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const column = Math.floor(((x + 0.5 - region[0]) / (region[2] - region[0])) * grid[1]);
        const row = Math.floor(((y + 0.5 - region[1]) / (region[3] - region[1])) * grid[0]);
        if (column < 0 || row < 0 || column >= grid[1] || row >= grid[0]) continue;
        const from = (row * grid[1] + column) * 3;
        data.set(color.data.subarray(from, from + 3), (y * width + x) * 3);
      }
    return { data, width, height, channels: 3 };
  });
}

function describe(layers: Layer[], pictures: RawImage[], title: string): string {
  const lines = layers.map(({ layer, images, colors }) => {
    const [{ grid, channels }] = images;
    const shares = colors.components.ratio.map((ratio) => `${(100 * ratio).toFixed(1)} %`).join(", ");
    return `layer ${layer}: features [${images.length}, ${grid[0] * grid[1]}, ${channels}] on ${grid.join(" x ")} patches; components hold ${shares} of the variance`;
  });
  const head = `${title ? `${title}: ` : ""}first three principal components of ${counted(pictures.length, "image")} as red, green, blue`;
  return [head, ...lines].join("\n");
}
