import { durationText, memoryText, numberText, rateText, type RunRecord } from "fovea/protocol";
import { element, setText } from "../dom";
import type { Translate } from "../parts/translate";

/** Speed, time and memory of a run, as names and values. */
export class RunNumbers {
  readonly node: HTMLElement = element("dl", { class: "jp-FoveaTraining-numbers" });

  constructor(private readonly trans: Translate) {}

  update(run: RunRecord): void {
    const rows = numberRows(this.trans, run);
    this.node.hidden = rows.length === 0;
    while (this.node.children.length > rows.length) this.node.lastElementChild?.remove();
    rows.forEach(([name, value], i) => {
      const item = this.node.children[i] ?? this.node.appendChild(element("div", {}, element("dt"), element("dd")));
      setText(item.children[0], name);
      setText(item.children[1], value);
    });
  }
}

/** Name and value of everything that is known. */
export function numberRows(trans: Translate, { plan, progress, state }: RunRecord): [name: string, value: string][] {
  if (!plan || !progress) return [];
  const { stepsPerSecond, examplesPerSecond, milliseconds, remainingMilliseconds, memory } = progress;
  const { tensors, bytes, resident, gpu } = memory;
  const running = state === "running" || state === "pausing" || state === "paused";
  const examples: [string, string][] =
    examplesPerSecond === null ? [] : [[trans.__("Examples a second"), rateText(examplesPerSecond)]];
  const card: [string, string][] = gpu
    ? [[trans.__("GPU memory"), `${memoryText(gpu.usedBytes)} / ${memoryText(gpu.totalBytes)}`]]
    : [];
  return [
    [trans.__("Updates a second"), rateText(stepsPerSecond)],
    ...examples,
    [trans.__("Time in updates"), durationText(milliseconds)],
    [trans.__("Time left"), running ? durationText(remainingMilliseconds) : "–"],
    [trans.__("Epoch of the stage"), numberText(Number(progress.epoch.toFixed(2)))],
    [trans.__("Device"), plan.device],
    [trans.__("Tensors"), `${numberText(tensors)}, ${memoryText(bytes)}`],
    [trans.__("Process memory"), memoryText(resident)],
    ...card,
  ];
}
