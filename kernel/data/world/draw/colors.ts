import { categories, type CategoryName } from "../things/categories";
import type { Prng } from "../../../numeric/prng";
import type { Role } from "../things/sketch";

/** An sRGB colour, 0..255 each. */
export type Rgb = readonly [number, number, number];

/** Colour words of captions and their centres in sRGB. */
export const COLORS: Readonly<Record<ColorName, Rgb>> = {
  red: [206, 48, 44],
  orange: [236, 134, 36],
  yellow: [240, 206, 52],
  green: [70, 152, 66],
  blue: [52, 104, 196],
  purple: [126, 68, 164],
  pink: [238, 134, 178],
  brown: [124, 82, 50],
  white: [238, 236, 230],
  black: [48, 48, 54],
};

/** A colour word. */
export type ColorName =
  "red" | "orange" | "yellow" | "green" | "blue" | "purple" | "pink" | "brown" | "white" | "black";

/** Colour words in a fixed order. */
export const colorNames = Object.keys(COLORS) as readonly ColorName[];

/**
 * Returns the two body colours that a category never has in the train and val splits, one fifth of the combinations.
 * They occur only in the test split, so that "a purple cat" requires composition instead of memory.
 */
export function heldOutColors(category: CategoryName): readonly ColorName[] {
  const first = (categories.findIndex((spec) => spec.name === category) * 3) % colorNames.length;
  return [colorNames[first] as ColorName, colorNames[(first + 5) % colorNames.length] as ColorName];
}

/** Returns a sample of a colour word: its centre, with small changes of brightness and tint. */
export function tint(name: ColorName, random: Prng): Rgb {
  const light = 1 + 0.1 * random.bell();
  const [r, g, b] = COLORS[name];
  const move = (v: number): number => clampByte(v * light + 16 * random.bell());
  return [move(r), move(g), move(b)];
}

/** Rounds and clamps to 0..255. */
export function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
}

/** Mixes two colours linearly; `t` = 0 gives the first. */
export function mix(a: Rgb, b: Rgb, t: number): Rgb {
  const at = (i: 0 | 1 | 2): number => clampByte(a[i] + (b[i] - a[i]) * t);
  return [at(0), at(1), at(2)];
}

/** Returns the colour of every role of an object. */
export function drawPalette(color: ColorName, accent: ColorName, random: Prng): Readonly<Record<Role, Rgb>> {
  const body = tint(color, random);
  const gray = random.range(120, 190);
  const night = random.range(20, 50);
  const jitter = (base: Rgb): Rgb =>
    mix(base, [random.range(0, 255), random.range(0, 255), random.range(0, 255)], 0.08);
  return {
    body,
    shade: mix(body, [20, 16, 30], random.range(0.16, 0.34)),
    accent: tint(accent, random),
    dark: jitter([night, night, night + 8]),
    light: jitter([246, 246, 240]),
    glass: jitter(
      random.pick<Rgb>([
        [176, 216, 236],
        [140, 188, 214],
        [206, 226, 232],
        [96, 132, 160],
      ]),
    ),
    metal: jitter([gray, gray, gray + 8]),
    lamp: jitter(
      random.pick<Rgb>([
        [250, 214, 90],
        [250, 190, 70],
        [248, 232, 150],
      ]),
    ),
  };
}
