import type { Sharp } from "sharp";
import type { Pixels } from "../../contracts/pixels";
import type { PictureCodec } from "../types";
import { decodeHere, sharpOf, sizeOf } from "./pictures/decode";
import { drawPlate } from "./pictures/draw-plate";
import { drawSvg } from "./pictures/draw-svg";
import { decodeApart, needsProcess } from "./pictures/decode-apart";

function raw({ data, width, height, channels }: Pixels): Sharp {
  return sharpOf(Buffer.from(data.buffer, data.byteOffset, data.byteLength), { raw: { width, height, channels } });
}

export const sharpCodec: PictureCodec = {
  decode: (bytes, settings) => (needsProcess(bytes) ? decodeApart : decodeHere)(bytes, settings),
  size: sizeOf,

  async resize(pixels, width, height) {
    const kernel = width > pixels.width ? "nearest" : "lanczos3";
    const resized = raw(pixels).resize(width, height, { fit: "fill", kernel });
    return new Uint8Array(await resized.removeAlpha().raw().toBuffer());
  },

  async exactJpeg(pixels, quality) {
    return raw(pixels).jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
  },

  async smallJpeg(pixels, width, height, quality) {
    const resized = raw(pixels).resize(width, height, { fit: "fill" });
    return resized.jpeg({ quality, mozjpeg: true }).toBuffer();
  },

  async png(pixels) {
    const picture = raw(pixels);
    return (pixels.channels === 1 ? picture.toColourspace("b-w") : picture).png().toBuffer();
  },

  async palettePng(pixels, colors) {
    return raw(pixels).png({ palette: true, colors, dither: 0.6, compressionLevel: 9 }).toBuffer();
  },

  drawSvg,
  drawPlate,
};
