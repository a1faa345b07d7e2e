import { sha256 } from "../platform";
import { toFloat32 } from "../nn/floats";
import type { Parameter } from "../nn/parameter";
import { readSafetensors, writeSafetensors } from "../safetensors/safetensors";
import type { SafetensorsTensor } from "../safetensors/tensor";
import { TrainError } from "./error";
import type { EarlyStopState } from "./early-stop";
import type { StageReport } from "./stages";

const FORMAT = "fovea-training-1";
const READ = "train.readCheckpoint";

/** Where a training stands, in numbers. */
export interface Progress {
  /** Updates over all stages. */
  step: number;
  stage: number;
  /** Updates of this stage. */
  stageStep: number;
  /** State of the generator that layers share. */
  random: number[];
  earlyStop: EarlyStopState;
  /** The stages that are done. */
  stages: StageReport[];
  /** Stages, accumulation and data in short: a training goes on only with the same. */
  plan: string;
  /** Hash over all that never trains. */
  frozen: string;
}

/** A training that can go on: a safetensors file, the numbers in its metadata. */
export interface Checkpoint {
  progress: Progress;
  /** Parameters that some stage trains. */
  model: Map<string, SafetensorsTensor>;
  optimizer: Map<string, SafetensorsTensor>;
  /** Moving averages, where there are some. */
  ema: Map<string, SafetensorsTensor>;
}

const PARTS = ["model", "optimizer", "ema"] as const;

/** Writes a checkpoint beside its place, then moves it there: the file is always a whole one. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const part of PARTS) for (const [name, tensor] of checkpoint[part]) tensors.set(`${part}.${name}`, tensor);
  await writeSafetensors(path, tensors, { format: FORMAT, progress: JSON.stringify(checkpoint.progress) });
}

/** @throws SafetensorsError for a file that cannot be read, TrainError for one that is no checkpoint */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.format !== FORMAT)
    throw new TrainError(READ, `${path} must be a checkpoint, format ${FORMAT}`, metadata.format);
  const checkpoint: Checkpoint = {
    progress: parseProgress(metadata.progress),
    ...{ model: new Map(), optimizer: new Map(), ema: new Map() },
  };
  for (const [key, tensor] of tensors) {
    const part = PARTS.find((name) => key.startsWith(`${name}.`));
    if (!part) throw new TrainError(READ, `tensors must begin with ${PARTS.join(", ")}`, key);
    checkpoint[part].set(key.slice(part.length + 1), tensor);
  }
  return checkpoint;
}

function parseProgress(text: string | undefined): Progress {
  let value: Partial<Progress> | null = null;
  try {
    value = JSON.parse(text ?? "") as Partial<Progress> | null;
  } catch {
    // Refused below.
  }
  const counts = [value?.step, value?.stage, value?.stageStep];
  const whole = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  const random = value?.random;
  const sound =
    counts.every(whole) &&
    Array.isArray(random) &&
    random.length === 4 &&
    random.every((word) => whole(word) && word < 2 ** 32) &&
    Array.isArray(value?.stages) &&
    typeof value?.earlyStop === "object" &&
    typeof value.plan === "string" &&
    typeof value.frozen === "string";
  if (!sound) throw new TrainError(READ, "the metadata must say where the training stands", text);
  return value as Progress;
}

/** Gives parameters the values of a checkpoint; every one must be there. */
export function restoreParameters(
  parameters: ReadonlyMap<string, Parameter>,
  stored: ReadonlyMap<string, SafetensorsTensor>,
): void {
  const names = [...parameters.keys()];
  const wrong = names.filter((name) => stored.get(name)?.shape.join() !== parameters.get(name)?.shape.join());
  const unknown = [...stored.keys()].filter((name) => !parameters.has(name));
  if (wrong.length || unknown.length)
    throw new TrainError("train.fit", "the checkpoint must have this model's parameters in their shapes", [
      ...wrong,
      ...unknown,
    ]);
  for (const [name, tensor] of stored) parameters.get(name)?.assign(toFloat32(tensor));
}

/** One hash of many. */
export function hashOfHashes(hashes: ReadonlyMap<string, string>): string {
  return sha256()
    .update([...hashes].map(([name, hash]) => `${name} ${hash}\n`).join(""))
    .digest("hex");
}
