/** Layers, named parameters and their files. */
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
