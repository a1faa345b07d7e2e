import { platform } from "../../../platform";
import { crowd } from "../scenes/crowd";
import { factsOf, type ObjectFacts } from "../language/facts";
import { render, type Rendered } from "../draw/render";
import type { Scene, Split } from "../scenes/scene";

/** Specification of a data set; the content of its `world_<split>.json`. */
export interface WriteSpec {
  readonly format: 1;
  readonly layout: LayoutName;
  readonly split: Split;
  readonly seed: number;
  readonly count: number;
  readonly size: number;
  /** Phrases of `refcoco` also by parts; absent where they are not. */
  readonly parts?: true;
  /** Most objects of an image; absent where they are the five of the world. */
  readonly objects?: number;
}

/** Layouts of {@link write}. */
export const layoutNames = ["coco", "refcoco", "dense", "gqa"] as const;

/** Name of a layout. */
export type LayoutName = (typeof layoutNames)[number];

/** Drawn image of a data set. */
export interface Picture {
  /** Number of the image: the seed of its crowd. */
  readonly id: number;
  /** File name without its extension. */
  readonly name: string;
  readonly scene: Scene;
  readonly image: Rendered;
  readonly objects: readonly ObjectFacts[];
}

/** File below the data set's folder. */
export type OutputFile = readonly [path: string, content: Uint8Array | string];

/** Conversion of pictures to files. `record` returns plain JSON, which is kept until all images are written. */
export interface Layout<R extends object> {
  readonly files: (picture: Picture, spec: WriteSpec) => Promise<OutputFile[]>;
  readonly record: (picture: Picture, spec: WriteSpec) => R;
  readonly documents: (records: readonly R[], spec: WriteSpec) => OutputFile[];
}

/** Layout whose records are read back from JSON and so have lost their type. */
export type AnyLayout = Layout<object>;

/** Returns the layout for records made by its `record`. */
export function layoutOf<R extends object>(layout: Layout<R>): AnyLayout {
  return { ...layout, documents: (records, spec) => layout.documents(records as readonly R[], spec) };
}

/** Distance between the seeds of data sets, so that they do not overlap. */
export const MOST_IMAGES = 1e5;

/** Draws image `index` of a data set. */
export function drawPicture(spec: WriteSpec, index: number): Picture {
  const id = spec.seed * MOST_IMAGES + index;
  const scene = crowd(id, { split: spec.split, size: spec.size, objects: spec.objects });
  const image = render(scene);
  return { id, name: `${spec.split}_${String(id).padStart(9, "0")}`, scene, image, objects: factsOf(scene, image) };
}

const JPEG_QUALITY = 95;

/** Encodes the image as a JPEG file without chroma subsampling. */
export function jpegOf({ image }: Picture): Promise<Uint8Array> {
  return platform().codec.exactJpeg(image, JPEG_QUALITY);
}

/** Encodes a map of one or three channels as a PNG file. */
export function pngOf({ image }: Picture, map: Uint8Array, channels: 1 | 3 = 1): Promise<Uint8Array> {
  return platform().codec.png({ data: map, width: image.width, height: image.height, channels });
}

/** Returns JSON with a final newline. */
export function jsonOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
