/** Referring expressions: phrases with boxes, in the layouts of MDETR, SeqTR, the `refer` toolkit and gRefCOCO. */
export { ReferError } from "./error";
export type { ReferDataset, ReferExpression, ReferImage, ReferLayout } from "./expression";
export { facts, type ReferName } from "./facts";
export { read, type ReferReadOptions } from "./read";
export { write, type ReferWriteOptions } from "./write";
