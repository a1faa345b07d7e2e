/**
 * What viewer and kernel share: mime and message types with their validators, colours, and the arithmetic of a query.
 * Runs in Node and in the browser: no import of either.
 */
export { base64Decode, base64Encode } from "./base64";
export { ProtocolError } from "./check";
export * from "./colour";
export { ViewError, describeValue } from "./error";
export { decodeFloat16, encodeFloat16, fromHalf, toHalf } from "./float16";
export * from "./geometry";
export * from "./match";
export * from "./law/model";
export * from "./law/payload";
export * from "./messages";
export * from "./payload";
export { heatColours, heatRange } from "./scale";
export { dequantise, quantise, type Int8Matrix } from "./quantise";
export * from "./truth";
