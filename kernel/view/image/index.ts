import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { base64Encode } from "../../protocol/core/base64";
import { escapeMarkup } from "../../display/escape";
import { decodeImage } from "../../data/image";
import { View } from "../../display/display";
import { checkPixels, encodePng, type Pixels } from "../draw/png";
import { ViewError } from "../../protocol/core/error";
import { drawMarks, type Marks } from "./marks";
import { checkArguments } from "../../rules/arguments";

/** Options of `view.image`. */
export interface ImageOptions extends Marks {
  /** Number of screen pixels per side of a pixel, 1 to 64. Default 1. */
  scale?: number;
  /** Text of the picture for terminals and screen readers. Default: its size. */
  caption?: string;
}

const NAMES: OptionNames<ImageOptions> = {
  scale: true,
  caption: true,
  points: true,
  boxes: true,
};

/** Picture as a file: a path, a `file:` URL, or the bytes of a file. */
export type PictureFile = string | URL | Uint8Array;

/**
 * Shows a picture as a PNG, with points and boxes over it where asked.
 *
 * @param pixels gray, RGB or RGBA bytes, `data[(y * width + x) * channels + c]`; what `data.decodeImage` and
 *   `data.world.render` return are such pixels. A file is read, as by `data.decodeImage`: `await view.image("a.png")`
 * @param options scale, caption, marks in pixels of the picture
 * @throws ViewError for pixels of another length, or a scale, point, box or color out of range
 * @throws ImageError for a file that is no picture
 */
export function image(pixels: Pixels, options?: ImageOptions): View;
export function image(file: PictureFile, options?: ImageOptions): Promise<View>;
export function image(picture: Pixels | PictureFile, options: ImageOptions = {}): View | Promise<View> {
  const where = "view.image";
  checkOptionNames(where, options, NAMES, ViewError);
  return isFile(picture)
    ? decodeImage(picture, { fn: where }).then((pixels) => imageOf(pixels, options))
    : imageOf(checkObject(where, picture), options);
}

function imageOf(pixels: Pixels, options: ImageOptions): View {
  const { caption = sizeOf(pixels) } = options;
  return new View({ "image/png": pngOf("view.image", pixels, options), "text/plain": caption });
}

function isFile(picture: Pixels | PictureFile): picture is PictureFile {
  return typeof picture === "string" || picture instanceof URL || picture instanceof Uint8Array;
}

function checkObject(where: string, pixels: Pixels): Pixels {
  if (typeof pixels === "object" && pixels !== null) return pixels;
  throw new ViewError(where, "a picture must be pixels, a path, a file: URL or the bytes of a file", pixels);
}

/** Options of `view.images`. */
export interface ImagesOptions {
  /** Text under each picture. Default: none. */
  captions?: readonly string[];
  /** Pictures in a row, at least 1. Default 6. */
  columns?: number;
  /** Number of screen pixels per side of a pixel, 1 to 64. Default 1. */
  scale?: number;
}

const GRID_NAMES: OptionNames<ImagesOptions> = {
  captions: true,
  columns: true,
  scale: true,
};

/**
 * Shows pictures side by side, each with its caption.
 *
 * @param pictures at least one, as `view.image` takes them; sizes may differ. Where one is a file, a promise is returned
 * @param options captions, columns, scale
 * @throws ViewError without a picture, or for captions of another number
 * @throws ImageError for a file that is no picture
 */
export function images(pictures: readonly Pixels[], options?: ImagesOptions): View;
export function images(pictures: readonly (Pixels | PictureFile)[], options?: ImagesOptions): Promise<View>;
export function images(pictures: readonly (Pixels | PictureFile)[], options: ImagesOptions = {}): View | Promise<View> {
  const where = "view.images";
  checkOptionNames(where, options, GRID_NAMES, ViewError);
  if (!Array.isArray(pictures) || pictures.length === 0)
    throw new ViewError(where, "pictures must be an array of at least one", pictures);
  const given: readonly (Pixels | PictureFile)[] = pictures;
  const all = given.flatMap((picture) => (isFile(picture) ? [] : [checkObject(where, picture)]));
  return all.length === given.length ? imagesOf(all, options) : readAll(given).then((read) => imagesOf(read, options));
}

async function readAll(pictures: readonly (Pixels | PictureFile)[]): Promise<Pixels[]> {
  const read: Pixels[] = [];
  for (const picture of pictures)
    read.push(isFile(picture) ? await decodeImage(picture, { fn: "view.images" }) : picture);
  return read;
}

function imagesOf(pictures: readonly Pixels[], options: ImagesOptions): View {
  const where = "view.images";
  const { captions, columns = 6, scale = 1 } = options;
  if (captions !== undefined) checkArguments(where, ViewError, { captions }, { captions: ["string"] });
  if (captions && captions.length !== pictures.length)
    throw new ViewError(where, `captions must be ${pictures.length}, one a picture`, captions.length);
  if (!Number.isInteger(columns) || columns < 1)
    throw new ViewError(where, "columns must be an integer of at least 1", columns);
  const texts = pictures.map((pixels, i) => captions?.[i] ?? sizeOf(pixels));
  const figures = pictures.map((pixels, i) => {
    const png = pngOf(where, pixels, { scale });
    const caption = captions ? `<figcaption>${escapeMarkup(texts[i])}</figcaption>` : "";
    return `<td style="text-align:left;vertical-align:top;max-width:${pixels.width * scale}px"><figure style="margin:0"><img alt="${escapeMarkup(texts[i])}" src="data:image/png;base64,${png}">${caption}</figure></td>`;
  });
  const rows = Array.from({ length: Math.ceil(figures.length / columns) }, (_, row) =>
    figures.slice(row * columns, (row + 1) * columns).join(""),
  );
  return new View({
    "text/html": `<table role="presentation"><tbody>${rows.map((row) => `<tr>${row}</tr>`).join("")}</tbody></table>`,
    "text/plain": texts.join("\n"),
  });
}

function sizeOf({ width, height, channels }: Pixels): string {
  return `image ${width} x ${height}, ${channels === 1 ? "gray" : channels === 3 ? "RGB" : "RGBA"}`;
}

/** Encodes the enlarged picture with its marks as base64 of a PNG. */
function pngOf(where: string, pixels: Pixels, options: Marks & { scale?: number }): string {
  const { scale = 1 } = options;
  if (!(Number.isInteger(scale) && scale >= 1 && scale <= 64))
    throw new ViewError(where, "scale must be an integer in 1..64", scale);
  checkPixels(where, pixels);
  return base64Encode(encodePng(drawMarks(where, enlarge(pixels, scale), scale, options)));
}

function enlarge(pixels: Pixels, scale: number): Pixels {
  if (scale === 1) return pixels;
  const { width, height, channels } = pixels;
  const data = new Uint8Array(width * height * channels * scale * scale);
  for (let i = 0; i < data.length; i++) {
    const c = i % channels;
    const x = Math.floor(i / channels) % (width * scale);
    const y = Math.floor(i / channels / (width * scale));
    data[i] = pixels.data[(Math.floor(y / scale) * width + Math.floor(x / scale)) * channels + c];
  }
  return { data, width: width * scale, height: height * scale, channels };
}
