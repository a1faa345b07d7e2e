import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Device, DeviceError, type DeviceRequest, type Probe } from "./types";

const DEVICES: Device[] = ["cuda", "webgpu", "cpu"];
const TIMEOUT_MS = 30_000;

/** Run by the child: makes a session on the device, runs it, and says so before anything can go wrong at exit. */
const SCRIPT = `
const { InferenceSession, Tensor } = require(process.argv[1]);
const model = Buffer.from(process.argv[3], "base64");
InferenceSession.create(model, { executionProviders: [process.argv[2]], logSeverityLevel: 4 })
  .then((session) => session.run({ x: new Tensor("float32", Float32Array.of(-2), [1]) }))
  .then(({ y }) => require("node:fs").writeSync(1, JSON.stringify({ y: y.data[0] })))
  .catch((error) => require("node:fs").writeSync(1, JSON.stringify({ error: error.message })));
`;

/** An ONNX model of 64 bytes, `y = |x|` for one float: the least that a device can be asked to run. */
const TINY_MODEL = "CAhCAhAROjYKCwoBeBIBeSIDQWJzEgVwcm9iZVoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAE=";

/**
 * Whether a device starts, tried in a child process: a driver that aborts (or, as WebGPU without an adapter does, crashes
 * when the process ends) must not take the session with it.
 */
export async function probeDevice(device: Device): Promise<Probe> {
  const start = performance.now();
  const missing = missingFiles(device);
  const reason = missing ?? (await tryInChild(device));
  return { device, ok: reason === null, ms: Math.round(performance.now() - start), reason };
}

/** What is known to be missing without starting anything. */
function missingFiles(device: Device): string | null {
  if (device !== "cuda") return null;
  const folder = join(
    dirname(require.resolve("onnxruntime-node/package.json")),
    "bin",
    "napi-v6",
    process.platform,
    process.arch,
  );
  const names =
    process.platform === "win32"
      ? ["onnxruntime_providers_cuda.dll"]
      : ["libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so"];
  const absent = names.filter((name) => !existsSync(join(folder, name)));
  return absent.length ? `${absent.join(" and ")} missing beside onnxruntime's binding in ${folder}` : null;
}

function tryInChild(device: Device): Promise<string | null> {
  const args = ["-e", SCRIPT, require.resolve("onnxruntime-node"), device, TINY_MODEL];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) =>
      resolve(outcome(stdout, stderr, error?.message)),
    );
  });
}

function outcome(stdout: string, stderr: string, failure: string | undefined): string | null {
  const line = stdout.slice(stdout.lastIndexOf("{"));
  try {
    const { y, error } = JSON.parse(line) as { y?: number; error?: string };
    return y === 2 ? null : (error ?? `the probe computed ${y} for |-2|`).split("\n")[0];
  } catch {
    return (stderr.trim().split("\n").pop() || failure) ?? "the probe said nothing";
  }
}

const probes = new Map<Device, Promise<Probe>>();

/** The probe of a device, made once a process. */
export function probe(device: Device): Promise<Probe> {
  const known = probes.get(device) ?? probeDevice(device);
  probes.set(device, known);
  return known;
}

/** Whether this machine shows a graphics device at all: without one, `auto` goes to the CPU without a word. */
function hasGraphics(): boolean {
  if (process.platform !== "linux") return true;
  return ["/dev/nvidiactl", "/dev/dri", "/dev/dxg"].some((path) => existsSync(path));
}

let warned = false;

/** One line, once a process: the notebook should say that it is slower than it could be, and not repeat it. */
function warnFallen(failed: Probe[], device: Device): void {
  if (warned || !failed.length) return;
  warned = true;
  console.warn(
    `fovea: running on ${device}; ${failed.map((one) => `${one.device} did not start (${one.reason})`).join("; ")}`,
  );
}

/**
 * The device for a request: an explicit one is probed and refused with what is missing; `auto` takes the first of cuda,
 * webgpu, cpu whose probe started.
 *
 * @throws DeviceError when the device is unknown, or an explicit one does not start
 */
export async function resolveDevice(request: DeviceRequest, fn = "backend.resolveDevice"): Promise<Device> {
  if (request !== "auto" && !DEVICES.includes(request))
    throw new DeviceError(fn, `device must be auto, ${DEVICES.join(", ")}`, request);
  if (request === "cpu" || (request === "auto" && !hasGraphics())) return "cpu";
  if (request === "auto") return firstStarted();
  const { ok, reason } = await probe(request);
  if (!ok) throw new DeviceError(fn, `device ${request} does not start`, reason);
  return request;
}

async function firstStarted(): Promise<Device> {
  const failed: Probe[] = [];
  for (const device of DEVICES) {
    const found = await probe(device);
    if (found.ok) {
      warnFallen(failed, device);
      return device;
    }
    failed.push(found);
  }
  throw new DeviceError(
    "backend.resolveDevice",
    "one device must start",
    failed.map((one) => `${one.device}: ${one.reason}`).join("; "),
  );
}

/** Every rung of the ladder with its probe, best first. */
export function probeAll(): Promise<Probe[]> {
  return Promise.all(DEVICES.map((device) => probe(device)));
}
