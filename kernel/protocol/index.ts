/**
 * Code that viewer and kernel share: mime and message types with their validators, colours, and the arithmetic of a query.
 * Runs in Node and in the browser: no import of either.
 */
export {
  argmax,
  boxF1,
  centeredRows,
  clamp,
  decodeFloat16,
  dotRow,
  encodeFloat16,
  fromHalf,
  iou,
  least,
  most,
  row,
  softmax,
  sum,
  toHalf,
  topIndices,
  unitRows,
} from "../numeric";
export * from "./core";
export * from "./overview";
export * from "./status";

// One line a viewer.
export * from "./alignment";
export * from "./atlas";
export * from "./attention";
export * from "./correspondence";
export * from "./gallery";
export * from "./grounding";
export * from "./law";
export * from "./refinement";
export * from "./review";
export * from "./training";
