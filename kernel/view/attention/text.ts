import { argmax } from "../../numeric";
import { queryRows, tokensOfShape } from "../../protocol/attention/arithmetic";
import { queryText, type AttentionPayload } from "../../protocol/attention/payload";
import { ENGLISH } from "../../protocol/core/translate";
import { counted } from "../../protocol/core/words";
import type { LayerAttention } from "./source";

/** Describes the view in words: what was computed, and every head of the layer shown first. */
export function describeAttention(payload: AttentionPayload, { data, shape }: LayerAttention): string {
  const { title, encoder, device, pictures, layers, prefix, grid, query } = payload;
  const tokens = tokensOfShape(shape);
  const rows = queryRows(data, shape, query);
  const numbers = payload.numbers[payload.picture][payload.layer];
  const heads = numbers.map(({ entropy, distance }, head) => {
    const row = rows.subarray(head * tokens + prefix, (head + 1) * tokens);
    const best = argmax(row);
    const where = queryText(ENGLISH, shape, prefix + best);
    return `  head ${head + 1}: most on ${where}, ${row[best].toFixed(3)}; entropy ${entropy.toFixed(2)}, mean distance ${Math.round(100 * distance)} %`;
  });
  const at = `${counted(layers.length, "layer")} [${layers.map(({ layer }) => layer).join(", ")}]`;
  return [
    `${title ? `${title}: ` : ""}attention of ${encoder} on ${device}, ${counted(pictures.length, "picture")}, ${at}, ${grid.join(" x ")} patches after ${counted(prefix, "prefix token")}`,
    `layer ${layers[payload.layer].layer}, query: ${queryText(ENGLISH, shape, query)}`,
    ...heads,
  ].join("\n");
}
