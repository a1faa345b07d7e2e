import { encode as encodePng } from "fast-png";
import type { Pixels, RgbaPixels } from "../../contracts/pixels";
import type { PictureCodec, Plate } from "../types";
import { decodePicture, sizeOfPicture } from "./decode";
import { encodeExactJpeg } from "./jpeg";
import { resizePixels } from "./resize";

const png = async ({ data, width, height, channels }: Pixels): Promise<Uint8Array> =>
  encodePng({ data: Uint8Array.from(data), width, height, channels, depth: 8 });

/** Pictures of a page. It does not draw SVG: viewers then hand the drawing itself to the page. */
export const browserCodec: PictureCodec = {
  decode: decodePicture,
  size: sizeOfPicture,
  resize: async (pixels, width, height) => resizePixels(pixels, width, height),
  exactJpeg: async (pixels, quality) => encodeExactJpeg(pixels, quality),
  png,
  palettePng: (pixels) => png(pixels),

  async smallJpeg(pixels, width, height, quality) {
    const rgb = resizePixels(pixels, width, height);
    const canvas = new OffscreenCanvas(width, height);
    const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
    for (let i = 0; i < width * height; i++) rgba.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
    canvas.getContext("2d")!.putImageData(new ImageData(rgba, width, height), 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: quality / 100 });
    return new Uint8Array(await blob.arrayBuffer());
  },

  drawPlate,
};

function drawPlate({ side, sign, turn, ink, paper }: Plate): RgbaPixels {
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true })!;
  context.translate(side / 2, side / 2);
  context.rotate((turn * Math.PI) / 180);
  context.fillStyle = paper;
  context.beginPath();
  context.roundRect(-0.4 * side, -0.4 * side, 0.8 * side, 0.8 * side, 2);
  context.fill();
  context.fillStyle = ink;
  context.font = `bold ${(0.78 * side).toFixed(2)}px "DejaVu Sans", Verdana, sans-serif`;
  context.textAlign = "center";
  context.fillText(sign, 0, 0.28 * side);
  const { data } = context.getImageData(0, 0, side, side);
  return { data: Uint8Array.from(data), width: side, height: side, channels: 4 };
}
