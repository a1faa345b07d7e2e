import { platform } from "../../../platform";
import { crowd } from "../scenes/crowd";
import { factsOf, type ObjectFacts } from "../language/facts";
import { render, type Rendered } from "../draw/render";
import type { Scene, Split } from "../scenes/scene";

/** What a data set is made from; the content of its `world_<split>.json`. */
export interface WriteSpec {
  readonly format: 1;
  readonly layout: LayoutName;
  readonly split: Split;
  readonly seed: number;
  readonly count: number;
  readonly size: number;
}

/** The layouts that {@link write} knows. */
export const layoutNames = ["coco", "refcoco", "dense", "gqa"] as const;

/** Name of a layout. */
export type LayoutName = (typeof layoutNames)[number];

/** One image of a data set, drawn. */
export interface Picture {
  /** Number of the image: the seed of its crowd. */
  readonly id: number;
  /** File name without its ending. */
  readonly name: string;
  readonly scene: Scene;
  readonly image: Rendered;
  readonly objects: readonly ObjectFacts[];
}

/** A file below the data set's folder. */
export type OutputFile = readonly [path: string, content: Uint8Array | string];

/** How one layout turns pictures into files. What `record` returns is plain JSON and is kept until all images are there. */
export interface Layout<R extends object> {
  readonly files: (picture: Picture, spec: WriteSpec) => Promise<OutputFile[]>;
  readonly record: (picture: Picture, spec: WriteSpec) => R;
  readonly documents: (records: readonly R[], spec: WriteSpec) => OutputFile[];
}

/** A layout whose records come back from JSON, where their type is lost. */
export type AnyLayout = Layout<object>;

/** The same layout for records that its own `record` made. */
export function layoutOf<R extends object>(layout: Layout<R>): AnyLayout {
  return { ...layout, documents: (records, spec) => layout.documents(records as readonly R[], spec) };
}

/** Seeds of one data set lie apart from those of the next. */
export const MOST_IMAGES = 1e5;

/** Draw image `index` of a data set. */
export function drawPicture(spec: WriteSpec, index: number): Picture {
  const id = spec.seed * MOST_IMAGES + index;
  const scene = crowd(id, { split: spec.split, size: spec.size });
  const image = render(scene);
  return { id, name: `${spec.split}_${String(id).padStart(9, "0")}`, scene, image, objects: factsOf(scene, image) };
}

const JPEG_QUALITY = 95;

/** The image as a JPEG file without chroma subsampling. */
export function jpegOf({ image }: Picture): Promise<Uint8Array> {
  return platform().codec.exactJpeg(image, JPEG_QUALITY);
}

/** A map of one or three channels as a PNG file. */
export function pngOf({ image }: Picture, map: Uint8Array, channels: 1 | 3 = 1): Promise<Uint8Array> {
  return platform().codec.png({ data: map, width: image.width, height: image.height, channels });
}

/** JSON with a line end. */
export function jsonOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
