import { boxText, confidenceText, type ReviewPayload, type ReviewVerdict } from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import type { Translate } from "../parts/translate";
import { type ReviewState, shownBox, verdictOf } from "./state";

function verdictText(trans: Translate, verdict: ReviewVerdict): string {
  switch (verdict) {
    case "confirmed":
      return trans.__("✓ confirmed");
    case "redrawn":
      return trans.__("✎ redrawn");
    case "rejected":
      return trans.__("✗ rejected");
    default:
      return verdict satisfies never;
  }
}

/** State of a prediction in a word. */
export function stateText(trans: Translate, { decisions, pending, drafts }: ReviewState, item: number): string {
  if (pending.includes(item)) return trans.__("… being saved");
  const decision = decisions.at(item);
  if (drafts[item]) return trans.__("drawn, not saved");
  return decision ? verdictText(trans, decision.verdict) : trans.__("open");
}

/** Says the prediction on screen, its box and its state. */
export function sayItem(trans: Translate, payload: ReviewPayload, state: ReviewState): string {
  const { items } = payload;
  if (!items.length) return trans.__("No prediction is below the threshold: there is nothing to review.");
  const { phrase, score } = items[state.item];
  const isRejected = state.decisions[state.item]?.verdict === "rejected" && !state.drafts[state.item];
  const box = isRejected ? trans.__("No annotation.") : trans.__("Box %1.", boxText(trans, shownBox(payload, state)));
  const head = trans.__(
    "%1 of %2, “%3”: score %4, %5.",
    state.item + 1,
    items.length,
    phrase,
    confidenceText(score),
    stateText(trans, state, state.item),
  );
  return `${head} ${box}`;
}

/** Says how many predictions are doubtful, decided and left. */
export function sayCaption(trans: Translate, payload: ReviewPayload, state: ReviewState): string {
  const { threshold, doubtful, predictions, items } = payload;
  const decided = state.decisions.filter(Boolean).length;
  const which =
    threshold > 1
      ? trans.__("No score reaches the wanted precision, so all %1 predictions are doubtful.", predictions)
      : trans.__(
          "%1 of %2 predictions have a score below %3, the lowest first.",
          doubtful,
          predictions,
          confidenceText(threshold),
        );
  const rest =
    doubtful > items.length ? trans.__("Run the cell again for the %1 others.", doubtful - items.length) : "";
  const done = trans.__("Decided here: %1 of %2.", decided, items.length);
  return [which, done, rest].filter(Boolean).join(" ");
}

/** Says where decisions go. */
export function sayStatus(
  trans: Translate,
  { file }: ReviewPayload,
  { written, decisions }: ReviewState,
  connection: ConnectionState,
): string {
  if (connection === "live" && written)
    return trans.__("Saved in %1: annotations %2, rejected %3.", file, written.annotations, written.rejected);
  const seen = trans.__("Decisions as the notebook has them: %1.", decisions.filter(Boolean).length);
  return `${seen} ${sayConnection(trans, connection)}`;
}

function sayConnection(trans: Translate, connection: ConnectionState): string {
  switch (connection) {
    case "none":
      return trans.__("No kernel is connected: nothing can be saved.");
    case "connecting":
    case "live":
      return trans.__("The kernel is being asked.");
    case "stale":
      return trans.__("The kernel does not have this view: run its cell to go on.");
    default:
      return connection satisfies never;
  }
}

/** Says how Enter would decide on the box on screen. */
export function acceptText(trans: Translate, payload: ReviewPayload, state: ReviewState): string {
  return verdictOf(payload, state) === "confirmed"
    ? trans.__("The box is the predicted one: Enter confirms it.")
    : trans.__("The box was changed: Enter saves it as redrawn.");
}
