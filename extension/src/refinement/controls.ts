import { type RefinementPayload, stageName } from "fovea/protocol";
import { element } from "../dom";
import { controlRow } from "../parts/controls";
import { button, press, selectField, stepField } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { RefinementAction } from "./keys";
import type { RefinementState } from "./state";

export interface RefinementControlEvents {
  stage(position: number): void;
  picture(position: number): void;
  act(action: RefinementAction): void;
}

/** The native controls: a slider over the stages, the picture, and buttons. */
export class RefinementControls {
  readonly node: HTMLElement;

  constructor(
    trans: Translate,
    keys: Keys<RefinementAction | HelpAction>,
    private readonly payload: RefinementPayload,
    events: RefinementControlEvents,
  ) {
    this.stage = stepField(trans.__("Stage"), payload.stages.length, (position) => events.stage(position));
    this.stage.control.disabled = payload.stages.length < 2;
    const choices = payload.pictures.map(({ label }, i) => ({ value: String(i), label }));
    this.picture = selectField(trans.__("Picture"), choices, (value) => events.picture(Number(value)));
    const act = (text: string, type: "words" | "table"): HTMLButtonElement =>
      button(text, keys.tip(type), () => events.act({ type }));
    this.words = act(trans.__("Words"), "words");
    this.table = act(trans.__("Table"), "table");
    const fields = [this.stage.node, this.stageName, this.picture.node];
    this.node = controlRow(trans, fields, [this.words, this.table]);
  }

  /** Adds buttons after the last one. */
  addButtons(buttons: readonly HTMLElement[]): void {
    this.table.after(...buttons);
  }

  sync(state: RefinementState, picture: number): void {
    const name = stageName(this.payload, state.stage);
    this.stage.control.value = String(state.stage);
    this.stage.control.setAttribute("aria-valuetext", name);
    this.stageName.textContent = name;
    this.picture.control.value = String(picture);
    press(this.words, state.named);
    this.table.setAttribute("aria-expanded", String(state.table));
  }

  private readonly stage;
  private readonly picture;
  private readonly words: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
  private readonly stageName = element("span", { class: "jp-FoveaRefinement-stageName" });
}
