import { clamp } from "../../numeric";
import { ViewError } from "./error";

/** The colour maps of every raster, colour bar and legend. `coolwarm` is the diverging one, for signed values only. */
export type ColorMapName = "viridis" | "cividis" | "magma" | "coolwarm";

export const COLOR_MAPS: readonly ColorMapName[] = ["viridis", "cividis", "magma", "coolwarm"];

/**
 * Equally spaced sRGB control points. viridis, magma (Smith and van der Walt) and cividis (Nuñez, Anderton, Renslow) are
 * sampled from their public-domain tables; `coolwarm` was computed for this project in OKLCH: hue 255 to hue 48, lightness
 * 0.42 at both ends and 0.97 at zero, so that equal magnitudes look equally strong.
 */
const CONTROL_POINTS: Record<ColorMapName, string> = {
  viridis:
    "440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d2f6a8e2c728e297a8e26818e23898e21908c" +
    "1f988b1f9f8821a68528ae8031b57b3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51afde725",
  cividis:
    "00224e00255400285b002b62002e6a0030700433711135701a386f213b6e273e6e2d416d32436d36466c3b496c3f4c6c434e6c" +
    "47516c4b546c4f576c52596d565c6d5a5f6e5d626e61656f646770686a716b6d726f70737273747576767978777c7b78807e78" +
    "8481798784788b87788f8a78938d789790779b93769f9676a39a75a79d74aba072afa371b3a670b7aa6ebbad6cbfb06bc3b469" +
    "c8b766ccba64d0be61d4c15fd9c55cddc958e1cc55e6d051ead44cefd748f4db42f8df3cfde334fee838",
  magma:
    "0000040303110a0822130d331d114628115a36106a430f7650127c5d177f691c817621818226818f2a819c2e7fa9327db63779" +
    "c33b75cf4170db486ae65163ee5c5ef5695cf9785dfb8761fd9668fea571feb47bfec387fed194fde0a2fceeb0fcfdbf",
  coolwarm: "124c8e2263ae397ac95391de71a8ee92bef7b4d3fcd6e6fbf5f5f5f7dfd2f4c5adebaa89de8f66cc7545b65d289b470d7e3400",
};

/** Colour of a value in 0..1, as red, green, blue in 0..255. */
export type Color = [red: number, green: number, blue: number];

const tables = new Map<ColorMapName, Uint8Array>();

/** 256 RGB triples of a map, piecewise linear between its control points. Shared: do not write into it. */
export function colorTable(name: ColorMapName): Uint8Array {
  let table = tables.get(name);
  if (!table) tables.set(name, (table = buildTable(checkColorMap("colorTable", name))));
  return table;
}

function buildTable(name: ColorMapName): Uint8Array {
  const points = parsePoints(CONTROL_POINTS[name]);
  const table = new Uint8Array(256 * 3);
  const last = points.length / 3 - 1;
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * last;
    const from = Math.min(Math.floor(at), last - 1);
    for (let c = 0; c < 3; c++) {
      const low = points[from * 3 + c];
      table[i * 3 + c] = Math.round(low + (at - from) * (points[from * 3 + 3 + c] - low));
    }
  }
  return table;
}

function parsePoints(hex: string): number[] {
  return Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Colour of `value` in 0..1; values outside are clamped, `NaN` is the colour of 0. */
export function colorAt(name: ColorMapName, value: number): Color {
  const table = colorTable(name);
  const at = 3 * Math.round(255 * clamp(value || 0, 0, 1));
  return [table[at], table[at + 1], table[at + 2]];
}

/** `colorAt` as `#rrggbb`. */
export function colorHex(name: ColorMapName, value: number): string {
  return hexColor(colorAt(name, value));
}

/** Writes a colour of whole parts in 0..255 as `#rrggbb`. */
export function hexColor(color: readonly number[]): string {
  return `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** Writes the colours of `values` scaled from `range` into an RGBA raster, `alpha` 0..255. Returns `out`. */
export function paintValues(
  name: ColorMapName,
  values: ArrayLike<number>,
  range: readonly [min: number, max: number],
  alpha: number,
  out: Uint8ClampedArray,
): Uint8ClampedArray {
  const table = colorTable(name);
  const scale = 255 / (range[1] - range[0] || 1);
  for (let i = 0; i < values.length; i++) {
    const at = 3 * Math.round(clamp((values[i] - range[0]) * scale, 0, 255));
    out[4 * i] = table[at];
    out[4 * i + 1] = table[at + 1];
    out[4 * i + 2] = table[at + 2];
    out[4 * i + 3] = alpha;
  }
  return out;
}

export function isColorMap(name: unknown): name is ColorMapName {
  return COLOR_MAPS.some((known) => known === name);
}

/** @throws ViewError when `name` is no colour map of ours. */
export function checkColorMap(where: string, name: unknown): ColorMapName {
  if (isColorMap(name)) return name;
  throw new ViewError(where, `colormap must be one of ${COLOR_MAPS.join(", ")}`, name);
}
