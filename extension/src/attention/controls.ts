import {
  ATTENTION_SCALES,
  COLOR_MAPS,
  meanQuery,
  queryText,
  shapeOf,
  type AttentionPayload,
  type AttentionScale,
  type ColorMapName,
} from "fovea/protocol";
import { element } from "../dom";
import { button, press, selectField, sliderField, stepField, type Choice } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { ControlRow } from "../frame/frame";
import type { AttentionAction } from "./keys";
import { patchOf, type AttentionState } from "./state";

export interface AttentionControlEvents {
  change(part: Partial<AttentionState>): void;
  layer(position: number): void;
  act(action: AttentionAction): void;
}

/** The row of native controls above the pictures; `sync` shows a state in it. */
export interface AttentionControls extends ControlRow {
  sync(state: AttentionState): void;
}

/** Value of the choice that stands for any patch. */
const PATCH = "patch";

export function attentionControls(
  trans: Translate,
  keys: Keys<AttentionAction | HelpAction>,
  payload: AttentionPayload,
  events: AttentionControlEvents,
): AttentionControls {
  const { layers, pictures } = payload;
  const picture = selectField(trans.__("Picture"), names(pictures.map(({ image }) => image.label)), (value) =>
    events.change({ picture: Number(value) }),
  );
  const layer = stepField(trans.__("Layer"), layers.length, (position) => events.layer(position));
  const said = layer.node.appendChild(element("output", { attributes: { for: layer.control.id } }));
  layer.node.classList.add("jp-FoveaAttention-layer");
  const head = selectField(trans.__("Head"), [], (value) => events.change({ head: Number(value) }));
  const query = selectField(trans.__("Query"), queryChoices(trans, payload), (value) => {
    if (value === PATCH) events.act({ type: "move", dx: 0, dy: 0 });
    else events.change({ query: Number(value), hover: undefined });
  });
  const scale = selectField(trans.__("Scale"), scaleChoices(trans), (value) =>
    events.change({ scale: value as AttentionScale }),
  );
  const maps = COLOR_MAPS.filter((name) => name !== "coolwarm").map((value) => ({ value, label: value }));
  const colormap = selectField(trans.__("Colors"), maps, (value) => events.change({ colormap: value as ColorMapName }));
  const opacity = sliderField(trans.__("Opacity"), (value) => events.change({ opacity: value }));
  const grid = button(trans.__("Grid"), keys.tip("grid"), () => events.act({ type: "grid" }));
  const table = button(trans.__("Table"), keys.tip("table"), () => events.act({ type: "table" }));
  picture.node.hidden = pictures.length < 2;
  layer.control.disabled = layers.length < 2;
  const fields = [picture, layer, head, query, scale, colormap, opacity].map(({ node }) => node);
  return {
    node: element(
      "div",
      { class: "jp-FoveaView-controls", attributes: { role: "group", "aria-label": trans.__("View settings") } },
      ...fields,
      element("div", { class: "jp-FoveaView-buttons" }, grid, table),
    ),
    addButtons: (buttons) => table.after(...buttons),
    sync(state) {
      const shape = shapeOf(payload, state.layer);
      picture.control.value = String(state.picture);
      layer.control.value = String(state.layer);
      const words = trans.__("%1 of %2", layers[state.layer].layer, layers.map((one) => one.layer).join(", "));
      layer.control.setAttribute("aria-valuetext", words);
      said.textContent = String(layers[state.layer].layer);
      if (head.control.options.length !== shape.heads)
        head.control.replaceChildren(...options(Array.from({ length: shape.heads }, (_, i) => String(i + 1))));
      head.control.value = String(state.head);
      query.control.value = patchOf(shape, state.query) === undefined ? String(state.query) : PATCH;
      scale.control.value = state.scale;
      colormap.control.value = state.colormap;
      opacity.control.value = String(state.opacity);
      press(grid, state.grid);
      table.setAttribute("aria-expanded", String(state.table));
    },
  };
}

function names(labels: readonly string[]): Choice[] {
  return labels.map((label, i) => ({ value: String(i), label }));
}

function options(labels: readonly string[]): HTMLOptionElement[] {
  return names(labels).map(({ value, label }) => element("option", { text: label, attributes: { value } }));
}

/** Tokens before the patches, the mean over the patches, and any patch. */
function queryChoices(trans: Translate, payload: AttentionPayload): Choice[] {
  const shape = shapeOf(payload, payload.layer);
  const queries = [...Array.from({ length: shape.prefix }, (_, i) => i), meanQuery(shape)];
  const tokens = queries.map((query) => ({ value: String(query), label: queryText(trans, shape, query) }));
  return [...tokens, { value: PATCH, label: trans.__("a patch") }];
}

function scaleChoices(trans: Translate): Choice[] {
  const labels: Record<AttentionScale, string> = {
    heads: trans.__("All heads alike"),
    head: trans.__("Each head its own"),
    absolute: trans.__("0 to 1"),
  };
  return ATTENTION_SCALES.map((value) => ({ value, label: labels[value] }));
}
