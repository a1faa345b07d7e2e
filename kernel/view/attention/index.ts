import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { decodeImage, type ImageInput, type RawImage } from "../../data/image";
import { View } from "../../display/display";
import type { JSONValue, MimeBundle } from "../../display/host";
import { platform } from "../../platform";
import { meanQuery, type AttentionShape, type HeadNumbers } from "../../protocol/attention/arithmetic";
import {
  ATTENTION_MIME,
  ATTENTION_SCALES,
  MAX_PICTURES,
  type AttentionPayload,
  type AttentionPicture,
  type AttentionScale,
} from "../../protocol/attention/payload";
import { base64Encode } from "../../protocol/core/base64";
import { checkColorMap, type ColorMapName } from "../../protocol/core/color";
import { ViewError } from "../../protocol/core/error";
import { patchAt } from "../../protocol/core/geometry";
import { MAX_SAVED_BYTES } from "../../protocol/core/saved";
import { encodeJpeg } from "../draw/pictures";
import { keepLive } from "../live";
import { encoderLoad, imagePath } from "../origin";
import { describeAttention, drawAttention } from "./picture";
import { readAttentions } from "./read";
import { KeptAttention, serveAttention } from "./serve";
import {
  encoderSource,
  mapSource,
  type AttentionEncoder,
  type AttentionMapLike,
  type AttentionSource,
  type LayerAttention,
} from "./source";
import { isWhole } from "../../rules/rule-error";

export type { AttentionEncoder, AttentionMapLike } from "./source";
export type { HeadNumbers } from "../../protocol/attention/arithmetic";
export type { AttentionScale } from "../../protocol/attention/payload";

/** Token whose attention is shown: the class token, the mean over all patches, or the patch at a point of the first picture. */
export type AttentionQuery = "class" | "mean" | readonly [x: number, y: number];

/** Options of `view.attention`. */
export interface AttentionOptions {
  /** Layers by index, as in `encoder.attention`; negative counts from the end. Default: all whose attention the encoder shows. */
  indices?: readonly number[];
  /** Layer shown first, one of `indices`. Default: the last. */
  layer?: number;
  /** Head shown enlarged at first, from 0. Default 0. */
  head?: number;
  /** Query shown first. Default: the class token, or the mean over all patches where there is none. */
  query?: AttentionQuery;
  /** Upper end of the colors: `heads`, the largest value of all heads; `head`, each head's own; `absolute`, 1. Default `"heads"`. */
  scale?: AttentionScale;
  /** Color map. Default `"viridis"`. */
  colormap?: ColorMapName;
  /** Opacity of the maps over the picture, 0 to 1. Default 0.6. */
  opacity?: number;
  /** Title. Default: none. */
  title?: string;
  /** Names of the pictures. Default: file names, or numbers. */
  labels?: readonly string[];
}

const NAMES: OptionNames<AttentionOptions> = {
  indices: true,
  layer: true,
  head: true,
  query: true,
  scale: true,
  colormap: true,
  opacity: true,
  title: true,
  labels: true,
};

/** Attention that can be explored. Show it as the last value of a cell, or by `display`. */
export class AttentionView extends View {
  constructor(
    bundle: MimeBundle,
    /** Names the view on the comm. */
    readonly id: string,
    /** Entropy and mean distance of every head, by layer index, of the first picture. */
    readonly numbers: ReadonlyMap<number, readonly HeadNumbers[]>,
    /** Frees the attention and the encoder; the viewer then shows the saved rows. */
    readonly dispose: () => void,
  ) {
    super(bundle);
  }
}

const WHERE = "view.attention";
/** Longest side of a picture in the viewer; the next smaller one where a JPEG is too large. */
const SIDES = [320, 224, 160, 112];
const IMAGE_BYTES = 30_000;
/** Characters of JSON around the data. */
const OVERHEAD = 24 * 1024;

/**
 * Attention of a vision transformer over pictures: the class token, a register or any patch as the query, every layer and head.
 * `view.attention(picture, encoder)` computes layers when they are asked for; `view.attention(picture, maps)` shows maps that
 * `encoder.attention` returned. The bundle holds the interactive view, a PNG and a text, at most 300 KB.
 *
 * @param images one picture or several, at most 16
 * @param source an encoder whose graph shows its attention, or maps of these pictures
 * @param options layers, query, colors
 * @throws ViewError for pictures, maps or options that break a rule; `EncoderError` where the encoder hides its attention
 */
export async function attention(
  images: ImageInput | readonly ImageInput[],
  source: AttentionEncoder | AttentionMapLike | readonly AttentionMapLike[],
  options: AttentionOptions = {},
): Promise<AttentionView> {
  checkOptionNames("view.attention", options, NAMES, ViewError);
  checkOptions(options);
  const inputs = Array.isArray(images) ? (images as readonly ImageInput[]) : [images as ImageInput];
  if (inputs.length < 1 || inputs.length > MAX_PICTURES)
    throw new ViewError(WHERE, `there must be 1 to ${MAX_PICTURES} pictures`, inputs.length);
  const pictures: RawImage[] = [];
  for (const input of inputs) pictures.push(await decodeImage(input, { fn: WHERE }));
  const from = sourceOf(source, inputs, pictures, options);
  return showAttention(inputs, pictures, from, options);
}

