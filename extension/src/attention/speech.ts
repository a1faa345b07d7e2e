import { queryText, shapeOf, type AttentionPayload, type AttentionScale, type AttentionShape } from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import type { Translate } from "../parts/translate";
import type { AttentionAnswer } from "./answer";
import type { AttentionState } from "./state";

/** A probability with the digits that count. */
export function probability(value: number): string {
  return value >= 0.0995 || value === 0 ? value.toFixed(3) : String(Number(value.toPrecision(2)));
}

const percent = (share: number): string => `${Math.round(100 * share)}\u00a0%`;

/** "Layer 3, head 1 of 4. Query: class token. Most on patch row 10, column 5, 0.274; 6 % on class and register tokens." */
export function sayAnswer(
  trans: Translate,
  payload: AttentionPayload,
  state: AttentionState,
  answer: AttentionAnswer,
): string {
  const { shape, query, heads } = answer;
  const { best, map, prefix, entropy, distance } = heads[state.head];
  const where = trans.__("Layer %1, head %2 of %3.", payload.layers[state.layer].layer, state.head + 1, shape.heads);
  const asked = trans.__("Query: %1.", queryText(trans, shape, query));
  const most = trans.__("Most on %1, %2", queryText(trans, shape, shape.prefix + best), probability(map[best]));
  const rest = shape.prefix > 0 ? trans.__("; %1 on %2.", percent(prefix), prefixName(trans, shape)) : ".";
  const wide = trans.__("Entropy %1 of 1", entropy.toFixed(2));
  const far = distance === undefined ? "." : trans.__(", mean distance %1 of the picture.", percent(distance));
  return `${where} ${asked} ${most}${rest} ${wide}${far}`;
}

function prefixName(trans: Translate, { prefix }: AttentionShape): string {
  return prefix === 1 ? trans.__("the class token") : trans.__("class and register tokens");
}

/** Explains the values, their scale, and the numbers of the heads. */
export function sayCaption(trans: Translate, payload: AttentionPayload, state: AttentionState): string {
  const shape = shapeOf(payload, state.layer);
  const { entropy, distance } = payload.numbers[state.picture][state.layer][state.head];
  const tokens = shape.prefix + shape.grid[0] * shape.grid[1];
  const rows = trans.__("Attention probabilities: what a query gives to all %1 tokens sums to 1.", tokens);
  const numbers = trans.__(
    "Over all queries this head has entropy %1 (0: one token, 1: all alike) and mean distance %2 of the picture's longer side; the small pictures show both.",
    entropy.toFixed(2),
    percent(distance),
  );
  return `${rows} ${sayScale(trans, state.scale)} ${numbers}`;
}

export function sayScale(trans: Translate, scale: AttentionScale): string {
  switch (scale) {
    case "heads":
      return trans.__("Colors end at the largest value of all heads.");
    case "head":
      return trans.__("Colors end at each head's own largest value: compare shapes, not strengths.");
    case "absolute":
      return trans.__("Colors end at 1.");
    default:
      return scale satisfies never;
  }
}

/** Says where the rows on screen come from. What is approximate is always called so. */
export function sayStatus(trans: Translate, answer: AttentionAnswer | undefined, connection: ConnectionState): string {
  if (answer && !answer.isSaved) return trans.__("Attention of this query, from the kernel.");
  const reason = sayConnection(trans, connection);
  if (!answer) return trans.__("This query is not saved in the notebook. %1", reason);
  if (answer.found === answer.query) return trans.__("Approximate: saved in the notebook in 8 bits. %1", reason);
  const near = queryText(trans, answer.shape, answer.found);
  return trans.__("Approximate: the nearest query saved in the notebook, %1. %2", near, reason);
}

function sayConnection(trans: Translate, connection: ConnectionState): string {
  switch (connection) {
    case "none":
      return trans.__("No kernel is connected.");
    case "connecting":
    case "live":
      return trans.__("Asking the kernel…");
    case "stale":
      return trans.__("The kernel no longer knows this view: run its cell again for every query.");
    default:
      return connection satisfies never;
  }
}
