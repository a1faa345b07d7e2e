import type { RawImage } from "../../data/image";
import type { MimeBundle } from "../../display/host";
import { argmax } from "../../numeric";
import { patchCenter, patchSize } from "../../protocol/core/geometry";
import type { Mark } from "../../protocol/core/scene";
import { heatRange } from "../../protocol/core/scale";
import { normalizeMatrix, tokenRow, type TokenMatrix } from "../../protocol/alignment/arithmetic";
import type { AlignmentPayload } from "../../protocol/alignment/payload";
import { drawMatches } from "../draw/match-picture";
import { fittingStill } from "../draw/pictures";

/** Longest side of both pictures; the next smaller one where the bytes do not suffice. */
const SIDES = [288, 224, 160, 112];

/** The tokens' image, or the bare one, beside the heat-map of the token shown first: about `bytes` characters at most. */
export function drawAlignment(
  payload: AlignmentPayload,
  cosines: TokenMatrix,
  [image, reference]: readonly [RawImage, RawImage],
  bytes: number,
): Promise<MimeBundle> {
  const { normalization, temperature, scale, colormap, opacity, placement, current, tokens } = payload;
  const matrix = normalizeMatrix(cosines, normalization, temperature);
  const range = heatRange(normalization === "cosine" ? "cosine" : "softmax", scale, matrix.values);
  const values = tokenRow(matrix, current);
  const title = normalization === "cosine" ? "cosine" : "softmax";
  const heat = { values, placement, range, colormap, opacity, title };
  const size = tokens.placement && patchSize(tokens.placement);
  const token: Mark[] =
    tokens.placement && size
      ? [{ kind: "patch", at: patchCenter(tokens.placement, current), size: [...size], cursor: false }]
      : [];
  const best: Mark = { kind: "best", at: patchCenter(placement, argmax(values)), mutual: false };
  const words = [
    {
      text: `Token ${current + 1}, “${tokens.labels[current]}”: its ${title} with every patch, the cross on its best one.`,
    },
  ];
  return fittingStill(SIDES, bytes, (side) =>
    drawMatches({ images: [reference, image], matches: [], firstMarks: token, marks: [best], heat, side, words }),
  );
}