function sourceOf(
  source: AttentionEncoder | AttentionMapLike | readonly AttentionMapLike[],
  inputs: readonly ImageInput[],
  pictures: readonly RawImage[],
  { indices }: AttentionOptions,
): AttentionSource {
  if ("attention" in source) return encoderSource(WHERE, source, inputs, pictures, indices);
  const maps = Array.isArray(source) ? (source as readonly AttentionMapLike[]) : [source as AttentionMapLike];
  if (!maps.length || !maps.every(({ data }) => data instanceof Float32Array))
    throw new ViewError(WHERE, "source must be an encoder, or maps that encoder.attention returned", source);
  return mapSource(WHERE, maps, pictures);
}

async function showAttention(
  inputs: readonly ImageInput[],
  pictures: readonly RawImage[],
  source: AttentionSource,
  options: AttentionOptions,
): Promise<AttentionView> {
  const kept = new KeptAttention(source);
  const current = currentLayer(source, options.layer);
  const first = await kept.layer(0, source.layers[current]);
  const query = queryOf(options.query, first);
  const head = headOf(options.head ?? 0, first.shape);
  const read = await readAttentions(WHERE, source, kept, pictures.length, { attention: first, query });
  const payload: AttentionPayload = {
    version: 1,
    view: platform().uuid(),
    title: options.title ?? "",
    encoder: source.name,
    device: source.device,
    pictures: await savePictures(pictures, inputs, read.regions, options.labels),
    prefix: first.shape.prefix,
    grid: first.shape.grid,
    layers: source.layers.map((layer, i) => ({ layer, heads: read.heads[i] })),
    numbers: read.numbers,
    saved: read.saved,
    picture: 0,
    layer: current,
    head,
    query,
    scale: options.scale ?? "heads",
    colormap: options.colormap ?? "viridis",
    opacity: options.opacity ?? 0.6,
    ...loadOf(source),
  };
  const bundle = await bundleOf(payload, pictures[0], first);
  const numbers = new Map(source.layers.map((layer, i) => [layer, read.numbers[0][i]]));
  const dispose = keepLive(serveAttention(payload.view, source, kept, pictures.length));
  return new AttentionView(bundle, payload.view, numbers, dispose);
}

async function bundleOf(payload: AttentionPayload, picture: RawImage, first: LayerAttention): Promise<MimeBundle> {
  const room = MAX_SAVED_BYTES - OVERHEAD - JSON.stringify(payload).length;
  return {
    [ATTENTION_MIME]: payload as unknown as JSONValue,
    ...(await drawAttention(payload, picture, first, room)),
    "text/plain": describeAttention(payload, first),
  };
}

function loadOf({ encoder }: AttentionSource): Pick<AttentionPayload, "load"> {
  const load = encoder && encoderLoad(encoder);
  return load ? { load } : {};
}

function currentLayer({ layers }: AttentionSource, wanted: number | undefined): number {
  if (wanted === undefined) return layers.length - 1;
  const found = layers.indexOf(wanted);
  if (found >= 0) return found;
  if (wanted < 0 && wanted >= -layers.length) return layers.length + wanted;
  throw new ViewError(WHERE, `layer must be one of ${layers.join(", ")}`, wanted);
}

function headOf(head: number, { heads }: AttentionShape): number {
  if (isWhole(head, 0) && head < heads) return head;
  throw new ViewError(WHERE, `head must be an integer in 0..${heads - 1}`, head);
}

function queryOf(wanted: AttentionQuery | undefined, { shape, region }: LayerAttention): number {
  if (wanted === undefined) return shape.prefix > 0 ? 0 : meanQuery(shape);
  if (wanted === "mean") return meanQuery(shape);
  if (wanted === "class") {
    if (shape.prefix > 0) return 0;
    throw new ViewError(WHERE, "query must be mean or a point: the encoder has no class token", wanted);
  }
  const isPoint = Array.isArray(wanted) && wanted.length === 2 && wanted.every(Number.isFinite);
  const patch = isPoint ? patchAt({ grid: shape.grid, region }, [wanted[0], wanted[1]]) : undefined;
  if (patch !== undefined) return shape.prefix + patch;
  throw new ViewError(WHERE, `query must be class, mean or a point in ${region.join(", ")}`, wanted);
}

/** The pictures for the viewer: the first one larger, all of them together within a share of the notebook's bytes. */
async function savePictures(
  pictures: readonly RawImage[],
  inputs: readonly ImageInput[],
  regions: readonly AttentionPicture["region"][],
  labels: readonly string[] | undefined,
): Promise<AttentionPicture[]> {
  const share = IMAGE_BYTES / Math.sqrt(pictures.length);
  const files = await Promise.all(pictures.map((picture) => smallFile(picture, share)));
  return pictures.map(({ width, height }, i) => {
    const path = imagePath(inputs[i]);
    const label = labels?.[i] ?? path?.split(/[\\/]/).pop() ?? `picture ${i + 1}`;
    const image = { label, width, height, mime: "image/jpeg" as const, data: base64Encode(files[i]) };
    return { image: path === undefined ? image : { ...image, path }, region: regions[i] };
  });
}

async function smallFile(picture: RawImage, bytes: number): Promise<Uint8Array> {
  let file = new Uint8Array();
  for (const side of SIDES) {
    file = new Uint8Array(await encodeJpeg(picture, side, 80));
    if (file.length <= bytes) break;
  }
  return file;
}

function checkOptions({ opacity = 0.6, scale = "heads", colormap = "viridis" }: AttentionOptions): void {
  if (!(opacity >= 0 && opacity <= 1)) throw new ViewError(WHERE, "opacity must lie in 0..1", opacity);
  if (!ATTENTION_SCALES.includes(scale))
    throw new ViewError(WHERE, `scale must be one of ${ATTENTION_SCALES.join(", ")}`, scale);
  checkColorMap(WHERE, colormap);
}
