import type { RawImage } from "../../data/image";
import { render } from "../../data/world/draw/render";
import { crowd } from "../../data/world/scenes/crowd";
import type { Split } from "../../data/world/scenes/scene";
import { platform } from "../../platform";
import type { Plate } from "../../platform/types";
import { Prng } from "../../numeric/prng";

/** Letters that can be asked for: without i and o, which look like 1 and 0. */
export const drawnLetters = [..."abcdefghjklmnpqrstuvwxyz"] as const;
/** Digits that can be asked for. */
export const drawnDigits = [..."0123456789"] as const;

/** A picture of the world with one sign on it. */
export interface DrawnText {
  picture: RawImage;
  /** Letter in lower case, or digit. */
  sign: string;
  isDigit: boolean;
}

const INKS = ["#14141c", "#7a1420", "#123c7a", "#1c5a2a"] as const;

/**
 * Draws a scene of `data.world.crowd` with a plate that bears a capital letter or a digit, a coin deciding which: 24 to 52 pixels of 128
 * high, turned by up to 12 degrees, in DejaVu Sans (in a page, in a face of the reader's machine). The same seed
 * and split give the same picture.
 */
export function drawText(seed: number, split: Split): DrawnText {
  const random = new Prng(seed, `${split}/drawn text`);
  const isDigit = random.chance(0.5);
  const sign = random.pick(isDigit ? drawnDigits : drawnLetters);
  const picture = render(crowd(seed, { split }));
  return { picture: withPlate(picture, sign.toUpperCase(), random), sign, isDigit };
}

/** Lays a plate with a sign over a copy of a picture. */
function withPlate({ data, width, height }: RawImage, sign: string, random: Prng): RawImage {
  const side = Math.round((random.range(24, 52) * Math.min(width, height)) / 128);
  const [left, top] = [random.int(width - side), random.int(height - side)];
  const { data: plate } = platform().codec.drawPlate(plateOf(sign, side, random));
  const out = data.slice();
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const from = 4 * (y * side + x);
      const to = 3 * ((top + y) * width + left + x);
      const opacity = plate[from + 3] / 255;
      for (let c = 0; c < 3; c++) out[to + c] = Math.round(opacity * plate[from + c] + (1 - opacity) * data[to + c]);
    }
  return { data: out, width, height, channels: 3 };
}

function plateOf(sign: string, side: number, random: Prng): Plate {
  const turn = Number(random.range(-12, 12).toFixed(2));
  const ink = random.pick(INKS);
  const paper = `rgb(${[0, 1, 2].map(() => 225 + random.int(30)).join(",")})`;
  return { side, sign, turn, ink, paper };
}
