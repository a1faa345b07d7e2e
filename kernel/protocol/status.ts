import { number, object, optional, type Reader, text } from "./core/check";
import { ENGLISH, type Translate } from "./core/words";

/** States of a run, as `train.TrainingControl` has them. */
export const RUN_STATES = [
  "waiting",
  "running",
  "pausing",
  "paused",
  "stopping",
  "finished",
  "stopped",
  "interrupted",
  "failed",
] as const;
/** State of a run: `waiting` until `fit` begins; the last four are ends. */
export type RunState = (typeof RUN_STATES)[number];

/** Target of the comm by which a status bar follows what the kernel computes with. */
export const STATUS_TARGET = "fovea.status";

/** Memory of the graphics card, of which other programs may hold a part. */
export interface GpuMemory {
  name: string;
  usedBytes: number;
  totalBytes: number;
}

/** Device and runtime of a session, with its times and memory. */
export interface DeviceStatus {
  /** `cpu`, `cuda`, `webgpu`, or a backend of training. */
  device: string;
  runtime: string;
  /** Threads inside one operation; the runtime's own choice is as many as the machine has cores. */
  threads: number;
  /** Milliseconds of the last run of a model, from the request to the result, or of the last update in training. */
  lastRunMs: number;
  /** Runs and updates since the session started. */
  runs: number;
  /** Resident memory of the session's process. */
  rssBytes: number;
  /** Bytes that tfjs holds in tensors; absent where the last run was not of training. */
  tensorBytes?: number;
  /** Absent where no NVIDIA card is in use. */
  gpu?: GpuMemory;
}

const amount = number({ min: 0 });

/** Reader of a status inside of a message. */
export const deviceStatus: Reader<DeviceStatus> = object<DeviceStatus>({
  device: text(40),
  runtime: text(80),
  threads: number({ min: 0, max: 4096, integer: true }),
  lastRunMs: amount,
  runs: number({ min: 0, integer: true }),
  rssBytes: amount,
  tensorBytes: optional(amount) as Reader<number>,
  gpu: optional(object<GpuMemory>({ name: text(100), usedBytes: amount, totalBytes: amount })) as Reader<GpuMemory>,
});

/** Checks a message of the status comm. @throws ProtocolError */
export function readStatus(value: unknown): DeviceStatus {
  return deviceStatus(value, "", "fovea.status message");
}

/** `812 MB`, `2.3 GB`. */
export function memoryText(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** `0.8 ms`, `12 ms`, `3.4 s`. */
export function timeText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/**
 * Names and values, as the notebook's read-out and the panel of the status bar show them.
 *
 * @param trans translation of the names. Default: English
 */
export function statusRows(status: DeviceStatus, trans: Translate = ENGLISH): [name: string, value: string][] {
  const { device, runtime, threads, lastRunMs, runs, rssBytes, tensorBytes, gpu } = status;
  const rows: [string, string][] = [
    [trans.__("device"), device],
    [trans.__("runtime"), runtime],
    [trans.__("threads"), String(threads)],
    [trans.__("last run"), runs ? timeText(lastRunMs) : trans.__("none yet")],
    [trans.__("runs"), String(runs)],
    [trans.__("memory"), memoryText(rssBytes)],
  ];
  if (tensorBytes !== undefined) rows.push([trans.__("tensors"), memoryText(tensorBytes)]);
  if (gpu) rows.push([trans.__("GPU memory"), gpuText(gpu, trans)]);
  return rows;
}

const gpuText = ({ name, usedBytes, totalBytes }: GpuMemory, trans: Translate): string =>
  trans.__("%1 of %2 in use on %3", memoryText(usedBytes), memoryText(totalBytes), name);
