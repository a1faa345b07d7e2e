import type { RawImage } from "../../data/image";
import type { MimeBundle } from "../../display/host";
import { argmax } from "../../numeric";
import { patchCenter, patchSize } from "../../protocol/core/geometry";
import type { Mark } from "../../protocol/core/scene";
import { heatRange } from "../../protocol/core/scale";
import { normalizeMatrix, type TokenMatrix, tokenRow } from "../../protocol/alignment/arithmetic";
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

const MOST_LINES = 40;

/** Describes the view in words: the comparison, the means, and the best patch of every token. */
export function describeAlignment(payload: AlignmentPayload, cosines: TokenMatrix): string {
  const { tokens, placement, channels, best, title, encoder } = payload;
  const kind = tokens.image ? "reference tokens" : "text tokens";
  const [rows, columns] = placement.grid;
  const lines = tokens.labels.slice(0, MOST_LINES).map((label, t) => {
    const values = tokenRow(cosines, t);
    const patch = argmax(values);
    return `  ${label}: row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}, cosine ${values[patch].toFixed(3)}`;
  });
  const left = tokens.labels.length - lines.length;
  return [
    `${title ? `${title}: ` : ""}cosine of ${rows} x ${columns} image patches with ${tokens.labels.length} ${kind}, ${channels} channels${encoder ? `, ${encoder}` : ""}`,
    `mean over patches of the best cosine with any token ${best[0].toFixed(4)}; over tokens with any patch ${best[1].toFixed(4)}`,
    "best patch of each token:",
    ...lines,
    ...(left > 0 ? [`  … and ${left} more`] : []),
  ].join("\n");
}
