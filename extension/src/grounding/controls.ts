import { ALL_LAYERS, type GroundingPayload } from "fovea/protocol";
import type { ControlRow } from "../frame/frame";
import { element, setText } from "../dom";
import { controlRow } from "../parts/controls";
import { button, press, selectField, sliderField, textField, type Choice } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { GroundingAction } from "./keys";
import type { GroundingState } from "./state";

export interface GroundingControlEvents {
  change(part: Partial<GroundingState>): void;
  /** Called at every change of the field. */
  write(phrase: string): void;
  /** Goes back from the field to the stage. */
  leave(): void;
  listed(position: number): void;
  picture(position: number): void;
  act(action: GroundingAction): void;
}

const OTHER = "";

/** The field of the phrase, and the row of native controls. */
export class GroundingControls implements ControlRow {
  readonly node: HTMLElement;
  /** The field, which stands below the picture's stage. */
  readonly field: HTMLElement;

  constructor(
    trans: Translate,
    keys: Keys<GroundingAction | HelpAction>,
    private readonly payload: GroundingPayload,
    events: GroundingControlEvents,
  ) {
    this.picture = selectField(trans.__("Picture"), pictureChoices(payload), (value) => events.picture(Number(value)));
    this.list = selectField(
      trans.__("Phrases of the list"),
      phraseChoices(trans, payload),
      (value) => value !== OTHER && events.listed(Number(value)),
    );
    this.layer = selectField(trans.__("Attention of layer"), layerChoices(trans, payload), (value) =>
      events.change({ layer: Number(value) }),
    );
    this.threshold = sliderField(trans.__("Threshold"), (threshold) => events.change({ threshold }));
    this.opacity = sliderField(trans.__("Opacity"), (opacity) => events.change({ opacity }));
    this.said = this.threshold.node.appendChild(element("output", { attributes: { for: this.threshold.control.id } }));
    this.replay = button(trans.__("Replay"), keys.tip("replay"), () => events.act({ type: "replay" }));
    this.table = button(trans.__("Table"), keys.tip("table"), () => events.act({ type: "table" }));
    this.hideUnused();
    const fields = [this.picture, this.list, this.layer, this.threshold, this.opacity].map(({ node }) => node);
    this.node = controlRow(trans, fields, [this.replay, this.table]);
    this.phrase = this.makeField(trans, events);
    this.field = element("div", { class: "jp-FoveaGrounding-phrase jp-FoveaView-controls" }, this.phrase.node);
  }

  addButtons(buttons: readonly HTMLElement[]): void {
    this.table.after(...buttons);
  }

  /** Brings the cursor into the field. */
  write(): void {
    this.phrase.control.focus();
    this.phrase.control.select();
  }

  sync(state: GroundingState): void {
    const { saved } = this.payload;
    const { phrase, picture, layer, threshold, opacity, epoch, table } = state;
    // Text that is being typed is never written over: spaces at its end would go.
    if (this.phrase.control.value !== phrase) this.phrase.control.value = phrase;
    this.picture.control.value = String(picture);
    const at = saved.findIndex((one) => one.phrase === phrase.trim() && one.picture === picture);
    this.list.control.value = at < 0 ? OTHER : String(at);
    this.layer.control.value = String(layer);
    this.threshold.control.value = String(threshold);
    setText(this.said, threshold.toFixed(2));
    this.opacity.control.value = String(opacity);
    press(this.replay, epoch !== undefined);
    this.table.setAttribute("aria-expanded", String(table));
  }

  /** Lets the field say that the model cannot read it. */
  setInvalid(isInvalid: boolean): void {
    this.phrase.control.setAttribute("aria-invalid", String(isInvalid));
  }

  private hideUnused(): void {
    const { pictures, queries, replay } = this.payload;
    this.picture.node.hidden = pictures.length < 2;
    this.threshold.node.hidden = queries < 2;
    this.threshold.node.classList.add("jp-FoveaGrounding-threshold");
    this.replay.hidden = !replay;
  }

  private makeField(trans: Translate, events: GroundingControlEvents): ReturnType<typeof textField> {
    const field = textField(trans.__("Phrase"), () => undefined);
    const { control } = field;
    control.maxLength = 500;
    control.autocomplete = "off";
    control.addEventListener("input", () => events.write(control.value));
    control.addEventListener("keydown", ({ key }) => key === "Escape" && events.leave());
    return field;
  }

  private readonly picture;
  private readonly list;
  private readonly layer;
  private readonly threshold;
  private readonly opacity;
  private readonly said: HTMLElement;
  private readonly replay: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
  private readonly phrase;
}

const pictureChoices = ({ pictures }: GroundingPayload): Choice[] =>
  pictures.map(({ label }, i) => ({ value: String(i), label }));

function phraseChoices(trans: Translate, { pictures, saved }: GroundingPayload): Choice[] {
  const listed = saved.map(({ phrase, picture }, i) => ({
    value: String(i),
    label: pictures.length > 1 ? `${pictures[picture].label}: ${phrase}` : phrase,
  }));
  return [{ value: OTHER, label: trans.__("(another)") }, ...listed];
}

function layerChoices(trans: Translate, { layers }: GroundingPayload): Choice[] {
  const positions = Array.from({ length: layers }, (_, i) => ({ value: String(i), label: String(i) }));
  return [{ value: String(ALL_LAYERS), label: trans.__("all, mean") }, ...positions];
}
