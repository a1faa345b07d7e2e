/**
 * What viewer and kernel share: mime and message types with their validators, colours, and the arithmetic of a query.
 * Runs in Node and in the browser: no import of either.
 */
export { decodeFloat16, encodeFloat16, fromHalf, toHalf } from "../numeric/float16";
export * from "./core";
export * from "./status";

// One line a viewer.
export * from "./alignment";
export * from "./correspondence";
export * from "./law";
export * from "./training";
