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
export { probeAll, probeDevice, resolveDevice } from "./probe";
export { probeTraining, type TrainingBackend, type TrainingProbe } from "./probe-training";
export {
  registerTensorflow,
  TENSORFLOW_BACKEND,
  tensorflowBuild,
  tensorflowBuilds,
  type TensorflowBuild,
  type TfjsCore,
} from "./tensorflow";
export { backendsFolder, loaderEnvironment } from "./install";
export { doctor, type DoctorReport, type LadderRung } from "./doctor";
export { deviceReadout, type DeviceReadout } from "./usage";
export type { DeviceStatus, GpuMemory } from "../protocol/status";
export type { DisplayBundle } from "../display/describe";
