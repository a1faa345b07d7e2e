import { meanQuery, patchCenter, type AttentionPayload, type SavedImage } from "fovea/protocol";
import { call, cell, declareEncoder, declareImage, Raw } from "../export";
import type { DropAnswer, DroppedFile } from "../frame/viewer";
import type { AttentionAnswer } from "./answer";
import { placementOf } from "./scenes";
import { patchOf, type AttentionState } from "./state";

/** The maps of all heads under the query on screen, and their numbers. */
export function exportData(
  payload: AttentionPayload,
  state: AttentionState,
  answer: AttentionAnswer | undefined,
): object {
  const { encoder, pictures, layers, grid, prefix } = payload;
  const heads = answer?.heads.map(({ map, ...rest }, head) => ({
    head,
    prefixTokens: rest.prefix,
    query: { entropy: rest.entropy, distance: rest.distance ?? null },
    allQueries: payload.numbers[state.picture][state.layer][head],
    map: [...map].map((value) => Number(value.toPrecision(6))),
  }));
  return {
    encoder,
    picture: pictures[state.picture].image.label,
    layer: layers[state.layer].layer,
    query: answer?.query ?? state.query,
    approximate: answer ? answer.isSaved : null,
    grid,
    prefix,
    heads: heads ?? [],
  };
}

/** A cell that makes the view again, with the choices on screen. */
export function exportCode(payload: AttentionPayload, state: AttentionState): string {
  const { pictures, layers, encoder, load } = payload;
  const images = pictures.map(({ image }) => image);
  return viewCell(images, declareEncoder(encoder, load), {
    title: payload.title || undefined,
    indices: layers.map(({ layer }) => layer),
    layer: layers[state.layer].layer,
    head: state.head,
    query: queryCode(payload, state),
    ...looksOf(state),
  });
}

/** A cell that makes the view with a file of the reader: a picture in place of the one on screen, or another encoder. */
export function dropAnswer(payload: AttentionPayload, state: AttentionState, { kind, path }: DroppedFile): DropAnswer {
  const images = payload.pictures.map(({ image }, i) =>
    kind === "picture" && i === state.picture ? { ...image, path } : image,
  );
  const load = kind === "model" ? { model: path, options: "{}" } : payload.load;
  // Layers, heads and query are those of the encoder: another one has its own.
  const own = kind === "picture" && {
    indices: payload.layers.map(({ layer }) => layer),
    layer: payload.layers[state.layer].layer,
    head: state.head,
  };
  return {
    code: viewCell(images, declareEncoder(payload.encoder, load), { ...own, ...looksOf(state) }),
    isComplete: images.every((image) => image.path !== undefined) && load !== undefined,
  };
}

const looksOf = ({ scale, colormap, opacity }: AttentionState): object => ({ scale, colormap, opacity });

function viewCell(images: readonly SavedImage[], encoder: string, options: Readonly<Record<string, unknown>>): string {
  const several = images.length > 1;
  const names = images.map((_, i) => (several ? `picture${i + 1}` : "picture"));
  const given = several ? names.map((name) => new Raw(name)) : new Raw(names[0]);
  const shown = call("view.attention", [given, new Raw("encoder")], options);
  const pictures = images.map((image, i) => declareImage(names[i], image));
  return cell(["encoders", "view"], [...pictures, encoder, `await ${shown}`]);
}

/** The query as the call takes it; a register token, which has no name there, is left to the default. */
function queryCode(payload: AttentionPayload, { query }: AttentionState): unknown {
  const shape = { heads: 1, prefix: payload.prefix, grid: payload.grid };
  if (query === meanQuery(shape)) return "mean";
  const patch = patchOf(shape, query);
  if (patch === undefined) return query === 0 ? "class" : undefined;
  return patchCenter(placementOf(payload, 0), patch).map((value) => Math.round(10 * value) / 10);
}
