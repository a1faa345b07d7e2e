import { base64, list, number, object, oneOf, optional, pair, text, type Reader } from "./check";
import type { Box, Grid, GridPlacement } from "./geometry";
import type { Int8Matrix } from "./quantize";

/** Version of the messages and of every payload. */
export const PROTOCOL_VERSION = 1;

/** Bytes that a notebook keeps of one view, all mime types together. */
export const MAX_SAVED_BYTES = 300 * 1024;

export type ImageMime = "image/jpeg" | "image/png";
/** `absolute` compares views; `view` stretches to the values on screen. */
export type ScaleMode = "absolute" | "view";

export interface SavedImage {
  label: string;
  /** The file as it was given, where it was one. */
  path?: string;
  /** Size of the original: the unit of every point and box. */
  width: number;
  height: number;
  mime: ImageMime;
  /** Base64 of the image at display size. */
  data: string;
}

/** The call of `encoders.load` that gives the encoder again. */
export interface SavedLoad {
  model: string;
  /** Options as JSON. */
  options: string;
}

const MAX_PIXELS = 1 << 17;
/** Longer paths and options of a load are not saved. */
export const MAX_PATH = 1000;
export const MAX_LOAD = 4000;

const coordinate = number({ min: -1e6, max: 1e6 });
const box = list(coordinate, 4, 4) as Reader<readonly number[]> as Reader<Box>;
const grid = pair(number({ min: 1, max: 512, integer: true })) as Reader<Grid>;

export const int8Matrix: Reader<Int8Matrix> = object<Int8Matrix>({
  dims: number({ min: 1, max: 4096, integer: true }),
  scale: list(number({ min: 0, max: 1e6 }), 1, 4096),
  data: base64(4 * MAX_SAVED_BYTES),
});

export const savedImage: Reader<SavedImage> = object<SavedImage>({
  label: text(200),
  path: optional(text(MAX_PATH)),
  width: number({ min: 1, max: MAX_PIXELS, integer: true }),
  height: number({ min: 1, max: MAX_PIXELS, integer: true }),
  mime: oneOf<ImageMime>(["image/jpeg", "image/png"]),
  data: base64(4 * MAX_SAVED_BYTES),
});

export const savedLoad: Reader<SavedLoad> = object<SavedLoad>({ model: text(MAX_PATH), options: text(MAX_LOAD) });

export const gridPlacement: Reader<GridPlacement> = object<GridPlacement>({ grid, region: box });
