import type { JSONValue, MimeBundle } from "../../display/host";
import { MAX_SAVED_BYTES } from "../../protocol/core/saved";
import { stillBundle } from "../draw/pictures";
import { TRAINING_MIME, type TrainingPayload } from "../../protocol/training/payload";
import { drawTraining } from "./picture";
import { isEnd, type RunRecord } from "../../protocol/training/record";
import { counted, numberText } from "../../protocol/core/words";
import { memoryText } from "../../protocol/status";
import { durationText, latestNumbers, placeText, rateText, STATE_WORDS } from "../../protocol/training/words";

/** Sizes tried in order until a view fits: buckets a curve, and frames a picture. */
const ROOMS: readonly [buckets: number, frames: number][] = [
  [512, 32],
  [256, 16],
  [128, 8],
  [64, 4],
  [32, 1],
  [16, 0],
];
/** A notebook file indents every line of an output. */
const INDENTATION = 8;

/** Writes a view down: at most 300 KB of a notebook, all mime types together. */
export function saveTraining(view: string, title: string, runs: readonly RunRecord[]): MimeBundle {
  const others = {
    ...stillBundle(drawTraining(title, runs)),
    "text/plain": describeTraining(title, runs),
  };
  const room = MAX_SAVED_BYTES - sizeOf(others);
  const payload = (buckets: number, frames: number): TrainingPayload => ({
    version: 1,
    view,
    title,
    runs: runs.map((run) => withoutEmpty(run.save(buckets, frames), frames)),
  });
  const fitting = ROOMS.map((sizes) => () => payload(...sizes)).find((make) => sizeOf(make()) <= room);
  const saved = fitting?.() ?? payload(8, 0);
  return { [TRAINING_MIME]: saved as unknown as JSONValue, ...others };
}

function withoutEmpty(run: TrainingPayload["runs"][number], frames: number): TrainingPayload["runs"][number] {
  return frames ? run : { ...run, matrices: [] };
}

function sizeOf(value: object): number {
  const text = JSON.stringify(value, null, 1);
  return new TextEncoder().encode(text).length + INDENTATION * text.split("\n").length;
}

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
