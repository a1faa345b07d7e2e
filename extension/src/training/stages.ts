import { numberText, type RunPlan, type RunProgress, type RunRecord } from "fovea/protocol";
import { element } from "../dom";
import type { Translate } from "../parts/translate";

/** The stages of a run beside each other: how far each is, and what trains in it at which rate. */
export class StageBar {
  readonly node: HTMLElement;

  constructor(private readonly trans: Translate) {
    this.node = element("ol", { class: "jp-FoveaTraining-stages", attributes: { "aria-label": trans.__("Stages") } });
  }

  update({ plan, progress }: RunRecord): void {
    this.node.hidden = !plan;
    const key = JSON.stringify([plan, progress?.stage, progress?.stageSteps, progress?.rates]);
    if (!plan || key === this.drawn) return;
    this.drawn = key;
    this.node.replaceChildren(...plan.stages.map((_, i) => this.stage(plan, progress, i)));
  }

  private stage(plan: RunPlan, progress: RunProgress | null, i: number): HTMLElement {
    const { trans } = this;
    const { name, steps, groups } = plan.stages[i];
    const done = progress?.stageSteps[i] ?? 0;
    const current = progress?.stage === i;
    const node = element("li", { class: current ? "jp-mod-current" : "" });
    node.style.flexGrow = String(Math.max(1, steps));
    if (current) node.setAttribute("aria-current", "step");
    const bar = element("progress", { attributes: { max: String(Math.max(1, steps)), value: String(done) } });
    bar.setAttribute("aria-label", trans.__("Stage %1", name));
    const rates = groups.map(({ label, learningRate, size }) => {
      const now = current ? progress?.rates[label] : undefined;
      return element("li", { text: this.groupText(label, learningRate, now, size) });
    });
    const heading = element(
      "div",
      { class: "jp-FoveaTraining-stageName" },
      element("strong", { text: `${i + 1} ${name}` }),
    );
    heading.append(element("span", { text: trans.__("%1 of %2", numberText(done), numberText(steps)) }));
    node.append(heading, bar, element("ul", {}, ...rates));
    return node;
  }

  private groupText(label: string, rate: number | null, now: number | undefined, size: number): string {
    const { trans } = this;
    const of = trans.__("%1 (%2 values)", label, numberText(size));
    if (rate === null) return of;
    const [current, full] = [numberText(now ?? rate), numberText(rate)];
    return current === full ? trans.__("%1 at %2", of, full) : trans.__("%1 at %2 of %3", of, current, full);
  }

  private drawn = "";
}
