/** Devices of a page: the processor, by WebAssembly. */
import type { DoctorReport, TrainingProbe } from "../node";
import { type Device, DeviceError, type DeviceRequest, type Probe } from "../types";
import { RUNTIME, runtimeVersion } from "./runtime";

const DEVICES: readonly Device[] = ["cuda", "webgpu", "cpu"];
const REASON = "the kernel in a browser computes on the processor";

export async function probeDevice(device: Device): Promise<Probe> {
  return { device, ok: device === "cpu", ms: 0, reason: device === "cpu" ? null : REASON };
}

export const probeAll = (): Promise<Probe[]> => Promise.all(DEVICES.map(probeDevice));

/** @throws DeviceError when the device is unknown, or is not that of a page */
export async function resolveDevice(request: DeviceRequest, fn: string): Promise<Device> {
  if (request === "auto" || request === "cpu") return "cpu";
  const isKnown = DEVICES.includes(request);
  const rule = isKnown ? `device ${request} does not start` : `device must be auto, ${DEVICES.join(", ")}`;
  throw new DeviceError(fn, rule, isKnown ? REASON : request);
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
