import type { GalleryPayload } from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import { plural, type Translate } from "../parts/translate";
import type { GalleryState } from "./state";
import type { FoundNeighbors, GalleryStore } from "./store";

/** Neighbors that are read out. */
const SAID = 3;

/** "Picture 12 of 120, bird/3.jpg. Nearest: bird/7.jpg 0.981, …" */
export function sayNeighbors(
  trans: Translate,
  payload: GalleryPayload,
  state: GalleryState,
  store: GalleryStore,
  found: FoundNeighbors | undefined,
): string {
  const picture = trans.__("Picture %1 of %2, %3.", state.index + 1, payload.count, store.name(state.index));
  const near = (found?.neighbors ?? []).slice(0, SAID);
  const list = near.map(({ index, score }) => `${store.name(index)} ${score.toFixed(3)}`).join(", ");
  if (state.patch === undefined) return list ? `${picture} ${trans.__("Nearest: %1.", list)}` : picture;
  const columns = payload.grid[1];
  const [row, column] = [Math.floor(state.patch / columns) + 1, (state.patch % columns) + 1];
  const patch = trans.__("Patch row %1, column %2.", row, column);
  if (!found) return `${picture} ${patch} ${trans.__("Looking through the patches of all pictures…")}`;
  return `${picture} ${patch} ${trans.__("Nearest patches: %1.", list)}`;
}

/** Explains the values, and what is left out. */
export function sayCaption(trans: Translate, payload: GalleryPayload): string {
  const { encoder, layer, ratio, count, total, skipped, skippedCount } = payload;
  const shares = ratio.map((share) => `${Math.round(100 * share)}\u00a0%`);
  const parts = [
    trans.__("%1, layer %2: cosine of the pictures' mean features, or of their patches.", encoder, layer),
    trans.__("The map shows the first two principal components, with %1 and %2 of the variance.", ...shares),
  ];
  if (total > count) parts.push(trans.__("The first %1 of %2 pictures.", count, total));
  if (skippedCount > 0) {
    const many = plural(skippedCount, trans.__("1 picture has"), trans.__("%1 pictures have", skippedCount));
    parts.push(
      trans.__(
        "%1 no features: %2 (%3)%4",
        many,
        skipped[0]?.path ?? "",
        skipped[0]?.reason ?? "",
        skippedCount > 1 ? " …" : ".",
      ),
    );
  }
  return parts.join(" ");
}

/** Names the pictures that cannot be read, as far as they were in sight. */
export function sayUnreadable(trans: Translate, store: GalleryStore): string {
  const [first, ...rest] = store.unreadable;
  if (!first) return "";
  const text = trans.__("%1 cannot be read: %2", first.name, first.reason);
  return rest.length ? `${text}; ${trans.__("and %1 more.", rest.length)}` : text;
}

/** Says where the neighbors come from. What is approximate is always called so. */
export function sayStatus(
  trans: Translate,
  payload: GalleryPayload,
  found: FoundNeighbors | undefined,
  connection: ConnectionState,
): string {
  if (found?.milliseconds !== undefined)
    return trans.__("Neighbors by the full features, found in %1\u00a0ms.", found.milliseconds.toFixed(1));
  const reason = sayConnection(trans, connection);
  if (!found) return trans.__("Neighbors of a patch need the kernel. %1", reason);
  const { dims } = payload.reduced;
  return trans.__(
    "Approximate: %1 of %2 dimensions, 8 bits, saved in the notebook. %3",
    dims,
    payload.channels,
    reason,
  );
}

function sayConnection(trans: Translate, connection: ConnectionState): string {
  switch (connection) {
    case "none":
      return trans.__("No kernel is connected: a sample of the pictures is saved.");
    case "connecting":
    case "live":
      return trans.__("Asking the kernel…");
    case "stale":
      return trans.__("The kernel no longer knows this view: run its cell again for all pictures.");
    default:
      return connection satisfies never;
  }
}
