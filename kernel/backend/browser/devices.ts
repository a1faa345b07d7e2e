/** Devices of a page: the processor, by WebAssembly, and WebGPU where the browser has it. */
import type { DoctorReport, TrainingProbe } from "../node";
import { type Device, DeviceError, type DeviceRequest, type Probe } from "../types";
import { RUNTIME, runtimeVersion } from "./runtime";

const DEVICES: readonly Device[] = ["cuda", "webgpu", "cpu"];

export async function probeDevice(device: Device): Promise<Probe> {
  const start = performance.now();
  const reason = await reasons[device]();
  return { device, ok: reason === null, ms: Math.round(performance.now() - start), reason };
}

/** Says why a device does not start here, or null. */
const reasons: Readonly<Record<Device, () => Promise<string | null>>> = {
  cpu: async () => null,
  cuda: async () => "a page computes on the processor or by WebGPU",
  webgpu: whyNoWebgpu,
};

/** The part of WebGPU's interface that is asked here; TypeScript's library lacks it. */
interface WithWebgpu {
  gpu?: { requestAdapter(): Promise<object | null> };
}

async function whyNoWebgpu(): Promise<string | null> {
  const { gpu } = navigator as WithWebgpu;
  if (!gpu) return "the browser has no WebGPU";
  return (await gpu.requestAdapter().catch(() => null)) ? null : "the browser offers no WebGPU adapter";
}

export const probeAll = (): Promise<Probe[]> => Promise.all(DEVICES.map(probeDevice));

/**
 * `auto` is the processor, on which figures are those of Node to all digits; WebGPU computes only where it is asked for.
 *
 * @throws DeviceError when the device is unknown, or does not start here
 */
export async function resolveDevice(request: DeviceRequest, fn: string): Promise<Device> {
  if (request === "auto") return "cpu";
  if (!DEVICES.includes(request)) throw new DeviceError(fn, `device must be auto, ${DEVICES.join(", ")}`, request);
  const { ok, reason } = await probeDevice(request);
  if (!ok) throw new DeviceError(fn, `device ${request} does not start`, reason);
  return request;
}

export async function probeTraining(): Promise<TrainingProbe[]> {
  return (["wasm", "cpu"] as const).map((backend) => ({
    backend,
    device: "cpu",
    runtime: "tfjs",
    version: "4.22.0",
    ok: true,
    ms: 0,
    reason: null,
  }));
}

export async function doctor(): Promise<DoctorReport> {
  const ladder = (await probeAll()).map(({ device, ok, ms, reason }) => ({
    device,
    runtime: RUNTIME,
    version: runtimeVersion(),
    ok,
    ms,
    error: reason,
  }));
  const versions = { [RUNTIME]: runtimeVersion() };
  return { versions, platform: "browser", ladder, auto: "cpu", training: await probeTraining(), autoTraining: "wasm" };
}
