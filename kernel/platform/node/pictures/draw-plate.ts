import type { RgbaPixels } from "../../../contracts/pixels";
import type { Plate } from "../../types";
import { drawSvg } from "./draw-svg";

/** Draws a plate with a sign in the face that comes with the library. */
export function drawPlate({ side, sign, turn, ink, paper }: Plate): RgbaPixels {
  const middle = side / 2;
  return drawSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><g transform="rotate(${turn.toFixed(2)} ${middle} ${middle})">` +
      `<rect x="${0.1 * side}" y="${0.1 * side}" width="${0.8 * side}" height="${0.8 * side}" rx="2" fill="${paper}"/>` +
      `<text x="${middle}" y="${0.78 * side}" font-family="DejaVu Sans" font-weight="bold" font-size="${(0.78 * side).toFixed(2)}" ` +
      `text-anchor="middle" fill="${ink}">${sign}</text></g></svg>`,
  );
}
