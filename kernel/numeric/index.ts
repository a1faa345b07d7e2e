/** Arithmetic that kernel and browser share: plain numbers in, plain numbers out, without Node and DOM. */
export { areaOf, boxF1, generalizedIou, iou } from "./boxes";
export { centeredRows, distance, dot, dotRow, meanRow, row, unitRows } from "./rows";
export { append, argmax, clamp, least, most, nthLargest, ranks, softmax, topIndices } from "./order";
export { decodeFloat16, encodeFloat16, floatToHalf, fromHalf, halfToFloat, toHalf } from "./half";
export { joinBytes, joinFloats } from "./join";
export { channelMoments, type ChannelMoments, mergeMoments, noMoments } from "./moments";
export { mean, product, quantile, sampleVariance, squaredDeviations, sum, wilson } from "./statistics";
