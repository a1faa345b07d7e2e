import type { RawImage } from "../../data/image";
import { drawMatches } from "../match-picture";
import { encodePalettePng } from "../pictures";
import { heatRange } from "../scale";
import { normaliseMatrix, tokenRow, type TokenMatrix } from "./arithmetic";
import type { AlignmentPayload } from "./payload";

const SIDE = 288;

/** The tokens' image, or the bare one, beside the heat-map of the token shown first. */
export async function drawAlignment(
  payload: AlignmentPayload,
  cosines: TokenMatrix,
  [image, reference]: readonly [RawImage, RawImage],
): Promise<Uint8Array> {
  const { normalisation, temperature, scale, colormap, opacity, placement, current } = payload;
  const matrix = normaliseMatrix(cosines, normalisation, temperature);
  const range = heatRange(normalisation === "cosine" ? "cosine" : "softmax", scale, matrix.values);
  const heat = { values: tokenRow(matrix, current), placement, range, colormap, opacity };
  return encodePalettePng(await drawMatches({ images: [reference, image], matches: [], heat, side: SIDE }));
}
