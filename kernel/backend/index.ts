/** Devices and the runtime that runs ONNX models on them. */
export { DeviceError } from "./types";
export type {
  BackendSession,
  Device,
  DeviceRequest,
  HostTensor,
  InferenceBackend,
  Probe,
  RunOptions,
  SessionOptions,
} from "./types";
export { onnxruntime } from "./onnxruntime";
export {
  backendsFolder,
  doctor,
  type DoctorReport,
  type LadderRung,
  loaderEnvironment,
  probeAll,
  probeDevice,
  probeTraining,
  registerTensorflow,
  resolveDevice,
  TENSORFLOW_BACKEND,
  type TensorflowBuild,
  tensorflowBuild,
  tensorflowBuilds,
  type TfjsCore,
  type TrainingBackend,
  type TrainingProbe,
} from "./node";
export { deviceReadout, type DeviceReadout } from "./usage";
export type { DeviceStatus, GpuMemory } from "../protocol/status";
export type { DisplayBundle } from "../display/describe";
