import { platform } from "../platform";
import { type Comm, currentHost } from "../display/host";
import { type DeviceStatus, type GpuMemory, STATUS_TARGET, statusRows } from "../protocol/status";
import { askNvidia } from "./node";
import { announce } from "../display/changes";
import { type DisplayBundle, describe, described, type DISPLAY } from "../display/describe";

/** Finished run of a model, or finished update of a training. */
export interface Run {
  device: string;
  runtime: string;
  ms: number;
  /** Number of threads; 0 for the runtime's choice. */
  threads: number;
  /** Bytes in tfjs tensors after an update. */
  tensorBytes?: number;
}

const PUSH_MS = 1000;
const NVIDIA_MS = 2000;

let last: Run = { device: "none yet", runtime: "none yet", ms: 0, threads: 0 };
let runs = 0;
let served = false;
let timer: (() => void) | undefined;
const followers = new Set<Comm>();

/** Records a run; observers of the session's status are told at most once a second. */
export function noteRun(run: Run): void {
  last = run;
  runs++;
  serve();
  announce();
  if (followers.size) timer ??= platform().timer(push, PUSH_MS);
}

/** Serves the status. The status bar opens the comm; before the first run there is no status and no such target. */
function serve(): void {
  const host = currentHost();
  if (!host || served) return;
  served = true;
  host.registerCommTarget(STATUS_TARGET, (comm) => {
    followers.add(comm);
    comm.onClose(() => void followers.delete(comm));
    comm.onMessage(() => tell(comm));
    return tell(comm);
  });
}

function push(): void {
  timer = undefined;
  for (const comm of followers) void tell(comm).catch(() => followers.delete(comm));
}

async function tell(comm: Comm): Promise<void> {
  const status = await readDevice();
  if (!comm.closed) comm.send({ ...status } as never);
}

/** Device status of the session, shown in a notebook as a table. */
export interface DeviceReadout extends DeviceStatus {
  [DISPLAY](): DisplayBundle;
}

/**
 * Returns device, runtime, threads, time of the last run and memory of this session, and of the graphics card where an
 * NVIDIA one is in use. As the last line of a cell it is shown as a table.
 */
export async function deviceReadout(): Promise<DeviceReadout> {
  const status = await readDevice();
  return described(status, () => describe("Fovea computes with", statusRows(status))) as DeviceReadout;
}

/** Returns the status of this moment. */
export async function readDevice(): Promise<DeviceStatus> {
  const { device, runtime, ms, threads, tensorBytes } = last;
  const gpu = device === "cuda" || device === "tensorflow-gpu" ? await nvidiaMemory() : undefined;
  return {
    device,
    runtime,
    threads: threads || platform().cores(),
    lastRunMs: ms,
    runs,
    rssBytes: platform().residentBytes(),
    ...(tensorBytes === undefined ? {} : { tensorBytes }),
    ...(gpu ? { gpu } : {}),
  };
}

/** Returns the first card's memory from NVIDIA's tool; `undefined` where the tool is missing or slow. */
export async function nvidiaMemory(): Promise<GpuMemory | undefined> {
  const text = await askNvidia("name,memory.used,memory.total", NVIDIA_MS);
  return text === undefined ? undefined : parseNvidia(text);
}

const MIB = 2 ** 20;

/** Line with a name, which may contain commas, and two numbers of MiB. */
const CARD = /^ *(\S.*?) *, *(\d{1,9}) *, *(\d{1,9}) *\r?$/m;
const NAME_LENGTH = 100;

/**
 * Parses `NVIDIA H200, 1234, 143771`: the first card that reports its memory. Others print `[N/A]`, and the tool prints
 * warnings in between.
 */
export function parseNvidia(text: string): GpuMemory | undefined {
  const [, name, used, total] = CARD.exec(text) ?? [];
  const [usedBytes, totalBytes] = [Number(used) * MIB, Number(total) * MIB];
  return totalBytes > 0 ? { name: name.slice(0, NAME_LENGTH), usedBytes, totalBytes } : undefined;
}
