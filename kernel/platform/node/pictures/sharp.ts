import type { Sharp, SharpOptions } from "sharp";

/** A picture of libvips, which is loaded when the first one needs it. */
export async function sharpOf(input: Uint8Array, options: SharpOptions): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  return sharp(input, options);
}
