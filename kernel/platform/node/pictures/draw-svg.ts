import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ResvgRenderOptions } from "@resvg/resvg-js";
import type { RgbaPixels } from "../../../contracts/pixels";

const load = createRequire(__filename);
/** Faces that come with the library: Latin, Greek, Cyrillic, Arabic and signs. */
const FACES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];
const FAMILY = "DejaVu Sans";
/** East Asian and other scripts that the faces lack: only then are those of the machine read, which takes longer. */
const OTHER_SCRIPTS = /[\u0900-\u10ff\u1200-\u1cff\u2e80-\ud7ff\uf900-\ufaff\ufe30-\uffef]|[\ud83c-\udbff]/;

function optionsFor(svg: string): ResvgRenderOptions {
  const folder = join(dirname(load.resolve("dejavu-fonts-ttf/package.json")), "ttf");
  const fontFiles = FACES.map((name) => join(folder, name));
  const family = { defaultFontFamily: FAMILY, sansSerifFamily: FAMILY };
  return { font: { ...family, fontFiles, loadSystemFonts: OTHER_SCRIPTS.test(svg) }, logLevel: "off" };
}

/** Draws SVG; the program that does it is loaded with the first drawing. */
export function drawSvg(svg: string): RgbaPixels {
  const { Resvg } = load("@resvg/resvg-js") as typeof import("@resvg/resvg-js");
  const { pixels, width, height } = new Resvg(svg, optionsFor(svg)).render();
  const data = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
  return { data: straightened(data), width, height, channels: 4 };
}

/** Undoes the multiplication of the colors by their opacity, in place. */
function straightened(data: Uint8Array): Uint8Array {
  for (let at = 0; at < data.length; at += 4) {
    const opacity = data[at + 3];
    if (opacity === 0 || opacity === 255) continue;
    for (let c = 0; c < 3; c++) data[at + c] = Math.min(255, Math.round((data[at + c] * 255) / opacity));
  }
  return data;
}
