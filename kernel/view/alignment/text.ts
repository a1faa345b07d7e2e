import { argmax } from "../../numeric";
import { tokenRow, type TokenMatrix } from "../../protocol/alignment/arithmetic";
import type { AlignmentPayload } from "../../protocol/alignment/payload";

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
