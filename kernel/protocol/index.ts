/**
 * What viewer and kernel share: mime and message types with their validators, colours, and the arithmetic of a query.
 * Runs in Node and in the browser: no import of either.
 */
export * from "./alignment/arithmetic";
export {
  ALIGNMENT_MIME,
  readAlignment,
  type AlignmentPayload,
  type SavedCosines,
  type SavedTokens,
} from "./alignment/payload";
export { base64Decode, base64Encode } from "./core/base64";
export { ProtocolError } from "./core/check";
export * from "./core/color";
export { ViewError, describeValue } from "./core/error";
export {
  argmax,
  centeredRows,
  decodeFloat16,
  encodeFloat16,
  fromHalf,
  row,
  softmax,
  toHalf,
  topIndices,
  unitRows,
} from "../numeric";
export * from "./core/geometry";
export * from "./correspondence/match";
export * from "./law/model";
export * from "./law/payload";
export * from "./core/messages";
export {
  CORRESPONDENCE_MIME,
  MAX_SAVED_BYTES,
  PROTOCOL_VERSION,
  readCorrespondence,
  type CorrespondencePayload,
  type GroundTruth,
  type ImageMime,
  type Pin,
  type SavedImage,
  type SavedLayer,
  type SavedLoad,
  type ScaleMode,
  type Side,
} from "./correspondence/payload";
export { heatColors, heatRange } from "./core/scale";
export { dequantize, quantize, type Int8Matrix } from "./core/quantize";
export {
  memoryText,
  readStatus,
  STATUS_TARGET,
  statusRows,
  timeText,
  type DeviceStatus,
  type GpuMemory,
} from "./status";
export * from "./training/charts";
export * from "./training/curve";
export * from "./training/matrix";
export * from "./training/payload";
export * from "./training/read";
export * from "./training/record";
export * from "./training/words";
export * from "./correspondence/truth";
