import {
  intervalText,
  measureName,
  numberText,
  type RefinementPayload,
  SAVED_QUANTILES,
  stageName,
} from "fovea/protocol";
import { dataTable, tablesRegion } from "../parts/data-table";
import type { Translate } from "../parts/translate";

/** The measures over the stages, and the distributions of the layers at one stage. Hidden at first. */
export class RefinementTable {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: RefinementPayload,
  ) {
    this.node = tablesRegion(trans.__("The view as tables"));
  }

  update(stage: number, isShown: boolean): void {
    this.node.hidden = !isShown;
    if (isShown) this.node.replaceChildren(this.measures(), this.layers(stage));
  }

  private measures(): HTMLTableElement {
    const { trans, payload } = this;
    const head = [trans.__("Measure"), ...payload.stages.map((_, stage) => stageName(payload, stage))];
    const rows = payload.measures.map(({ name, values, halves }) => [
      measureName(trans, name),
      ...values.map((value, s) => intervalText(value, halves[s])),
    ]);
    return dataTable(trans.__("The gap over the stages, 95 % intervals over pictures"), head, rows, 0);
  }

  private layers(stage: number): HTMLTableElement {
    const { trans, payload } = this;
    const points = SAVED_QUANTILES.length;
    const head = [trans.__("Layer"), ...SAVED_QUANTILES.map((share) => `${Math.round(100 * share)} %`)];
    const rows = payload.layers.map(({ name, quantiles }) => [
      name,
      ...quantiles.slice(stage * points, (stage + 1) * points).map(numberText),
    ]);
    return dataTable(trans.__("Quantiles of each layer, stage %1", stageName(payload, stage)), head, rows, 0);
  }
}
