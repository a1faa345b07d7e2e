import type { RawImage } from "../../data/image";
import { drawMatches } from "../draw/match-picture";
import { encodePalettePng } from "../draw/pictures";
import { heatRange } from "../../protocol/core/scale";
import { normalizeMatrix, tokenRow, type TokenMatrix } from "../../protocol/alignment/arithmetic";
import type { AlignmentPayload } from "../../protocol/alignment/payload";

/** Longest side of both pictures; the next smaller one where the bytes do not suffice. */
const SIDES = [288, 224, 160, 112];

/** The tokens' image, or the bare one, beside the heat-map of the token shown first: a PNG of about `bytes` at most. */
export async function drawAlignment(
  payload: AlignmentPayload,
  cosines: TokenMatrix,
  [image, reference]: readonly [RawImage, RawImage],
  bytes: number,
): Promise<Uint8Array> {
  const { normalization, temperature, scale, colormap, opacity, placement, current } = payload;
  const matrix = normalizeMatrix(cosines, normalization, temperature);
  const range = heatRange(normalization === "cosine" ? "cosine" : "softmax", scale, matrix.values);
  const heat = { values: tokenRow(matrix, current), placement, range, colormap, opacity };
  let png = new Uint8Array();
  for (const side of SIDES) {
    png = new Uint8Array(
      await encodePalettePng(await drawMatches({ images: [reference, image], matches: [], heat, side })),
    );
    if (png.length <= bytes) break;
  }
  return png;
}
