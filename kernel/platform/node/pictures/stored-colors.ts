/** Colours that are stored in another way than red, green, blue, by Pillow's arithmetic. */

/** Finds TIFF pixels in YCbCr that no JPEG decoder turns into colours; "subsampled" where those are not read. */
export function findYcbcr(bytes: Uint8Array): "no" | "plain" | "subsampled" {
  const order = String.fromCharCode(bytes[0] ?? 0, bytes[1] ?? 0);
  if (order !== "II" && order !== "MM") return "no";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = order === "II";
  const tags = new Map<number, number[]>();
  const at = view.getUint32(4, isLittle);
  if (view.getUint16(2, isLittle) !== 42 || at + 2 > bytes.length) return "no";
  const count = view.getUint16(at, isLittle);
  for (let i = 0; i < count && at + 14 + 12 * i <= bytes.length; i++) {
    const entry = at + 2 + 12 * i;
    const values = [view.getUint16(entry + 8, isLittle), view.getUint16(entry + 10, isLittle)];
    tags.set(view.getUint16(entry, isLittle), values);
  }
  const [PHOTOMETRIC, COMPRESSION, SUBSAMPLING] = [262, 259, 530];
  const compression = tags.get(COMPRESSION)?.[0] ?? 1;
  if (tags.get(PHOTOMETRIC)?.[0] !== 6 || compression === 6 || compression === 7) return "no";
  const [across, down] = tags.get(SUBSAMPLING) ?? [2, 2];
  return across === 1 && down === 1 ? "plain" : "subsampled";
}

const clip = (value: number): number => Math.max(0, Math.min(255, value));

/** JFIF's formula in fixed point of six bits, as Pillow has it: equal to it within one level. */
export function ycbcrToRgb(pixels: Uint8Array): void {
  const scaled = (factor: number, level: number): number => Math.ceil(factor * 64 * (level - 128));
  const factors = [1.402, -0.34414, -0.71414, 1.772].map((factor) =>
    Int32Array.from({ length: 256 }, (_, level) => scaled(factor, level)),
  );
  const [redOfCr, greenOfCb, greenOfCr, blueOfCb] = factors;
  for (let i = 0; i < pixels.length; i += 3) {
    const [y, cb, cr] = [pixels[i], pixels[i + 1], pixels[i + 2]];
    pixels[i] = clip(y + (redOfCr[cr] >> 6));
    pixels[i + 1] = clip(y + ((greenOfCb[cb] + greenOfCr[cr]) >> 6));
    pixels[i + 2] = clip(y + (blueOfCb[cb] >> 6));
  }
}

/** Inks to light, without a profile. */
export function cmykToRgb(pixels: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((pixels.length / 4) * 3);
  for (let i = 0, to = 0; i < pixels.length; i += 4) {
    const white = 255 - pixels[i + 3];
    for (let c = 0; c < 3; c++) rgb[to++] = clip(white - divide255(pixels[i + c] * white));
  }
  return rgb;
}

/** A product of two levels / 255, rounded. */
function divide255(product: number): number {
  const rounded = product + 128;
  return ((rounded >> 8) + rounded) >> 8;
}
