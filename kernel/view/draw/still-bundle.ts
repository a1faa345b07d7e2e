import { base64Encode } from "../../protocol/core/base64";
import type { MimeBundle } from "../../display/host";
import { platform } from "../../platform";
import type { RgbaPixels } from "../../contracts/pixels";
import { encodeFewColors } from "./palette-png";
import { encodePng } from "./png";

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
