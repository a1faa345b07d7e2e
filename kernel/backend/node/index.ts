/** Parts of backends that need Node: packages, child processes, installed runtimes. A bundle for a browser replaces this module. */
export { backendsFolder, loaderEnvironment } from "../install";
export { doctor, type DoctorReport, type LadderRung } from "./doctor";
export { hasNative, loadCpuClass, loadOnnxBinding, memoryOfMachine } from "./native";
export { askNvidia } from "./nvidia";
export { loadCore, loadCpu, loadWasmPackage } from "./packages";
export { probeAll, preferDevice, probeDevice, resolveDevice } from "./probe";
export { probeTraining, type TrainingBackend, type TrainingProbe } from "./probe-training";
export { forThread, RUNTIME, runtimeVersion } from "./runtime";
export {
  offerTensorflow,
  registerTensorflow,
  TENSORFLOW_BACKEND,
  type TensorflowBuild,
  tensorflowBuild,
  tensorflowBuilds,
  type TfjsCore,
} from "./tensorflow";
export { loadWebgpu, missingForWebgpu, WEBGPU_PACKAGES } from "./webgpu";
