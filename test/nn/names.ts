/** The library under test, by the names under which notebooks know it. */
export * as nn from "../../kernel/nn/index.ts";
export * as train from "../../kernel/train/index.ts";
export { tf } from "../../kernel/backend/tf.ts";
export type { Tensor } from "../../kernel/backend/tensor.ts";
