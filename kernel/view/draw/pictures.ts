import type { MimeBundle } from "../../display/host";
import { platform } from "../../platform";
import { base64Encode } from "../../protocol/core/base64";
import type { RawImage } from "../../data/image";
import { fitText } from "../../protocol/core/text-width";
import { type Drawn, label, tag } from "./figure/svg";
import type { RgbaPixels } from "../../contracts/pixels";
import { encodeFewColors } from "./palette-png";
import { encodePng } from "./png";

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

/** A drawing with photographs for a bundle, as a PNG with at most 256 colors; `undefined` on a machine that cannot draw it. */
export async function photoPng(svg: string): Promise<Uint8Array | undefined> {
  const pixels = drawnPixels(svg);
  return pixels && platform().codec.palettePng(pixels, 240);
}

/** The largest still picture of at most so many bytes: sides are tried in order, the last one is taken as it is. */
export async function fittingStill(
  sides: readonly number[],
  bytes: number,
  draw: (side: number) => Promise<string>,
): Promise<MimeBundle> {
  let still: MimeBundle = {};
  for (const side of sides) {
    const svg = await draw(side);
    const png = await photoPng(svg);
    still = png ? { "image/png": base64Encode(png) } : { "image/svg+xml": svg };
    if (Object.values(still).every((text) => String(text).length <= bytes)) break;
  }
  return still;
}

const [CAPTION, SIZE] = [18, 12];

/** A picture as part of a drawing, with a caption below where there is one; `over` is drawn on it. */
export async function pictureTile(
  raw: RawImage,
  [width, height]: readonly [number, number],
  { caption = "", over = [] }: { caption?: string; over?: readonly string[] } = {},
): Promise<Drawn> {
  const file = await platform().codec.png(await resizePicture(raw, width, height));
  const picture = tag("image", { width, height, href: `data:image/png;base64,${base64Encode(file)}` });
  const words = caption ? [label(fitText(caption, width, SIZE), 0, height + SIZE + 2, { size: SIZE })] : [];
  return { width, height: height + (caption ? CAPTION : 0), parts: [picture, ...over, ...words] };
}

/** A still picture for a bundle: PNG, or the drawing itself on a machine that cannot draw it. */
export function stillBundle(svg: string): MimeBundle {
  const pixels = drawnPixels(svg);
  return pixels ? { "image/png": base64Encode(encodeFewColors(pixels)) } : { "image/svg+xml": svg };
}

/** A still picture with all its colors, for photographs and maps, whose colors carry the content. */
export function fullColorBundle(svg: string): MimeBundle {
  const pixels = drawnPixels(svg);
  return pixels ? { "image/png": base64Encode(encodePng(pixels)) } : { "image/svg+xml": svg };
}

/** The pixels of a drawing; `undefined` on a machine that cannot draw it. */
export function drawnPixels(svg: string): RgbaPixels | undefined {
  try {
    return platform().codec.drawSvg?.(svg);
  } catch {
    // A platform without a build of the drawing program: the page's reader draws the SVG.
    return undefined;
  }
}
