/** Anything the library accepts as one picture: a file path, encoded bytes, or raw pixels. */
export type ImageInput = string | URL | Uint8Array | RawImage;

/** Raw 8-bit pixels, row-major, interleaved channels: `data[(y * width + x) * channels + c]`. */
export interface RawImage {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3;
}
