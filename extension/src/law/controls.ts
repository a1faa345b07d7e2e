import type { FitChoice, LawPayload, SavedFit } from "fovea/protocol";
import { controlRow } from "../parts/controls";
import { button, press, selectField, textField, type Choice, type Field } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { LawAction } from "./keys";
import type { LawState } from "./state";

export interface LawControlEvents {
  benchmark(position: number): void;
  choose(choice: FitChoice): void;
  act(action: LawAction): void;
}

/** State of the viewer that the controls show. */
export interface ControlState {
  state: LawState;
  fit: SavedFit;
  /** True if the kernel can fit again. */
  live: boolean;
  /** Returns whether this choice can be shown. */
  offers(choice: FitChoice): boolean;
}

const OWN = "terms";

/** The row of native controls above the panels. */
export class LawControls {
  readonly node: HTMLElement;

  constructor(
    trans: Translate,
    keys: Keys<LawAction | HelpAction>,
    payload: LawPayload,
    private readonly events: LawControlEvents,
  ) {
    this.benchmark = selectField(trans.__("Benchmark"), byPosition(payload.benchmarks), (value) =>
      events.benchmark(Number(value)),
    );
    this.degree = selectField(trans.__("Degree"), degreeChoices(trans), (value) => this.chooseDegree(value));
    this.terms = textField(trans.__("Terms"), (value) => this.chooseTerms(value));
    const act = (text: string, type: "leave-one-out" | "residuals" | "table"): HTMLButtonElement =>
      button(text, keys.tip(type), () => events.act({ type }));
    this.leaveOneOut = act(trans.__("Leave one out"), "leave-one-out");
    this.residuals = act(trans.__("Residuals"), "residuals");
    this.table = act(trans.__("Table"), "table");
    const buttons = [this.leaveOneOut, this.residuals, this.table];
    this.node = controlRow(trans, [this.benchmark.node, this.degree.node, this.terms.node], buttons);
    this.terms.control.size = 24;
  }

  /** More buttons, after our own. */
  addButtons(buttons: readonly HTMLElement[]): void {
    this.table.after(...buttons);
  }

  /** Shows a state in the controls. */
  sync({ state, fit, live, offers }: ControlState): void {
    const { choice } = state;
    this.benchmark.control.value = String(state.benchmark);
    this.degree.control.value = choice.terms ? OWN : String(choice.degree);
    for (const option of this.degree.control.options)
      option.disabled = option.value === OWN ? !choice.terms : !offers({ degree: option.value === "1" ? 1 : 2 });
    if (document.activeElement !== this.terms.control)
      this.terms.control.value = (choice.terms ?? fit.benchmarks[state.benchmark].terms).join(", ");
    this.terms.control.disabled = !live;
    press(this.leaveOneOut, state.leaveOneOut);
    press(this.residuals, state.residuals);
    this.table.setAttribute("aria-expanded", String(state.table));
  }

  private chooseDegree(value: string): void {
    if (value !== OWN) this.events.choose({ degree: value === "1" ? 1 : 2 });
  }

  private chooseTerms(value: string): void {
    const terms = value
      .split(/[,;]/)
      .map((term) => term.replace(/[·×]/g, "*").replace(/\s+/g, ""))
      .filter(Boolean);
    if (terms.length) this.events.choose({ degree: 2, terms });
  }

  private readonly benchmark: Field<HTMLSelectElement>;
  private readonly degree: Field<HTMLSelectElement>;
  private readonly terms: Field<HTMLInputElement>;
  private readonly leaveOneOut: HTMLButtonElement;
  private readonly residuals: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
}

function byPosition(names: readonly string[]): Choice[] {
  return names.map((label, i) => ({ value: String(i), label }));
}

function degreeChoices(trans: Translate): Choice[] {
  return [
    { value: "1", label: trans.__("1, linear") },
    { value: "2", label: trans.__("2, with interactions") },
    { value: OWN, label: trans.__("own terms") },
  ];
}
