/** Layers, named parameters and their files. Everything computes on tfjs: `await nn.start()` first. */
export {
  installedDevices,
  startTfjs as start,
  trainingDevice,
  type TrainingDevice,
  type TrainingDeviceRequest,
} from "../backend/tfjs";
export { NnError } from "./error";
export {
  constant,
  type Initialiser,
  kaimingUniform,
  normal,
  ones,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from "./initialisers";
export { toFloat32 } from "./floats";
export { Linear, linear, type LinearOptions } from "./linear";
export { type Layer, Module } from "./module";
export { LayerNorm, layerNorm } from "./norm";
export { Parameter } from "./parameter";
export { manualSeed, sharedRandom } from "./random";
export { loadState, type LoadReport, type LoadStateOptions, stateOf } from "./state";
export {
  bfloat16ToFloat,
  encodeSafetensors,
  floatToBfloat16,
  parseSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  type Safetensors,
  type SafetensorsData,
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  type SafetensorsHeader,
  type SafetensorsTensor,
  writeSafetensors,
} from "./safetensors";
