import { sha256, sha256Of } from "../platform";
import type { RawImage } from "../data/image";
import * as world from "../data/world";
import type { SceneOptions, Split } from "../data/world";
import { FeatureError } from "./error";
import { type ImageFile, listImages, readImage } from "./images";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

/** A picture that is decoded or drawn already. */
export interface NamedPicture {
  /** By it its features are found. */
  name: string;
  picture: RawImage;
  /** Plain data that is kept beside the features, such as labels or questions. */
  note?: unknown;
}

/** Pictures that are drawn one by one, when they are wanted. */
export interface PictureSource {
  /** One a picture, each once. */
  readonly names: readonly string[];
  /**
   * With a name, all that decides a picture and its note: those that are there are then not drawn again. Default: each
   * picture is drawn, and compared by its pixels.
   */
  readonly identity?: string;
  draw(name: string, index: number): Omit<NamedPicture, "name"> | Promise<Omit<NamedPicture, "name">>;
}

/**
 * Pictures to extract: a folder (of SPair-71k's layout: its `JPEGImages`), a text file with a path a line, paths, decoded
 * pictures with names (all of them are in memory), or a source that draws them.
 */
export type ImageSource =
  string | readonly string[] | Iterable<NamedPicture> | AsyncIterable<NamedPicture> | PictureSource;

/** A picture's bytes or pixels with their SHA-256, or why there are none. */
export type ReadPicture = { input: Uint8Array | RawImage; sha256: string; note?: unknown } | { reason: string };

/** One picture to extract, read when its turn comes. */
export interface ImageItem {
  path: string;
  /** SHA-256 where it is known without reading. */
  sha256?: string;
  read(): Promise<ReadPicture>;
}

/**
 * The pictures of a source, in its order.
 *
 * @throws FeatureError for no source, or a name that stands twice
 */
export async function itemsOf(fn: string, source: ImageSource): Promise<ImageItem[]> {
  if (isSource(source)) return drawnItems(fn, source);
  if (typeof source === "string") return (await listImages(fn, source)).map(fileItem);
  const given = await collect(fn, source);
  const paths = given.filter((one) => typeof one === "string");
  if (paths.length === given.length) return (await listImages(fn, paths)).map(fileItem);
  return drawnItems(fn, pictureSource(fn, given));
}

function isSource(source: ImageSource): source is PictureSource {
  return typeof source === "object" && source !== null && "names" in source && "draw" in source;
}

async function collect(
  fn: string,
  source: Exclude<ImageSource, string | PictureSource>,
): Promise<(string | NamedPicture)[]> {
  const isIterable =
    typeof source === "object" && source !== null && (Symbol.iterator in source || Symbol.asyncIterator in source);
  if (!isIterable) throw new FeatureError(fn, "images must be a folder, paths, or pictures with names", source);
  const found: (string | NamedPicture)[] = [];
  for await (const one of source) found.push(one);
  return found;
}

function pictureSource(fn: string, given: readonly (string | NamedPicture)[]): PictureSource {
  const pictures = given.map((one) => {
    if (typeof one === "object" && one !== null && typeof one.name === "string" && one.name) return one;
    throw new FeatureError(fn, "each picture must have a name and pixels", one);
  });
  return { names: pictures.map(({ name }) => name), draw: (_, index) => pictures[index] };
}

const fileItem = (image: ImageFile): ImageItem => ({ path: image.path, read: () => readImage(image) });

function drawnItems(fn: string, source: PictureSource): ImageItem[] {
  const { names, identity } = source;
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw new FeatureError(fn, "names of pictures must differ", twice);
  return names.map((path, index) => {
    const sha256 = identity === undefined ? undefined : sha256Of(JSON.stringify([identity, path]));
    const read = async (): Promise<ReadPicture> => {
      const { picture, note } = await source.draw(path, index);
      return { input: picture, sha256: sha256 ?? hashPixels(picture), note };
    };
    return { path, sha256, read };
  });
}

function hashPixels({ data, width, height }: RawImage): string {
  return sha256().update(`${width} x ${height} `).update(data).digest("hex");
}

/** Pictures of the synthetic world by seed. */
export interface WorldPictureOptions extends Pick<SceneOptions, "size"> {
  /** Those of the seeds 0, 1, …. */
  count: number;
  /** Default `train`. */
  split?: Split;
}

const WORLD_NAMES: OptionNames<WorldPictureOptions> = { count: true, split: true, size: true };

/** Scenes of `data.world`, drawn as they are extracted; the captions are kept as notes. */
export function worldPictures(options: WorldPictureOptions): PictureSource {
  checkOptionNames("features.worldPictures", options, WORLD_NAMES, FeatureError);
  const { count, split = "train", size } = options;
  return {
    names: Array.from({ length: count }, (_, seed) => `${split}-${seed}`),
    identity: JSON.stringify({ world: "scene", split, size }),
    draw: (_, seed) => {
      const picture = world.render(world.scene(seed, { split, size }));
      return { picture, note: picture.captions };
    },
  };
}
