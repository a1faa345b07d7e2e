import type { GalleryPayload } from "fovea/protocol";
import { call, cell, comment, declare, Raw } from "../export";
import type { DropAnswer, DroppedFile } from "../frame/viewer";
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

/** A cell that makes the view again from its folder of features. */
export function exportCode(payload: GalleryPayload, state: GalleryState, store: GalleryStore): string {
  const { folder, root, encoder } = payload;
  const shown = call("view.gallery", [new Raw("folder")], {
    pictures: root,
    title: payload.title || undefined,
    layer: payload.layer,
    current: store.isNamed(state.index) ? store.name(state.index) : undefined,
    limit: payload.total > payload.count ? payload.count : undefined,
  });
  const missing = comment(`The folder that features.extract wrote with ${encoder}: put it here.`);
  return cell(
    ["features", "view"],
    [
      folder === undefined ? missing : undefined,
      declare("folder", new Raw(`await ${call("features.open", [folder ?? "features"], {})}`)),
      `await ${shown}`,
    ],
  );
}

/**
 * A cell that answers a file of the reader. A picture of the gallery becomes the one whose neighbors are shown; an encoder makes a gallery
 * of the same pictures. A picture without features has no neighbors.
 */
export function dropAnswer(
  payload: GalleryPayload,
  state: GalleryState,
  store: GalleryStore,
  { kind, path }: DroppedFile,
): DropAnswer | undefined {
  if (kind === "model") return anotherEncoder(payload, path);
  const index = store.indexOf(path);
  if (index === undefined) return undefined;
  return {
    code: exportCode(payload, { ...state, index, patch: undefined }, store),
    isComplete: payload.folder !== undefined,
  };
}

function anotherEncoder({ root }: GalleryPayload, model: string): DropAnswer {
  const out = `features-${/([^/\\]*)\.onnx$/i.exec(model)?.[1] ?? "new"}`;
  const missing = comment("The folder of the pictures: put it here.");
  const pictures = root ?? "pictures";
  const statements = [
    root === undefined ? missing : undefined,
    declare("pictures", pictures),
    `await ${call("features.extract", [{ encoder: model, images: new Raw("pictures"), out }], {})};`,
    declare("folder", new Raw(`await ${call("features.open", [out], {})}`)),
    `await ${call("view.gallery", [new Raw("folder")], { pictures: new Raw("pictures") })}`,
  ];
  return { code: cell(["features", "view"], statements), isComplete: root !== undefined };
}
