import {
  NORMALIZATIONS,
  type AlignmentPayload,
  type ColorMapName,
  type Normalization,
  type ScaleMode,
} from "fovea/protocol";
import type { ControlRow } from "../frame/frame";
import { colorChoices, controlRow, scaleChoices, temperatureChoices } from "../parts/controls";
import { button, selectField, sliderField, type Field } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { AlignmentAction } from "./keys";
import { normalizationName } from "./speech";
import type { AlignmentState } from "./state";

export interface AlignmentControlEvents {
  change(part: Partial<AlignmentState>): void;
  act(action: AlignmentAction): void;
}

/** The row of native controls above the panels. */
export class AlignmentControls implements ControlRow {
  readonly node: HTMLElement;

  constructor(
    trans: Translate,
    keys: Keys<AlignmentAction | HelpAction>,
    payload: AlignmentPayload,
    { change, act }: AlignmentControlEvents,
  ) {
    const normalizations = NORMALIZATIONS.map((value) => ({ value, label: normalizationName(trans, value) }));
    this.normalization = selectField(trans.__("Values"), normalizations, (value) =>
      change({ normalization: value as Normalization }),
    );
    this.temperature = selectField(trans.__("Temperature"), temperatureChoices(payload.temperature), (value) =>
      change({ temperature: Number(value) }),
    );
    this.scale = selectField(trans.__("Scale"), scaleChoices(trans), (value) => change({ scale: value as ScaleMode }));
    this.colormap = selectField(trans.__("Colors"), colorChoices(), (value) =>
      change({ colormap: value as ColorMapName }),
    );
    this.opacity = sliderField(trans.__("Opacity"), (value) => change({ opacity: value }));
    this.table = button(trans.__("Table"), keys.tip("table"), () => act({ type: "table" }));
    const fields = [this.normalization, this.temperature, this.scale, this.colormap, this.opacity];
    this.node = controlRow(
      trans,
      fields.map(({ node }) => node),
      [this.table],
    );
  }

  addButtons(buttons: readonly HTMLElement[]): void {
    this.table.after(...buttons);
  }

  /** Shows a state in the controls. */
  sync(state: AlignmentState): void {
    this.normalization.control.value = state.normalization;
    this.temperature.control.value = String(state.temperature);
    this.temperature.node.hidden = state.normalization === "cosine";
    this.scale.control.value = state.scale;
    this.colormap.control.value = state.colormap;
    this.opacity.control.value = String(state.opacity);
    this.table.setAttribute("aria-expanded", String(state.table));
  }

  private readonly normalization: Field<HTMLSelectElement>;
  private readonly temperature: Field<HTMLSelectElement>;
  private readonly scale: Field<HTMLSelectElement>;
  private readonly colormap: Field<HTMLSelectElement>;
  private readonly opacity: Field<HTMLInputElement>;
  private readonly table: HTMLButtonElement;
}
