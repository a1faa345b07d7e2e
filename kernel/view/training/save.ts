import type { JSONValue, MimeBundle } from "../../display/host";
import { MAX_SAVED_BYTES } from "../../protocol/core/saved";
import { stillBundle } from "../draw/still-bundle";
import { TRAINING_MIME, type TrainingPayload } from "../../protocol/training/payload";
import { drawTraining } from "./picture";
import type { RunRecord } from "../../protocol/training/record";
import { describeTraining } from "./text";

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
