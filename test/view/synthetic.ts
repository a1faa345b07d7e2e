/**
 * Two pictures with a known correspondence and an "encoder" whose features make it exact. The browser tests paste this file
 * into a notebook cell, so it uses nothing but the language.
 */

export interface SyntheticImage {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3;
}

/** Colour names the place: red grows to the right of the object, green downwards. */
function colorOf(u: number, v: number): [number, number, number] {
  const stripes = 40 * Math.sin(u * 19) * Math.sin(v * 15);
  return [30 + 200 * u, 30 + 200 * v, 128 + stripes];
}

/** Paints pixels by a function of their centre. */
function paint(width: number, height: number, color: (x: number, y: number) => number[]): SyntheticImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      color(x + 0.5, y + 0.5).forEach(
        (value, c) => (data[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, value))),
      );
  return { data, width, height, channels: 3 };
}

/** The source shows the field upright; the target shows it mirrored. */
export function syntheticPair(): { source: SyntheticImage; target: SyntheticImage } {
  const source = paint(256, 192, (x, y) => colorOf(x / 256, y / 192));
  const target = paint(240, 240, (x, y) => colorOf(1 - x / 240, y / 240));
  return { source, target };
}

/** Place of a source point on the target. */
export function matchOf(point: [number, number]): [number, number] {
  return [(1 - point[0] / 256) * 240, (point[1] / 192) * 240];
}

/** Keypoints on patch centres of the 12 x 16 source grid. */
export function syntheticKeypoints(): { source: [number, number][]; target: [number, number][]; names: string[] } {
  const source: [number, number][] = [
    [56, 40],
    [200, 56],
    [120, 104],
    [72, 152],
    [216, 168],
  ];
  return { source, target: source.map(matchOf), names: ["left ear", "right ear", "nose", "left paw", "right paw"] };
}

interface SyntheticMap {
  data: Float32Array;
  dims: number[];
  grid: [number, number];
  channels: number;
  layer: number;
}

/** Mean colour of every 16 x 16 block, in waves: layer 0 sees the brightness only, layer 2 sees the place exactly. */
function features(image: SyntheticImage, layer: number): SyntheticMap {
  const patch = layer === 1 ? 24 : 16;
  const grid: [number, number] = [Math.floor(image.height / patch), Math.floor(image.width / patch)];
  const channels = 48;
  const data = new Float32Array(grid[0] * grid[1] * channels);
  for (let n = 0; n < grid[0] * grid[1]; n++) {
    const color = blockMean(image, (n % grid[1]) * patch, Math.floor(n / grid[1]) * patch, patch);
    const place = [(color[0] - 30) / 200, (color[1] - 30) / 200];
    for (let c = 0; c < channels; c++) data[n * channels + c] = wave(place, color[2] / 255, c, layer);
  }
  return { data, dims: [1, grid[0] * grid[1], channels], grid, channels, layer };
}

function wave(place: number[], brightness: number, c: number, layer: number): number {
  if (layer === 0) return 1 + Math.cos(brightness * 3 + c);
  const along = Math.cos(0.7 * c) * place[0] + Math.sin(0.7 * c) * place[1];
  return 0.35 + Math.cos((3 + 0.2 * c) * along + c);
}

function blockMean(image: SyntheticImage, left: number, top: number, size: number): number[] {
  const sum = [0, 0, 0];
  for (let y = top; y < top + size; y++)
    for (let x = left; x < left + size; x++)
      for (let c = 0; c < 3; c++) sum[c] += image.data[(y * image.width + x) * 3 + c];
  return sum.map((value) => value / (size * size));
}

/** Has the one method of an encoder that the views need. */
export const syntheticEncoder = {
  name: "synthetic",
  device: "cpu",
  forwardIntermediates: async (
    images: unknown[],
    options?: { indices?: number[] },
  ): Promise<{ intermediates: SyntheticMap[] }> => ({
    intermediates: (options?.indices ?? [0, 1, 2]).map((layer) =>
      features(images[0] as SyntheticImage, (layer + 3) % 3),
    ),
  }),
};
