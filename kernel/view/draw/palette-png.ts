import type { Pixels } from "../../contracts/pixels";
import { platform } from "../../platform";
import { chunk, encodePng, pngFile } from "./png";

const MOST_COLORS = 256;
const PALETTE_TYPE = 3;

/** An RGBA color in one number. */
type Packed = number;

/** Steps of an edge's opacity: finer ones are not seen. */
const OPACITY_STEP = 17;

/** Fully transparent pixels count as one color. */
function packedAt(data: Pixels["data"], at: number): Packed {
  const opacity = OPACITY_STEP * Math.round(data[at + 3] / OPACITY_STEP);
  if (opacity === 0) return 0;
  return ((data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | opacity) >>> 0;
}

type Color = [red: number, green: number, blue: number, opacity: number];

const parts = (color: Packed): Color => [color >>> 24, (color >>> 16) & 255, (color >>> 8) & 255, color & 255];

/** Squared distance of a color from its stand-in that is seen, and the share of such pixels above which all colors are written. */
const [FAR, MOST_MISSED] = [1600, 0.002];
/** Squared distance of two colors, over all four parts, below which they look the same. */
const SAME = 27;

/**
 * A PNG of at most 256 colors: frequent ones go first, those that look alike become one, and the rest, which are edges of lines and
 * letters, their nearest. A third of the size of a full PNG for a drawing; a picture of more colors than that becomes a full PNG.
 *
 * @param pixels RGBA
 */
export function encodeFewColors(pixels: Pixels): Uint8Array {
  const { data, width, height } = pixels;
  const { colors: palette, positions, missed } = paletteOf(data);
  if (missed > MOST_MISSED * width * height) return encodePng(pixels);
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      rows[y * (width + 1) + 1 + x] = positions.get(packedAt(data, 4 * (y * width + x))) ?? 0;
  return paletteFile(palette, [width, height], rows);
}

interface Palette {
  colors: Color[];
  /** Place of every color's stand-in among them. */
  positions: Map<Packed, number>;
  /** Pixels whose color is far from its stand-in. */
  missed: number;
}

function paletteOf(data: Pixels["data"]): Palette {
  const counts = new Map<Packed, number>();
  for (let at = 0; at < data.length; at += 4) {
    const color = packedAt(data, at);
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  const palette: Color[] = [];
  const positions = new Map<Packed, number>();
  let missed = 0;
  for (const [packed, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    const color = parts(packed);
    const [near, distance] = nearest(palette, color);
    const isNew = distance > SAME && palette.length < MOST_COLORS;
    positions.set(packed, isNew ? palette.push(color) - 1 : near);
    if (!isNew && distance > FAR) missed += count;
  }
  return { colors: palette, positions, missed };
}

function nearest(palette: readonly Color[], [red, green, blue, opacity]: Color): [position: number, distance: number] {
  let [best, least] = [0, Infinity];
  for (let i = 0; i < palette.length; i++) {
    const one = palette[i];
    const distance = (one[0] - red) ** 2 + (one[1] - green) ** 2 + (one[2] - blue) ** 2 + (one[3] - opacity) ** 2;
    if (distance < least) [best, least] = [i, distance];
  }
  return [best, least];
}

function paletteFile(
  palette: readonly Color[],
  [width, height]: readonly [number, number],
  rows: Uint8Array,
): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, PALETTE_TYPE, 0, 0, 0], 8);
  const colors = Uint8Array.from(palette.flatMap((color) => color.slice(0, 3)));
  const opacities = Uint8Array.from(palette, (color) => color[3]);
  return pngFile([
    chunk("IHDR", header),
    chunk("PLTE", colors),
    chunk("tRNS", opacities),
    chunk("IDAT", platform().compression.deflate(rows)),
  ]);
}
