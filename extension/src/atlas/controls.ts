import type { AtlasPayload } from "fovea/protocol";
import { element, setText } from "../dom";
import { controlRow } from "../parts/controls";
import { button, press, selectField, sliderField } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { AtlasAction } from "./keys";
import { type AtlasState, isRouters, weightsOf } from "./state";

export interface AtlasControlEvents {
  task(task: number): void;
  weight(expert: number, value: number): void;
  act(action: AtlasAction): void;
}

/** The native controls: task and buttons above, a slider and a switch for each expert beside the simplex. */
export class AtlasControls {
  readonly node: HTMLElement;
  /** Sliders and switches of the experts. */
  readonly experts: HTMLElement;

  constructor(
    trans: Translate,
    keys: Keys<AtlasAction | HelpAction>,
    private readonly payload: AtlasPayload,
    events: AtlasControlEvents,
  ) {
    const choices = payload.tasks.map(({ name }, i) => ({ value: String(i), label: name }));
    this.task = selectField(trans.__("Task"), choices, (value) => events.task(Number(value)));
    this.reset = button(trans.__("Router"), keys.tip("reset"), () => events.act({ type: "reset" }));
    this.gains = button(trans.__("Gains"), keys.tip("gains"), () => events.act({ type: "gains" }));
    this.table = button(trans.__("Table"), keys.tip("table"), () => events.act({ type: "table" }));
    this.node = controlRow(trans, [this.task.node], [this.reset, this.gains, this.table]);
    this.rows = payload.experts.map((name, e) => {
      const slider = sliderField(name, (value) => events.weight(e, value));
      const share = element("span", { class: "jp-FoveaAtlas-share" });
      const turn = button(trans.__("Off"), trans.__("Switch %1 off or on (%2)", name, e), () =>
        events.act({ type: "toggle", expert: e }),
      );
      turn.setAttribute("aria-label", trans.__("Switch %1 off", name));
      return { slider, share, turn };
    });
    const rows = this.rows.map(({ slider, share, turn }, e) =>
      element("div", { class: "jp-FoveaAtlas-expert" }, slider.node, share, ...(e ? [turn] : [])),
    );
    const group = { role: "group", "aria-label": trans.__("Weights of stem and teachers") };
    this.experts = element("div", { class: "jp-FoveaAtlas-experts jp-FoveaView-controls", attributes: group }, ...rows);
  }

  addButtons(buttons: readonly HTMLElement[]): void {
    this.table.after(...buttons);
  }

  sync(state: AtlasState): void {
    this.task.control.value = String(state.task);
    this.reset.disabled = isRouters(state);
    this.gains.disabled = !this.payload.tasks[state.task].gains;
    press(this.gains, state.gains && !this.gains.disabled);
    this.table.setAttribute("aria-expanded", String(state.table));
    const weights = weightsOf(this.payload, state);
    this.rows.forEach(({ slider, share, turn }, e) => {
      slider.control.value = String(weights[e]);
      slider.control.disabled = state.closed[e];
      setText(share, `${Math.round(100 * weights[e])} %`);
      press(turn, state.closed[e]);
    });
  }

  private readonly task;
  private readonly reset: HTMLButtonElement;
  private readonly gains: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
  private readonly rows;
}
