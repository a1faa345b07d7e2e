import { readFileSync } from "node:fs";
import { join } from "node:path";
import { platform } from "../../platform";
import { probeAll } from "./probe";
import { probeTraining, type TrainingBackend, type TrainingProbe } from "./probe-training";
import type { Device } from "../types";

/** One rung of the ladder of devices, best first. */
export interface LadderRung {
  device: Device;
  /** Package that runs models there, and its version. */
  runtime: string;
  version: string;
  ok: boolean;
  /** Milliseconds from the start of a child process to its first result, or to the failure. */
  ms: number;
  /** Missing requirement; null where the device started. */
  error: string | null;
}

/** Report of `doctor`. */
export interface DoctorReport {
  /** Versions of `fovea`, `node` and the packages with native code, by name; `missing` for an absent package. */
  versions: Record<string, string>;
  /** Platform in Node's form, `linux-x64`. */
  platform: string;
  ladder: LadderRung[];
  /** Device chosen by `auto`; null where none starts. */
  auto: Device | null;
  /** Runtimes of tfjs, best first. */
  training: TrainingProbe[];
  /** First runtime that starts; null where none does. */
  autoTraining: TrainingBackend | null;
}

const RUNTIME = "onnxruntime-node";
const PACKAGES = [RUNTIME, "@tensorflow/tfjs-core", "sharp", "zeromq"];

/** Tries every device in a child process and describes this machine. Takes seconds; never throws for a bad device. */
export async function doctor(): Promise<DoctorReport> {
  const versions = Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)]));
  // Sequentially: probes that share the cores would report each other's time.
  const probes = await probeAll();
  const training = await probeTraining();
  return {
    versions: { fovea: ownVersion(), node: process.versions.node, ...versions },
    platform: `${process.platform}-${process.arch}`,
    ladder: probes.map(({ device, ok, ms, reason }) => ({
      device,
      runtime: RUNTIME,
      version: versions[RUNTIME],
      ok,
      ms,
      error: reason,
    })),
    auto: probes.find((probe) => probe.ok)?.device ?? null,
    training,
    autoTraining: training.find((probe) => probe.ok)?.backend ?? null,
  };
}

/** Finds a version through the package's folder, because many packages do not export `package.json`. */
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
