import { counted, numberText } from "../../protocol/core/words";
import { memoryText } from "../../protocol/status";
import { latestNumbers, durationText, placeText, rateText, STATE_WORDS } from "../../protocol/training/words";
import { isEnd, type RunRecord } from "../../protocol/training/record";

/** The view in words: where each run stands, and its latest numbers. */
export function describeTraining(title: string, runs: readonly RunRecord[]): string {
  const heading = title ? `${title}: ` : "";
  return [`${heading}training, ${counted(runs.length, "run")}`, ...runs.flatMap(describeRun)].join("\n");
}

function describeRun(run: RunRecord): string[] {
  const { name, state, message, progress, matrices } = run;
  const heading = `${name ? `${name}: ` : ""}${STATE_WORDS[state]}${message ? ` (${message})` : ""}`;
  if (!progress) return [heading];
  const left = isEnd(state) ? "" : `, about ${durationText(progress.remainingMilliseconds)} left`;
  const { tensors, bytes, resident } = progress.memory;
  return [
    `${heading}, ${placeText(run, progress)}${left}`,
    `  ${rateText(progress.stepsPerSecond)} updates a second, ${tensors} tensors of ${memoryText(bytes)}, process ${memoryText(resident)}`,
    ...latestNumbers(run).map(([of, value]) => `  ${of} ${numberText(value)}`),
    ...matrices.map(({ title, rows, columns }) => `  picture "${title}", ${rows.length} x ${columns.length}`),
  ];
}
