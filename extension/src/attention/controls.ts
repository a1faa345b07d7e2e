import {
  ATTENTION_SCALES,
  meanQuery,
  queryText,
  shapeOf,
  type AttentionPayload,
  type AttentionScale,
  type ColorMapName,
} from "fovea/protocol";
import { element } from "../dom";
import { colorChoices, controlRow } from "../parts/controls";
import { button, press, selectField, sliderField, stepField, type Choice, type Field } from "../parts/fields";
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

/** Value of the choice that stands for any patch. */
const PATCH = "patch";

/** The row of native controls above the pictures. */
export class AttentionControls implements ControlRow {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    keys: Keys<AttentionAction | HelpAction>,
    private readonly payload: AttentionPayload,
    { change, layer, act }: AttentionControlEvents,
  ) {
    const { layers, pictures } = payload;
    this.picture = selectField(trans.__("Picture"), names(pictures.map(({ image }) => image.label)), (value) =>
      change({ picture: Number(value) }),
    );
    this.layer = stepField(trans.__("Layer"), layers.length, layer);
    this.head = selectField(trans.__("Head"), [], (value) => change({ head: Number(value) }));
    this.query = selectField(trans.__("Query"), queryChoices(trans, payload), (value) => {
      if (value === PATCH) act({ type: "move", dx: 0, dy: 0 });
      else change({ query: Number(value), hover: undefined });
    });
    this.scale = selectField(trans.__("Scale"), scaleChoices(trans), (value) =>
      change({ scale: value as AttentionScale }),
    );
    this.colormap = selectField(trans.__("Colors"), colorChoices(), (value) =>
      change({ colormap: value as ColorMapName }),
    );
    this.opacity = sliderField(trans.__("Opacity"), (value) => change({ opacity: value }));
    this.grid = button(trans.__("Grid"), keys.tip("grid"), () => act({ type: "grid" }));
    this.table = button(trans.__("Table"), keys.tip("table"), () => act({ type: "table" }));
    this.node = this.compose();
  }

  addButtons(buttons: readonly HTMLElement[]): void {
    this.table.after(...buttons);
  }

  /** Shows a state in the controls. */
  sync(state: AttentionState): void {
    const shape = shapeOf(this.payload, state.layer);
    this.picture.control.value = String(state.picture);
    this.syncLayer(state.layer);
    this.syncHead(state.head, shape.heads);
    this.query.control.value = patchOf(shape, state.query) === undefined ? String(state.query) : PATCH;
    this.scale.control.value = state.scale;
    this.colormap.control.value = state.colormap;
    this.opacity.control.value = String(state.opacity);
    press(this.grid, state.grid);
    this.table.setAttribute("aria-expanded", String(state.table));
  }

  private compose(): HTMLElement {
    const { picture, layer, head, query, scale, colormap, opacity, payload } = this;
    this.said.setAttribute("for", layer.control.id);
    layer.node.append(this.said);
    layer.node.classList.add("jp-FoveaAttention-layer");
    picture.node.hidden = payload.pictures.length < 2;
    layer.control.disabled = payload.layers.length < 2;
    const fields = [picture, layer, head, query, scale, colormap, opacity].map(({ node }) => node);
    return controlRow(this.trans, fields, [this.grid, this.table]);
  }

  private syncLayer(position: number): void {
    const { layers } = this.payload;
    const all = layers.map(({ layer }) => layer).join(", ");
    this.layer.control.value = String(position);
    this.layer.control.setAttribute("aria-valuetext", this.trans.__("%1 of %2", layers[position].layer, all));
    this.said.textContent = String(layers[position].layer);
  }

  private syncHead(head: number, count: number): void {
    const { control } = this.head;
    if (control.options.length !== count)
      control.replaceChildren(...options(Array.from({ length: count }, (_, i) => String(i + 1))));
    control.value = String(head);
  }

  private readonly picture: Field<HTMLSelectElement>;
  private readonly layer: Field<HTMLInputElement>;
  /** Number of the layer, beside its slider. */
  private readonly said = element("output");
  private readonly head: Field<HTMLSelectElement>;
  private readonly query: Field<HTMLSelectElement>;
  private readonly scale: Field<HTMLSelectElement>;
  private readonly colormap: Field<HTMLSelectElement>;
  private readonly opacity: Field<HTMLInputElement>;
  private readonly grid: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
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
