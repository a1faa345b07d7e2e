import { existsSync } from "node:fs";
import { join } from "node:path";
import { askChild } from "./child";
import { loaderEnvironment } from "../install/places";
import { bindingFolder, runtimeFolder } from "./runtime";
import { type Device, DeviceError, type DeviceRequest, type Probe } from "../types";

const DEVICES: Device[] = ["cuda", "webgpu", "cpu"];

/**
 * Script of the child: makes a session on the device and runs it. onnxruntime does not say why a provider's library
 * failed to load, so the loader is asked again.
 */
const SCRIPT = `
const [folder, device, model, binding] = process.argv.slice(1);
const { InferenceSession, Tensor } = require(folder);
const { RTLD_LAZY, RTLD_GLOBAL } = require("node:os").constants.dlopen;
function why(message) {
  if (!message.includes("Failed to load shared library")) return message;
  for (const name of ["shared", device])
    try {
      process.dlopen({ exports: {} }, binding + "/libonnxruntime_providers_" + name + ".so", RTLD_LAZY | RTLD_GLOBAL);
    } catch (error) {
      if (!error.message.includes("did not self-register")) return error.message;
    }
  return message;
}
InferenceSession.create(Buffer.from(model, "base64"), { executionProviders: [device], logSeverityLevel: 4 })
  .then((session) => session.run({ x: new Tensor("float32", Float32Array.of(-2), [1]) }))
  .then(({ y }) => ({ y: y.data[0] }), (error) => ({ error: why(error.message) }))
  .then((answer) => require("node:fs").writeSync(1, "\\n" + JSON.stringify(answer)));
`;

/** ONNX model of 64 bytes, `y = |x|` for one float, the smallest test of a device. */
const TINY_MODEL = "CAhCAhAROjYKCwoBeBIBeSIDQWJzEgVwcm9iZVoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAE=";

/** Tests in a child process whether a device starts. */
export async function probeDevice(device: Device): Promise<Probe> {
  const start = performance.now();
  const reason = missingFiles(device) ?? (await tryRuntime(runtimeFolder(), device));
  return {
    device,
    ok: reason === null,
    ms: Math.round(performance.now() - start),
    reason: reason && hinted(device, reason),
  };
}

/** Returns the requirements known to be missing without starting anything. */
function missingFiles(device: Device): string | null {
  if (device !== "cuda") return null;
  const folder = bindingFolder(runtimeFolder());
  const names =
    process.platform === "win32"
      ? ["onnxruntime_providers_cuda.dll"]
      : ["libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so"];
  const absent = names.filter((name) => !existsSync(join(folder, name)));
  return absent.length ? `${absent.join(" and ")} missing in ${folder}: fovea backend install cuda` : null;
}

/**
 * Runs the tiny model on a device with the onnxruntime-node of a folder; returns null, or the reason of the failure.
 */
export async function tryRuntime(folder: string, device: Device, env?: Record<string, string>): Promise<string | null> {
  const args = [folder, device, TINY_MODEL, bindingFolder(folder)];
  const { y, error }: Answer = await askChild<Answer>(SCRIPT, args, env);
  return y === 2 ? null : withoutPlace((error ?? `the probe computed ${y} for |-2|`).split("\n")[0]);
}

/** Removes the place in the source and the condition with which onnxruntime begins some messages. */
const withoutPlace = (message: string): string =>
  /CUDA failure \d+: [^;]*[^ ;]/.exec(message)?.[0] ?? message.replace(/^\/onnxruntime_src\/.* was false\. /, "");

interface Answer {
  y?: number;
  error?: string;
}

/**
 * Adds a hint: the loader reads its path when a process starts. The kernel and the command line set it; other programs
 * must do so themselves.
 */
function hinted(device: Device, reason: string): string {
  const [path] = Object.values(loaderEnvironment());
  return device === "cuda" && path ? `${reason} (start the process with LD_LIBRARY_PATH=${path})` : reason;
}

const probes = new Map<Device, Promise<Probe>>();

/** Returns the probe of a device, made once per process. */
export function probe(device: Device): Promise<Probe> {
  const known = probes.get(device) ?? probeDevice(device);
  probes.set(device, known);
  return known;
}

/** Tests for a graphics device; without one, `auto` falls back to the CPU silently. */
function hasGraphics(): boolean {
  if (process.platform !== "linux") return true;
  return ["/dev/nvidiactl", "/dev/dri", "/dev/dxg"].some((path) => existsSync(path));
}

let preferred: DeviceRequest = "auto";

/** Sets the device that `auto` stands for, as the user's settings have it. Encoders that are loaded already stay where they are. */
export function preferDevice(device: DeviceRequest): void {
  preferred = device;
}

let warned = false;

/** Warns once per process that the notebook is slower than possible. */
function warnFallen(failed: Probe[], device: Device): void {
  if (warned || !failed.length) return;
  warned = true;
  console.warn(
    `fovea: running on ${device}; ${failed.map((one) => `${one.device} did not start (${one.reason})`).join("; ")}`,
  );
}

/**
 * Returns the device for a request: an explicit one is probed and refused with the missing requirement; `auto` takes
 * the device that the user's settings prefer, else the first of cuda, webgpu, cpu whose probe started.
 *
 * @throws DeviceError when the device is unknown, or an explicit one does not start
 */
export async function resolveDevice(request: DeviceRequest, fn: string): Promise<Device> {
  if (request !== "auto" && !DEVICES.includes(request))
    throw new DeviceError(fn, `device must be auto, ${DEVICES.join(", ")}`, request);
  if (request === "auto" && preferred !== "auto") return resolveDevice(preferred, fn);
  if (request === "cpu" || (request === "auto" && !hasGraphics())) return "cpu";
  if (request === "auto") return firstStarted(fn);
  const { ok, reason } = await probe(request);
  if (!ok) throw new DeviceError(fn, `device ${request} does not start`, reason);
  return request;
}

async function firstStarted(fn: string): Promise<Device> {
  const failed: Probe[] = [];
  for (const device of DEVICES) {
    const found = await probe(device);
    if (found.ok) {
      warnFallen(failed, device);
      return device;
    }
    failed.push(found);
  }
  throw new DeviceError(fn, "one device must start", failed.map((one) => `${one.device}: ${one.reason}`).join("; "));
}

/** Returns every rung of the ladder with its probe, best first. */
export function probeAll(): Promise<Probe[]> {
  return Promise.all(DEVICES.map((device) => probe(device)));
}
