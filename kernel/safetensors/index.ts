/** Tensors in safetensors files: read by name, streamed, written whole. */
export {
  bfloat16ToFloat,
  encodeSafetensors as encode,
  floatToBfloat16,
  parseSafetensors as parse,
  readSafetensors as read,
  readSafetensorsHeader as readHeader,
  writeSafetensors as write,
  type Safetensors,
} from "./safetensors";
export { SafetensorsFile, streamSafetensors as stream } from "./file";
export { SafetensorsError, type SafetensorsHeader } from "./header";
export { readSharded, writeSharded, type WriteShardedOptions } from "./shards";
export type { SafetensorsData, SafetensorsTensor } from "./tensor";
export type { SafetensorsDtype, SafetensorsEntry } from "./entry";
