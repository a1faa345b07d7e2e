/** The devices of this machine and what runs on them. */
export { DeviceError, type Device, type DeviceRequest, type Probe } from "./types";
export {
  doctor,
  type DoctorReport,
  type LadderRung,
  probeAll,
  probeDevice,
  probeTraining,
  type TrainingBackend,
  type TrainingProbe,
} from "./node";
export { deviceReadout, type DeviceReadout } from "./usage";
export type { DeviceStatus, GpuMemory } from "../protocol/status";
