import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { View } from "../../display/display";
import type { JSONValue, MimeBundle } from "../../display/host";
import { platform } from "../../platform";
import { relative, resolve } from "../../platform/path";
import { base64Encode } from "../../protocol/core/base64";
import { ViewError } from "../../protocol/core/error";
import { quantize, type Int8Matrix } from "../../protocol/core/quantize";
import { MAX_SAVED_BYTES } from "../../protocol/core/saved";
import {
  GALLERY_MIME,
  MAX_GALLERY,
  savePlaces,
  type GalleryPayload,
  type SavedThumb,
} from "../../protocol/gallery/payload";
import { keepLive } from "../live";
import { pathFromNotebook } from "../origin";
import { principalComponents, project, type Components } from "../../numeric/components";
import { GalleryFeatures, storedLayer, type FeatureFolderLike, type GalleryProgress } from "./features";
import { describeGallery, drawGallery } from "./picture";
import { GalleryPictures, type PictureRoot } from "./pictures";
import { serveGallery } from "./serve";
import { patientBar } from "../../display/progress";

export type { FeatureFolderLike, FeatureLineLike, GalleryProgress } from "./features";
export type { PictureRoot } from "./pictures";

/** Options of `view.gallery`. */
export interface GalleryOptions {
  /**
   * Place of the pictures: the folder that the manifest's paths begin at, or a function that gives the picture of a path. Default:
   * paths as the manifest has them, from the notebook's folder.
   */
  pictures?: PictureRoot;
  /** Layer whose features are compared, one of those stored. Default: the last. */
  layer?: number;
  /** Path of the picture shown first, as the manifest or the view has it. Default: the first. */
  current?: string;
  /** Most pictures, 1 to 20,000, in the manifest's order. Default 5000. */
  limit?: number;
  /** Title. Default: none. */
  title?: string;
  /** Called while features are read. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: GalleryProgress) => void;
  /** Ends the reading of features. Default: none. */
  signal?: AbortSignal;
}

const NAMES: OptionNames<GalleryOptions> = {
  pictures: true,
  layer: true,
  current: true,
  limit: true,
  title: true,
  onProgress: true,
  signal: true,
};

/** Pictures that can be explored by their features. Show it as the last value of a cell, or by `display`. */
export class GalleryView extends View {
  constructor(
    bundle: MimeBundle,
    /** Names the view on the comm. */
    readonly id: string,
    /** Paths of the pictures, in the order of the view. */
    readonly paths: readonly string[],
    /** Returns the paths nearest to a picture of the view with the cosines of the mean features, best first. */
    readonly nearest: (path: string, count?: number) => { path: string; cosine: number }[],
    /** Frees the features; the viewer then shows the saved ones. */
    readonly dispose: () => void,
  ) {
    super(bundle);
  }
}

const WHERE = "view.gallery";
const DEFAULT_LIMIT = 5000;
/** Enough for a basis that only has to keep dot products. */
const FEW_ITERATIONS = 3;
/** Bytes before base64 of the reduced features, characters of the names and of the small pictures, names of pictures without features. */
const [REDUCED_BYTES, NAME_CHARACTERS, THUMB_CHARACTERS, MOST_SKIPPED] = [45_000, 40_000, 90_000, 20];
const MOST_DIMS = 64;
/** Small pictures in the notebook. */
const MOST_THUMBS = 60;

/**
 * Pictures of a folder of features: a grid of any length, the nearest neighbors of a picture or of one of its patches, and all
 * pictures on their first two principal components. A picture's vector is the mean of its patches' unit vectors; neighbors are by
 * cosine. Small pictures come over the comm as they scroll into sight; the bundle holds an interactive view with a sample of them, a
 * PNG and a text, at most 300 KB.
 *
 * @param folder of `features.open`
 * @param options place of the pictures, layer, limit
 * @throws ViewError for a folder without features, or options that break a rule
 */
export async function gallery(folder: FeatureFolderLike, options: GalleryOptions = {}): Promise<GalleryView> {
  checkOptionNames("view.gallery", options, NAMES, ViewError);
  const { limit = DEFAULT_LIMIT, onProgress = patientBar("Reading", "pictures"), signal } = options;
  checkOptions(folder, options);
  const paths = folder.paths.slice(0, limit);
  const current = currentOf(paths, options.current);
  const features = new GalleryFeatures(WHERE, folder, paths, storedLayer(WHERE, folder, options.layer));
  await features.readAll(onProgress, signal);
  const pictures = new GalleryPictures(WHERE, paths, options.pictures);
  const payload = await buildPayload(folder, features, pictures, current, options);
  const room = MAX_SAVED_BYTES - 16 * 1024 - JSON.stringify(payload).length;
  const bundle: MimeBundle = {
    [GALLERY_MIME]: payload as unknown as JSONValue,
    ...(await drawGallery(payload, features, pictures, room)),
    "text/plain": describeGallery(payload, features),
  };
  const dispose = keepLive(serveGallery({ id: payload.view, features, pictures }));
  return new GalleryView(bundle, payload.view, paths, (path, count = 8) => nearestOf(features, path, count), dispose);
}

function nearestOf(features: GalleryFeatures, path: string, count: number): { path: string; cosine: number }[] {
  const index = currentOf(features.paths, path);
  if (!Number.isInteger(count) || count < 1)
    throw new ViewError(WHERE, "count must be an integer of at least 1", count);
  return features.nearPicture(index, count).map((one) => ({ path: features.paths[one.index], cosine: one.score }));
}

