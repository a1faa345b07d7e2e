import type { Prng } from "../../numeric/prng";

/** Largest change of the levels. */
const BRIGHTNESS = 32;
/** Factors of contrast and saturation. */
const FACTORS = [0.5, 1.5] as const;
/** Largest turn of the hue in degrees. */
const HUE = 18;
/** Luma of ITU-R BT.601. */
const LUMA = [0.299, 0.587, 0.114] as const;

type Change = (rgb: Float32Array) => void;

/**
 * Distorts colors as in the training of SSD (Liu et al., ECCV 2016): brightness, then contrast before or after saturation and hue, each
 * with probability one half. Hue and saturation change in the plane of equal luma. Values stay in 0..255; NaN stays NaN.
 *
 * @param pixels [N, 3], changed in place
 */
export function distort(pixels: Float32Array, random: Prng): void {
  const brightness = perhaps(random, () => brighten(random.range(-BRIGHTNESS, BRIGHTNESS)));
  const isContrastFirst = random.chance(0.5);
  const contrast = perhaps(random, () => stretch(random.range(FACTORS[0], FACTORS[1])));
  const saturation = perhaps(random, () => saturate(random.range(FACTORS[0], FACTORS[1])));
  const hue = perhaps(random, () => turn((random.range(-HUE, HUE) * Math.PI) / 180));
  const colors = [saturation, hue];
  for (const change of isContrastFirst ? [brightness, contrast, ...colors] : [brightness, ...colors, contrast])
    change?.(pixels);
  pixels.forEach((value, at) => (pixels[at] = value < 0 ? 0 : value > 255 ? 255 : value));
}

const perhaps = (random: Prng, make: () => Change): Change | undefined => (random.chance(0.5) ? make() : undefined);

const brighten =
  (amount: number): Change =>
  (rgb) =>
    rgb.forEach((value, at) => (rgb[at] = value + amount));

const stretch =
  (factor: number): Change =>
  (rgb) =>
    rgb.forEach((value, at) => (rgb[at] = value * factor));

function saturate(factor: number): Change {
  return (rgb) =>
    eachColor(rgb, (color, luma) => color.map((value) => luma + factor * (value - luma)) as [number, number, number]);
}

/** Turns the two differences of color, as in YIQ, and leaves the luma. */
function turn(angle: number): Change {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (rgb) =>
    eachColor(rgb, ([r, , b], luma) => {
      const [red, blue] = [r - luma, b - luma];
      const [u, v] = [cos * red - sin * blue, sin * red + cos * blue];
      // The green difference keeps the luma.
      return [luma + u, luma - (LUMA[0] * u + LUMA[2] * v) / LUMA[1], luma + v];
    });
}

function eachColor(
  rgb: Float32Array,
  change: (color: readonly [number, number, number], luma: number) => readonly [number, number, number],
): void {
  for (let at = 0; at < rgb.length; at += 3) {
    const [r, g, b] = [rgb[at], rgb[at + 1], rgb[at + 2]];
    rgb.set(change([r, g, b], LUMA[0] * r + LUMA[1] * g + LUMA[2] * b), at);
  }
}
