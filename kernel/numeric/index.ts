/** Arithmetic that kernel and browser share: plain numbers in, plain numbers out, without Node and DOM. */
export { dot, dotRow } from "./dots";
export { append, clamp, least, most } from "./extremes";
export { decodeFloat16, encodeFloat16, floatToHalf, fromHalf, halfToFloat, toHalf } from "./half";
export { joinBytes, joinFloats } from "./join";
export { argmax, ranks, softmax, topIndices } from "./order";
export { centeredRows, meanRow, row, unitRows } from "./rows";
export { type CostMatrix, distances, transportCost, wassersteinOfNumbers } from "./transport";
export { mean, sampleVariance, squaredDeviations, sum, wilson } from "./statistics";