function checkOptions(folder: FeatureFolderLike, { limit = DEFAULT_LIMIT, pictures }: GalleryOptions): void {
  if (typeof folder === "string")
    throw new ViewError(WHERE, "a folder must be opened: view.gallery(await features.open(folder))", folder);
  if (typeof folder?.maps !== "function" || !(folder.images instanceof Map))
    throw new ViewError(WHERE, "folder must be what features.open returns", folder);
  if (folder.paths.length === 0)
    throw new ViewError(WHERE, "the folder must hold the features of a picture", folder.folder);
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_GALLERY))
    throw new ViewError(WHERE, `limit must be an integer in 1..${MAX_GALLERY}`, limit);
  if (pictures !== undefined && typeof pictures !== "string" && typeof pictures !== "function")
    throw new ViewError(WHERE, "pictures must be a folder, or a function of a path", pictures);
}

function currentOf(paths: readonly string[], wanted: string | undefined): number {
  const own = wanted === undefined ? 0 : paths.indexOf(wanted);
  // The code of a saved view calls a picture as the view does.
  const found = own >= 0 ? own : paths.findIndex((path) => shownName(path) === wanted);
  if (found >= 0) return found;
  throw new ViewError(WHERE, `a picture must be one of the ${paths.length} paths of the view`, wanted);
}

async function buildPayload(
  folder: FeatureFolderLike,
  features: GalleryFeatures,
  pictures: GalleryPictures,
  current: number,
  { title = "", pictures: root }: GalleryOptions,
): Promise<GalleryPayload> {
  const { paths, layer } = features;
  const skipped = [...folder.images.values()].filter(({ status }) => status !== "ok");
  const { places, ratio } = placesOf(features);
  return {
    version: 1,
    view: platform().uuid(),
    title,
    encoder: folder.run.encoder.name,
    ...originOf(folder, root),
    layer: layer.layer,
    channels: layer.channels,
    grid: layer.grid,
    count: paths.length,
    total: folder.paths.length,
    skipped: skipped
      .slice(0, MOST_SKIPPED)
      .map(({ path, reason = "" }) => ({ path: path.slice(-300), reason: reason.slice(0, 300) })),
    skippedCount: skipped.length,
    names: firstNames(paths),
    places: savePlaces(places),
    ratio,
    reduced: reduce(features),
    thumbs: await sampleThumbs(features, pictures, current),
    current,
  };
}

/** Places of the features and of the pictures, as far as the view's code can name them. */
function originOf(
  { folder }: FeatureFolderLike,
  root: PictureRoot | undefined,
): Pick<GalleryPayload, "folder" | "root"> {
  const [from, pictures] = [folder, root].map((path) =>
    typeof path === "string" ? pathFromNotebook(path) : undefined,
  );
  return { ...(from !== undefined && { folder: from }), ...(pictures !== undefined && { root: pictures }) };
}

/** All pictures on the first two principal components; one component, or none, where there are too few. */
function placesOf({ vectors, layer: { channels }, paths }: GalleryFeatures): {
  places: Float32Array;
  ratio: [number, number];
} {
  const places = new Float32Array(2 * paths.length);
  const dims = Math.min(2, channels, paths.length);
  const components: Components = principalComponents(vectors, channels, dims);
  const coordinates = project(vectors, components);
  for (let i = 0; i < paths.length; i++)
    for (let axis = 0; axis < dims; axis++) places[2 * i + axis] = coordinates[i * dims + axis];
  const [first = 0, second = 0] = components.ratio;
  const share = (value: number): number => Number(Math.min(1, value).toFixed(4));
  return { places, ratio: [share(first), share(second)] };
}

function reduce({ vectors, layer: { channels }, paths }: GalleryFeatures): Int8Matrix {
  const dims = Math.max(1, Math.min(MOST_DIMS, channels, paths.length, Math.floor(REDUCED_BYTES / paths.length)));
  const options = { center: false, iterations: FEW_ITERATIONS };
  return quantize(project(vectors, principalComponents(vectors, channels, dims, options)), dims);
}

/** Names of the first pictures; a saved notebook tells no folders of its machine. */
function firstNames(paths: readonly string[]): string[] {
  let left = NAME_CHARACTERS;
  const names: string[] = [];
  for (const path of paths) {
    const name = shownName(path);
    left -= name.length + 4;
    if (left < 0) break;
    names.push(name);
  }
  return names;
}

function shownName(path: string): string {
  const inside = relative(platform().folder(), resolve(path));
  const name = inside.startsWith("..") ? path.split(/[\\/]/).slice(-2).join("/") : inside;
  return name.slice(-200);
}

/** Small pictures of the picture shown first, its neighbors, and others at even distances. */
async function sampleThumbs(
  features: GalleryFeatures,
  pictures: GalleryPictures,
  current: number,
): Promise<SavedThumb[]> {
  const { paths } = features;
  const near = features.nearPicture(current, 12).map(({ index }) => index);
  const step = Math.max(1, paths.length / MOST_THUMBS);
  const even = Array.from({ length: Math.min(MOST_THUMBS, paths.length) }, (_, i) => Math.floor(i * step));
  const thumbs: SavedThumb[] = [];
  let left = THUMB_CHARACTERS;
  for (const index of new Set([current, ...near, ...even])) {
    const small = await pictures.thumb(index);
    if (!("file" in small)) continue;
    const data = base64Encode(small.file);
    left -= data.length;
    if (left < 0) break;
    thumbs.push({ index, data });
  }
  return thumbs;
}
