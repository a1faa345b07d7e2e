import { readFileSync } from "node:fs";
import { join } from "node:path";
import { platform } from "../../platform";
import { probeAll } from "./probe";
import { probeTraining, type TrainingBackend, type TrainingProbe } from "./probe-training";
import type { Device } from "../types";

/** One rung of the ladder of devices, best first. */
export interface LadderRung {
  device: Device;
  /** The npm package that runs models there, and its version. */
  runtime: string;
  version: string;
  ok: boolean;
  /** Milliseconds from the start of a child process to its first result, or to the failure. */
  ms: number;
  /** What is missing; null where the device started. */
  error: string | null;
}

/** What `doctor` found. */
export interface DoctorReport {
  /** `fovea`, `node` and the packages with native code, by name; `missing` where one is not installed. */
  versions: Record<string, string>;
  /** As Node names them, `linux-x64`. */
  platform: string;
  ladder: LadderRung[];
  /** The device that `auto` takes; null where none starts. */
  auto: Device | null;
  /** The runtimes of tfjs, best first. */
  training: TrainingProbe[];
  /** The first of them that starts; null where none does. */
  autoTraining: TrainingBackend | null;
}

const RUNTIME = "onnxruntime-node";
const PACKAGES = [RUNTIME, "@tensorflow/tfjs-core", "sharp", "zeromq"];

/** Tries every device in a child process and says what this machine has. Takes seconds; never throws for a bad device. */
export async function doctor(): Promise<DoctorReport> {
  const versions = Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)]));
  // One after the other: probes that share the cores would report each other's time.
  const probes = await probeAll();
  const training = await probeTraining();
  return {
    versions: { fovea: ownVersion(), node: process.versions.node, ...versions },
    platform: `${process.platform}-${process.arch}`,
    ladder: probes.map(({ device, ok, ms, reason }) => ({
      ...{ device, runtime: RUNTIME, version: versions[RUNTIME] },
      ...{ ok, ms, error: reason },
    })),
    auto: probes.find((probe) => probe.ok)?.device ?? null,
    training,
    autoTraining: training.find((probe) => probe.ok)?.backend ?? null,
  };
}

/** Looks the folder up instead of resolving `package.json`, which many packages do not export. */
function versionOf(name: string): string {
  const folders = require.resolve.paths(name) ?? [];
  for (const folder of folders) {
    const version = readVersion(join(folder, name, "package.json"));
    if (version !== null) return version;
  }
  return "missing";
}

const ownVersion = (): string => readVersion(join(platform().packageFolder(), "package.json")) ?? "unknown";

function readVersion(path: string): string | null {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  } catch {
    return null;
  }
}
