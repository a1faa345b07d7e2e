import {
  SIMILARITIES,
  encoderOf,
  patchSize,
  type ColorMapName,
  type CorrespondencePayload,
  type SavedLayer,
  type ScaleMode,
  type Similarity,
} from "fovea/protocol";
import type { HelpAction, Keys } from "../parts/keys";
import { colorChoices, controlRow, scaleChoices, temperatureChoices } from "../parts/controls";
import type { Translate } from "../parts/translate";
import { button, press, selectField, sliderField, type Choice, type Field } from "../parts/fields";
import type { Action } from "./keys";
import { facetName } from "./speech";
import type { ViewState } from "./state";

/** Changes that the controls ask for. */
export interface ControlEvents {
  change(part: Partial<ViewState>): void;
  layer(position: number): void;
  target(image: number): void;
  act(action: Action): void;
}

/** Toggles and acts of the row of buttons, in its order. */
type ButtonAction = "grid" | "components" | "strip" | "reverse" | "swap" | "token" | "clear";

/** The row of native controls above the images; each is also reachable by a key or is a plain form control. */
export class Controls {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    keys: Keys<Action | HelpAction>,
    private readonly payload: CorrespondencePayload,
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
    this.target = this.keep(
      selectField(trans.__("Target"), targetChoices(payload), (value) => events.target(Number(value))),
    );
    const act = (text: string, type: ButtonAction): HTMLButtonElement =>
      button(text, keys.tip(type), () => events.act({ type }));
    this.grid = act(trans.__("Grid"), "grid");
    this.components = act(trans.__("PCA colors"), "components");
    this.strip = act(trans.__("All layers"), "strip");
    this.reverse = act(trans.__("Reverse"), "reverse");
    this.swap = act(trans.__("Swap"), "swap");
    this.token = act(trans.__("Class token"), "token");
    this.clear = act(trans.__("Clear pins"), "clear");
    this.smaller = zoomButton("−", trans.__("Shrink"), () => events.act({ type: "zoom", by: -1 }));
    this.larger = zoomButton("+", trans.__("Magnify"), () => events.act({ type: "zoom", by: 1 }));
    this.wrapperOf(this.target).hidden = payload.images.length < 3;
    this.strip.hidden = payload.layers.length < 2;
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
    press(this.swap, state.swapped);
    press(this.components, state.base === "components");
    press(this.strip, state.strip);
    press(this.token, state.cursor.token !== undefined);
    this.token.hidden = !this.payload.layers[state.layer].prefix;
    this.target.value = String(state.target);
    this.smaller.disabled = state.shown.zoom <= 1;
    this.clear.disabled = state.pins.length === 0;
  }

  private row(): HTMLElement {
    const fields = [
      this.target,
      this.layer,
      this.similarity,
      this.temperature,
      this.scale,
      this.colormap,
      this.opacity,
    ];
    return controlRow(
      this.trans,
      fields.map((field) => this.wrapperOf(field)),
      this.buttons(),
    );
  }

  private buttons(): HTMLButtonElement[] {
    const { grid, components, strip, reverse, swap, token, smaller, larger, clear } = this;
    return [grid, components, strip, reverse, swap, token, smaller, larger, clear];
  }

  private keep<T extends HTMLElement>({ node, control }: Field<T>): T {
    this.wrappers.set(control, node);
    return control;
  }

  private wrapperOf(field: HTMLElement): HTMLElement {
    return this.wrappers.get(field) ?? field;
  }

  private readonly wrappers = new Map<HTMLElement, HTMLElement>();
  private readonly target: HTMLSelectElement;
  private readonly layer: HTMLSelectElement;
  private readonly similarity: HTMLSelectElement;
  private readonly temperature: HTMLSelectElement;
  private readonly scale: HTMLSelectElement;
  private readonly colormap: HTMLSelectElement;
  private readonly opacity: HTMLInputElement;
  private readonly grid: HTMLButtonElement;
  private readonly components: HTMLButtonElement;
  private readonly strip: HTMLButtonElement;
  private readonly reverse: HTMLButtonElement;
  private readonly swap: HTMLButtonElement;
  private readonly token: HTMLButtonElement;
  private readonly smaller: HTMLButtonElement;
  private readonly larger: HTMLButtonElement;
  private readonly clear: HTMLButtonElement;
}

/** A sign alone says nothing to a screen reader. */
function zoomButton(sign: string, name: string, onClick: () => void): HTMLButtonElement {
  const node = button(sign, name, onClick);
  node.setAttribute("aria-label", name);
  return node;
}

function targetChoices({ images }: CorrespondencePayload): Choice[] {
  return images.slice(1).map(({ label }, i) => ({ value: String(i + 1), label }));
}

function layerChoices(trans: Translate, payload: CorrespondencePayload): Choice[] {
  return payload.layers.map((saved, i) => {
    const { layer, placements, channels } = saved;
    const stride = patchSize(placements[0])[0];
    const [rows, columns] = placements[0].grid;
    const facts = trans.__("%1: %2 × %3 patches of %4 px, %5 dims", layer, rows, columns, round(stride), channels);
    const names = [...(payload.others ? [encoderOf(payload, saved).name] : []), ...facetOf(trans, saved)];
    return { value: String(i), label: [...names, facts].join(" · ") };
  });
}

const facetOf = (trans: Translate, { facet }: SavedLayer): string[] => (facet ? [facetName(trans, facet)] : []);

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
