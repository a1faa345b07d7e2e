import { platform } from "../../platform";
import type { RawImage } from "../../data/image";

/** Resizes to exact pixels. Enlarging keeps pixels square and sharp, so that a small image is not blurred. */
export async function resizePicture(raw: RawImage, width: number, height: number): Promise<RawImage> {
  return { data: await platform().codec.resize(raw, width, height), width, height, channels: 3 };
}

/** The largest size with the image's shape that fits into `side x side`. */
export function fitSize(raw: { width: number; height: number }, side: number): [width: number, height: number] {
  const scale = side / Math.max(raw.width, raw.height);
  return [Math.max(1, Math.round(raw.width * scale)), Math.max(1, Math.round(raw.height * scale))];
}

/** A JPEG of at most `side` pixels a side; never enlarged. */
export function encodeJpeg(raw: RawImage, side: number, quality = 85): Promise<Uint8Array> {
  const [width, height] = fitSize(raw, Math.min(side, Math.max(raw.width, raw.height)));
  return platform().codec.smallJpeg(raw, width, height, quality);
}

/** A PNG with at most 256 colours: a third of the size, good enough for a fallback. */
export function encodePalettePng(raw: RawImage): Promise<Uint8Array> {
  return platform().codec.palettePng(raw, 192);
}
