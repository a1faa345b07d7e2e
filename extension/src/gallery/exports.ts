import type { GalleryPayload } from "fovea/protocol";
import { call, cell, comment, declare, Raw } from "../export";
import type { GalleryState } from "./state";
import type { FoundNeighbors, GalleryStore } from "./store";

/** The neighbors on screen, by name. */
export function exportData(
  payload: GalleryPayload,
  state: GalleryState,
  store: GalleryStore,
  found: FoundNeighbors | undefined,
): object {
  const { encoder, layer, count, grid } = payload;
  const { columns, patch } = { columns: grid[1], patch: state.patch };
  return {
    encoder,
    layer,
    pictures: count,
    picture: store.name(state.index),
    patch: patch === undefined ? null : { row: Math.floor(patch / columns), column: patch % columns },
    approximate: found?.milliseconds === undefined,
    neighbors: (found?.neighbors ?? []).map(({ index, score, box }) => ({
      picture: store.name(index),
      cosine: score,
      ...(box && { box }),
    })),
  };
}

/** A cell that makes the view again from a folder of features, whose place a notebook does not tell. */
export function exportCode(payload: GalleryPayload, state: GalleryState, store: GalleryStore): string {
  const shown = call("view.gallery", [new Raw("folder")], {
    title: payload.title || undefined,
    layer: payload.layer,
    current: store.name(state.index),
    limit: payload.total > payload.count ? payload.count : undefined,
    pictures: new Raw("pictures"),
  });
  return cell(
    ["features", "view"],
    [
      comment(
        `The folder that features.extract wrote with ${payload.encoder}, and the folder of its pictures: put them here.`,
      ),
      declare("folder", new Raw('await features.open("features")')),
      declare("pictures", "pictures"),
      `await ${shown}`,
    ],
  );
}
