/** Reading of data sets with dense labels, in the layouts of multi-task NYUv2 and PASCAL-Context. */
export { DenseError } from "./error";
export { type DenseDataset, type DenseReadOptions, type DenseSample, read } from "./layout";
export type { DenseTask } from "./tasks";
export type { DenseValues } from "./values";
