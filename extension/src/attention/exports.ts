import { meanQuery, patchCenter, type AttentionPayload } from "fovea/protocol";
import { call, cell, declareEncoder, declareImage, Raw } from "../export";
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
  const several = pictures.length > 1;
  const names = pictures.map((_, i) => (several ? `picture${i + 1}` : "picture"));
  const given = several ? names.map((name) => new Raw(name)) : new Raw(names[0]);
  const shown = call("view.attention", [given, new Raw("encoder")], {
    title: payload.title || undefined,
    indices: layers.map(({ layer }) => layer),
    layer: layers[state.layer].layer,
    head: state.head,
    query: queryCode(payload, state),
    scale: state.scale,
    colormap: state.colormap,
    opacity: state.opacity,
  });
  return cell(
    ["encoders", "view"],
    [...pictures.map(({ image }, i) => declareImage(names[i], image)), declareEncoder(encoder, load), `await ${shown}`],
  );
}

/** The query as the call takes it; a register token, which has no name there, is left to the default. */
function queryCode(payload: AttentionPayload, { query }: AttentionState): unknown {
  const shape = { heads: 1, prefix: payload.prefix, grid: payload.grid };
  if (query === meanQuery(shape)) return "mean";
  const patch = patchOf(shape, query);
  if (patch === undefined) return query === 0 ? "class" : undefined;
  return patchCenter(placementOf(payload, 0), patch).map((value) => Math.round(10 * value) / 10);
}
