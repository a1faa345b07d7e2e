import {
  SIMILARITIES,
  patchSize,
  type ColorMapName,
  type CorrespondencePayload,
  type ScaleMode,
  type Similarity,
} from "fovea/protocol";
import type { HelpAction, Keys } from "../parts/keys";
import { colorChoices, controlRow, scaleChoices, temperatureChoices } from "../parts/controls";
import type { Translate } from "../parts/translate";
import { button, press, selectField, sliderField, type Choice, type Field } from "../parts/fields";
import type { Action } from "./keys";
import type { ViewState } from "./state";

/** Changes that the controls ask for. */
export interface ControlEvents {
  change(part: Partial<ViewState>): void;
  layer(position: number): void;
  act(action: Action): void;
}

/** The row of native controls above the images; each is also reachable by a key or is a plain form control. */
export class Controls {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    keys: Keys<Action | HelpAction>,
    payload: CorrespondencePayload,
    events: ControlEvents,
  ) {
    this.layer = this.keep(
      selectField(trans.__("Layer"), layerChoices(trans, payload), (value) => events.layer(Number(value))),
    );
    this.similarity = this.keep(
      selectField(trans.__("Similarity"), similarityChoices(trans), (value) =>
        events.change({ similarity: value as Similarity }),
      ),
    );
    this.temperature = this.keep(
      selectField(trans.__("Temperature"), temperatureChoices(payload.temperature), (value) =>
        events.change({ temperature: Number(value) }),
      ),
    );
    this.scale = this.keep(
      selectField(trans.__("Scale"), scaleChoices(trans), (value) => events.change({ scale: value as ScaleMode })),
    );
    this.colormap = this.keep(
      selectField(trans.__("Colors"), colorChoices(), (value) => events.change({ colormap: value as ColorMapName })),
    );
    this.opacity = this.keep(sliderField(trans.__("Opacity"), (value) => events.change({ opacity: value })));
    const act = (text: string, type: "grid" | "reverse" | "clear"): HTMLButtonElement =>
      button(text, keys.tip(type), () => events.act({ type }));
    this.grid = act(trans.__("Grid"), "grid");
    this.reverse = act(trans.__("Reverse"), "reverse");
    this.clear = act(trans.__("Clear pins"), "clear");
    this.node = this.row();
  }

  /** More buttons, after our own. */
  addButtons(buttons: readonly HTMLElement[]): void {
    this.clear.after(...buttons);
  }

  /** Shows a state in the controls. */
  sync(state: ViewState): void {
    this.layer.value = String(state.layer);
    this.similarity.value = state.similarity;
    this.temperature.value = String(state.temperature);
    this.scale.value = state.scale;
    this.colormap.value = state.colormap;
    this.opacity.value = String(state.opacity);
    this.wrapperOf(this.temperature).hidden = state.similarity !== "softmax";
    this.wrapperOf(this.colormap).hidden = state.similarity === "centered";
    press(this.grid, state.grid);
    press(this.reverse, state.reverse);
    this.clear.disabled = state.pins.length === 0;
  }

  private row(): HTMLElement {
    const fields = [this.layer, this.similarity, this.temperature, this.scale, this.colormap, this.opacity];
    return controlRow(
      this.trans,
      fields.map((field) => this.wrapperOf(field)),
      [this.grid, this.reverse, this.clear],
    );
  }

  private keep<T extends HTMLElement>({ node, control }: Field<T>): T {
    this.wrappers.set(control, node);
    return control;
  }

  private wrapperOf(field: HTMLElement): HTMLElement {
    return this.wrappers.get(field) ?? field;
  }

  private readonly wrappers = new Map<HTMLElement, HTMLElement>();
  private readonly layer: HTMLSelectElement;
  private readonly similarity: HTMLSelectElement;
  private readonly temperature: HTMLSelectElement;
  private readonly scale: HTMLSelectElement;
  private readonly colormap: HTMLSelectElement;
  private readonly opacity: HTMLInputElement;
  private readonly grid: HTMLButtonElement;
  private readonly reverse: HTMLButtonElement;
  private readonly clear: HTMLButtonElement;
}

function layerChoices(trans: Translate, payload: CorrespondencePayload): Choice[] {
  return payload.layers.map(({ layer, placements, channels }, i) => {
    const stride = patchSize(placements[0])[0];
    const [rows, columns] = placements[0].grid;
    const label = trans.__("%1: %2 × %3 patches of %4 px, %5 dims", layer, rows, columns, round(stride), channels);
    return { value: String(i), label };
  });
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function similarityChoices(trans: Translate): Choice[] {
  const labels: Record<Similarity, string> = {
    cosine: trans.__("Cosine"),
    centered: trans.__("Centered cosine"),
    softmax: trans.__("Softmax"),
  };
  return SIMILARITIES.map((value) => ({ value, label: labels[value] }));
}
