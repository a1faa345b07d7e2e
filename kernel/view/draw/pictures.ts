import sharp, { type Sharp } from "sharp";
import type { RawImage } from "../../data/image";

function pipeline(raw: RawImage): Sharp {
  const { width, height, channels } = raw;
  return sharp(Buffer.from(raw.data.buffer, raw.data.byteOffset, raw.data.byteLength), {
    raw: { width, height, channels },
  });
}

/** Resizes to exact pixels. Enlarging keeps pixels square and sharp, so that a small image is not blurred. */
export async function resizePicture(raw: RawImage, width: number, height: number): Promise<RawImage> {
  const kernel = width > raw.width ? "nearest" : "lanczos3";
  const data = await pipeline(raw).resize(width, height, { fit: "fill", kernel }).removeAlpha().raw().toBuffer();
  return { data: new Uint8Array(data), width, height, channels: 3 };
}

/** The largest size with the image's shape that fits into `side x side`. */
export function fitSize(raw: { width: number; height: number }, side: number): [width: number, height: number] {
  const scale = side / Math.max(raw.width, raw.height);
  return [Math.max(1, Math.round(raw.width * scale)), Math.max(1, Math.round(raw.height * scale))];
}

/** A JPEG of at most `side` pixels a side; never enlarged. */
export async function encodeJpeg(raw: RawImage, side: number, quality = 85): Promise<Uint8Array> {
  const [width, height] = fitSize(raw, Math.min(side, Math.max(raw.width, raw.height)));
  return pipeline(raw).resize(width, height, { fit: "fill" }).jpeg({ quality, mozjpeg: true }).toBuffer();
}

/** A PNG with at most 256 colours: a third of the size, good enough for a fallback. */
export async function encodePalettePng(raw: RawImage): Promise<Uint8Array> {
  return pipeline(raw).png({ palette: true, colors: 192, dither: 0.6, compressionLevel: 9 }).toBuffer();
}
