import { base64Encode } from "../../protocol/core/base64";
import { View } from "../../display/display";
import { checkPixels, encodePng, type Pixels } from "../draw/png";
import { ViewError } from "../../protocol/core/error";

/** Options of `view.image`. */
export interface ImageOptions {
  /** Each pixel becomes `scale x scale` pixels. Default 1. */
  scale?: number;
  /** The text of the picture, for terminals and screen readers. Default: its size. */
  caption?: string;
}

/** Pixels as a PNG: `view.image({ data, width, height, channels })` with grey, RGB or RGBA bytes. */
export function image(pixels: Pixels, options: ImageOptions = {}): View {
  const { scale = 1, caption } = options;
  if (!(Number.isInteger(scale) && scale >= 1 && scale <= 64))
    throw new ViewError("view.image", "scale must be an integer in 1..64", scale);
  checkPixels("view.image", pixels);
  const { width, height, channels } = pixels;
  return new View({
    "image/png": base64Encode(encodePng(enlarge(pixels, scale))),
    "text/plain": caption ?? `image ${width} x ${height}, ${channels === 1 ? "grey" : channels === 3 ? "RGB" : "RGBA"}`,
  });
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
