/** Row-major 8-bit pixels with interleaved channels, `data[(y * width + x) * channels + c]`: grey, RGB or RGBA. */
export interface Pixels {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
}

/** A decoded or drawn picture: RGB pixels. */
export interface RawImage extends Pixels {
  data: Uint8Array;
  channels: 3;
}

/** A drawing: RGBA pixels, the last channel the opacity. */
export interface RgbaPixels extends Pixels {
  data: Uint8Array;
  channels: 4;
}
