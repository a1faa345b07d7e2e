import { type AtlasPayload, changedShare } from "fovea/protocol";
import type { ConnectionState } from "../comms/channel";
import type { Translate } from "../parts/translate";
import type { AtlasStore, ShownPredictions } from "./predictions";
import { type AtlasState, isRouters, weightsOf } from "./state";

/** "semseg: stem 20 %, dino 80 %, set by hand. 12 % of the cells differ from the router's prediction." */
export function sayWeights(trans: Translate, payload: AtlasPayload, state: AtlasState, store: AtlasStore): string {
  const { name, kind } = payload.tasks[state.task];
  const weights = weightsOf(payload, state).map((weight, e) => {
    const share = `${payload.experts[e]} ${Math.round(100 * weight)}\u00a0%`;
    return state.closed[e] ? trans.__("%1 off", payload.experts[e]) : share;
  });
  const list = weights.join(", ");
  if (isRouters(state)) return trans.__("%1: the router gives %2.", name, list);
  const changed = changedShare(
    kind,
    store.values.at(state.task, weightsOf(payload, state)),
    store.values.own(state.task),
  );
  const how = state.weights ? trans.__("%1: %2, set by hand.", name, list) : trans.__("%1: %2.", name, list);
  return `${how} ${trans.__("%1\u00a0% of the cells differ from the router's prediction.", Math.round(100 * changed))}`;
}

export function sayCaption(trans: Translate, payload: AtlasPayload, gains: boolean): string {
  const { grid, levels, tasks } = payload;
  const cells = gains
    ? trans.__("Cells: gain of a linear probe over the reference, in percent.")
    : trans.__("Cells: first three principal components of each level as colors, on one scale for its row.");
  const others = tasks[0].others.length
    ? trans.__(
        "Small dots are the routers for other pictures, the square this picture's router, the ring the weights in use.",
      )
    : trans.__("The square is this picture's router, the ring the weights in use.");
  return `${cells} ${trans.__("%1 levels, %2 x %3 tokens.", levels.length, grid[0], grid[1])} ${others}`;
}

/** Says where the predictions come from. */
export function sayStatus(
  trans: Translate,
  payload: AtlasPayload,
  shown: ShownPredictions,
  connection: ConnectionState,
): string {
  const size = `${shown.size[0]} x ${shown.size[1]}`;
  if (shown.milliseconds !== undefined)
    return trans.__("Predictions by the kernel, %1 cells, in %2\u00a0ms.", size, shown.milliseconds.toFixed(0));
  const saved = trans.__(
    "Approximate: %1 cells saved in the notebook, other weights between %2 saved mixtures.",
    size,
    (payload.experts.length * (payload.experts.length + 1)) / 2,
  );
  const reason = connection === "stale" ? trans.__("The kernel no longer knows this view: run its cell again.") : "";
  return reason ? `${saved} ${reason}` : saved;
}
