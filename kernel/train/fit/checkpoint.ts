import { checkArguments } from "../../rules/arguments";
import { sha256Of } from "../../platform";
import { toFloat32 } from "../../nn/module/floats";
import type { Parameter } from "../../nn/module/parameter";
import { readSafetensors, writeSafetensors } from "../../safetensors/safetensors";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { TrainError } from "../error";
import type { EarlyStopState } from "./early-stop";
import type { StageReport } from "../update/stages";

const FORMAT = "fovea-training-1";
const READ = "train.readCheckpoint";

/** Position of a training in numbers. */
export interface Progress {
  /** Number of updates over all stages. */
  step: number;
  stage: number;
  /** Number of updates of this stage. */
  stageStep: number;
  /** State of the generator shared by layers. */
  random: number[];
  earlyStop: EarlyStopState;
  /** Reports of the finished stages. */
  stages: StageReport[];
  /** Fingerprint of stages, accumulation and data; a training resumes only with the same. */
  plan: string;
  /** Hash over all parameters that never train. */
  frozen: string;
}

/** Resumable training: a safetensors file with the numbers in its metadata. */
export interface Checkpoint {
  progress: Progress;
  /** Parameters that some stage trains. */
  model: Map<string, SafetensorsTensor>;
  optimizer: Map<string, SafetensorsTensor>;
  /** Moving averages, if any. */
  ema: Map<string, SafetensorsTensor>;
}

const PARTS = ["model", "optimizer", "ema"] as const;

/** Writes a checkpoint beside its place and moves it there, so that the file is always complete. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  checkArguments(
    "train.writeCheckpoint",
    TrainError,
    { path, checkpoint },
    { path: "string", checkpoint: { progress: "object", model: "map", optimizer: "map", ema: "map" } },
  );
  const tensors = new Map<string, SafetensorsTensor>();
  for (const part of PARTS) for (const [name, tensor] of checkpoint[part]) tensors.set(`${part}.${name}`, tensor);
  await writeSafetensors(path, tensors, { format: FORMAT, progress: JSON.stringify(checkpoint.progress) });
}

/**
 * Reads a checkpoint.
 *
 * @throws SafetensorsError for an unreadable file
 * @throws TrainError for a file that is no checkpoint
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.format !== FORMAT)
    throw new TrainError(READ, `${path} must be a checkpoint, format ${FORMAT}`, metadata.format);
  const checkpoint: Checkpoint = {
    progress: parseProgress(metadata.progress),
    model: new Map(),
    optimizer: new Map(),
    ema: new Map(),
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

/** Assigns a checkpoint's values to parameters; every parameter must be present. */
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
  for (const [name, tensor] of stored) parameters.get(name)?.assign(toFloat32("train.fit", tensor));
}

/** Returns one hash of many. */
export function hashOfHashes(hashes: ReadonlyMap<string, string>): string {
  return sha256Of([...hashes].map(([name, hash]) => `${name} ${hash}\n`).join(""));
}
