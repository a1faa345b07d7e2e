import type { RunRecord } from "fovea/protocol";
import { element, setText } from "../dom";
import { button, press, selectField, type Choice, type Field } from "../parts/fields";
import type { HelpAction, Keys } from "../parts/keys";
import type { Translate } from "../parts/translate";
import type { TrainingAction } from "./keys";
import { sideChart, sideCharts, type TrainingViewState } from "./state";

export interface ControlEvents {
  act(action: TrainingAction): void;
  run(position: number): void;
  chart(key: string): void;
}

/** State of the viewer that the controls show. */
export interface ControlState {
  state: TrainingViewState;
  runs: readonly RunRecord[];
  /** True if the kernel listens. */
  live: boolean;
  /** Reason why the buttons of the training do nothing. */
  reason: string;
}

/** The buttons of the training, and those of the view. */
export class TrainingControls {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    keys: Keys<TrainingAction | HelpAction>,
    runs: readonly RunRecord[],
    events: ControlEvents,
  ) {
    const act = (text: string, type: "pause" | "stop" | "log" | "smooth" | "table"): HTMLButtonElement =>
      button(text, keys.tip(type), () => events.act({ type }));
    this.pause = act(trans.__("Pause"), "pause");
    this.stop = act(trans.__("Stop"), "stop");
    this.pause.classList.add("jp-FoveaTraining-pause");
    this.stop.classList.add("jp-FoveaTraining-stop");
    const names = runs.map(({ name }, i): Choice => ({ value: String(i), label: name || trans.__("Run %1", i + 1) }));
    this.run = selectField(trans.__("Run"), names, (value) => events.run(Number(value)));
    this.run.node.hidden = runs.length < 2;
    this.chart = selectField(trans.__("Beside the loss"), [], (key) => events.chart(key));
    this.log = act(trans.__("Log scale"), "log");
    this.smooth = act(trans.__("Smooth"), "smooth");
    this.table = act(trans.__("Table"), "table");
    const own = element("div", { class: "jp-FoveaView-buttons" }, this.pause, this.stop);
    const others = [this.log, this.smooth, this.table];
    this.node = element(
      "div",
      { class: "jp-FoveaView-controls", attributes: { role: "group", "aria-label": trans.__("Training and view") } },
      own,
      this.run.node,
      this.chart.node,
      element("div", { class: "jp-FoveaView-buttons" }, ...others),
    );
  }

  /** More buttons, after our own. */
  addButtons(buttons: readonly HTMLElement[]): void {
    this.table.after(...buttons);
  }

  sync({ state, runs, live, reason }: ControlState): void {
    const run = runs[state.run];
    const { trans } = this;
    const waits = run.state === "paused" || run.state === "pausing";
    setText(this.pause, waits ? trans.__("Resume") : trans.__("Pause"));
    setText(this.stop, state.confirming ? trans.__("Stop without a checkpoint?") : trans.__("Stop"));
    const works = live && !run.ended && run.state !== "waiting" && run.state !== "stopping";
    this.pause.disabled = this.stop.disabled = !works;
    this.pause.title = works ? trans.__("After the update that is under way (p)") : reason;
    this.stop.title = works ? trans.__("Ends the training after the update that is under way") : reason;
    this.run.control.value = String(state.run);
    this.fillCharts(runs, state);
    press(this.log, state.log);
    press(this.smooth, state.smooth);
    this.table.setAttribute("aria-expanded", String(state.table));
  }

  /** Metrics become known as they are measured. */
  private fillCharts(runs: readonly RunRecord[], state: TrainingViewState): void {
    const charts = sideCharts(runs);
    const { control } = this.chart;
    const keys = charts.map(({ key }) => key).join("\n");
    if (keys !== this.filled) {
      this.filled = keys;
      control.replaceChildren(
        ...charts.map(({ key, name }) => element("option", { text: name, attributes: { value: key } })),
      );
    }
    control.value = sideChart(runs, state).key;
  }

  private filled = "";
  private readonly pause: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private readonly run: Field<HTMLSelectElement>;
  private readonly chart: Field<HTMLSelectElement>;
  private readonly log: HTMLButtonElement;
  private readonly smooth: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
}
