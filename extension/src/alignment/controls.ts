import {
  COLOR_MAPS,
  NORMALIZATIONS,
  type AlignmentPayload,
  type ColorMapName,
  type Normalization,
  type ScaleMode,
} from "fovea/protocol";
import { element } from "../dom";
import { button, selectField, sliderField } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { AlignmentAction } from "./keys";
import { normalizationName } from "./speech";
import type { AlignmentState } from "./state";

export interface AlignmentControlEvents {
  change(part: Partial<AlignmentState>): void;
  act(action: AlignmentAction): void;
}

/** The row of native controls above the panels; `sync` shows a state in it. */
export interface AlignmentControls {
  node: HTMLElement;
  sync(state: AlignmentState): void;
  /** More buttons, after our own. */
  addButtons(buttons: readonly HTMLElement[]): void;
}

const TEMPERATURES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

export function alignmentControls(
  trans: Translate,
  keys: Keys<AlignmentAction | HelpAction>,
  payload: AlignmentPayload,
  events: AlignmentControlEvents,
): AlignmentControls {
  const normalization = selectField(
    trans.__("Values"),
    NORMALIZATIONS.map((value) => ({ value, label: normalizationName(trans, value) })),
    (value) => events.change({ normalization: value as Normalization }),
  );
  const temperature = selectField(trans.__("Temperature"), temperatures(payload), (value) =>
    events.change({ temperature: Number(value) }),
  );
  const scale = selectField(
    trans.__("Scale"),
    [
      { value: "view", label: trans.__("This view") },
      { value: "absolute", label: trans.__("Absolute") },
    ],
    (value) => events.change({ scale: value as ScaleMode }),
  );
  const maps = COLOR_MAPS.filter((name) => name !== "coolwarm").map((value) => ({ value, label: value }));
  const colormap = selectField(trans.__("Colors"), maps, (value) => events.change({ colormap: value as ColorMapName }));
  const opacity = sliderField(trans.__("Opacity"), (value) => events.change({ opacity: value }));
  const table = button(trans.__("Table"), keys.tip("table"), () => events.act({ type: "table" }));
  const fields = [normalization, temperature, scale, colormap, opacity].map(({ node }) => node);
  return {
    node: element(
      "div",
      { class: "jp-FoveaView-controls", attributes: { role: "group", "aria-label": trans.__("View settings") } },
      ...fields,
      element("div", { class: "jp-FoveaView-buttons" }, table),
    ),
    addButtons: (buttons) => table.after(...buttons),
    sync(state) {
      normalization.control.value = state.normalization;
      temperature.control.value = String(state.temperature);
      temperature.node.hidden = state.normalization === "cosine";
      scale.control.value = state.scale;
      colormap.control.value = state.colormap;
      opacity.control.value = String(state.opacity);
      table.setAttribute("aria-expanded", String(state.table));
    },
  };
}

function temperatures(payload: AlignmentPayload): { value: string; label: string }[] {
  const values = [...new Set([...TEMPERATURES, payload.temperature])].sort((a, b) => a - b);
  return values.map((value) => ({ value: String(value), label: String(value) }));
}
