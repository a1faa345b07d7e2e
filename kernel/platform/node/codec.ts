import type { Sharp, SharpOptions } from "sharp";
import type { CodecPixels, PictureCodec } from "../types";

/** libvips is loaded when the first picture needs it. */
async function sharpOf(input: Uint8Array, options: SharpOptions): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  return sharp(input, options);
}

function raw({ data, width, height, channels }: CodecPixels): Promise<Sharp> {
  return sharpOf(Buffer.from(data.buffer, data.byteOffset, data.byteLength), { raw: { width, height, channels } });
}

export const sharpCodec: PictureCodec = {
  async decode(bytes, maxPixels) {
    const picture = (await sharpOf(bytes, { limitInputPixels: maxPixels, failOn: "error" }))
      .autoOrient()
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb");
    const { data, info } = await picture.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
    return { data: pixels, width, height, channels: channels as CodecPixels["channels"] };
  },

  async size(bytes) {
    const picture = await sharpOf(bytes, { limitInputPixels: false });
    return picture.metadata().catch(() => ({ width: 0, height: 0 }));
  },

  async resize(pixels, width, height) {
    const kernel = width > pixels.width ? "nearest" : "lanczos3";
    const resized = (await raw(pixels)).resize(width, height, { fit: "fill", kernel });
    return new Uint8Array(await resized.removeAlpha().raw().toBuffer());
  },

  async exactJpeg(pixels, quality) {
    return (await raw(pixels)).jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
  },

  async smallJpeg(pixels, width, height, quality) {
    const resized = (await raw(pixels)).resize(width, height, { fit: "fill" });
    return resized.jpeg({ quality, mozjpeg: true }).toBuffer();
  },

  async png(pixels) {
    const picture = await raw(pixels);
    return (pixels.channels === 1 ? picture.toColourspace("b-w") : picture).png().toBuffer();
  },

  async palettePng(pixels, colors) {
    return (await raw(pixels)).png({ palette: true, colors, dither: 0.6, compressionLevel: 9 }).toBuffer();
  },
};
