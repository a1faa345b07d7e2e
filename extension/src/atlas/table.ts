import { type AtlasPayload, meanWeights } from "fovea/protocol";
import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";
import { type AtlasState, weightsOf } from "./state";

/** Weights of every task's router and those in use, and the gains of the task. Hidden at first. */
export class AtlasTable {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: AtlasPayload,
  ) {
    this.node = tablesRegion(trans.__("The view as a table"));
  }

  update(state: AtlasState): void {
    this.node.hidden = !state.table;
    if (!state.table) return;
    const { trans, payload } = this;
    const { experts, tasks, levels } = payload;
    const percent = (weight: number): string => `${(100 * weight).toFixed(1)} %`;
    const rows = tasks.flatMap((task, t) => [
      [trans.__("%1, router", task.name), ...meanWeights(task, experts.length).map(percent)],
      [trans.__("%1, in use", task.name), ...weightsOf(payload, state, t).map(percent)],
    ]);
    const weights = dataTable(trans.__("Weights, mean over the levels"), [trans.__("Task"), ...experts], rows, 0);
    const { gains, name } = tasks[state.task];
    const byLevel = levels.map((level, l) => [
      level,
      ...experts.map((_, e) => `${gains?.[l * experts.length + e].toFixed(1) ?? ""} %`),
    ]);
    const gained = gains
      ? [dataTable(trans.__("Gains of a probe, %1", name), [trans.__("Level"), ...experts], byLevel, 0)]
      : [];
    this.node.replaceChildren(weights, ...gained);
  }
}
