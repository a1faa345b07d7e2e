/**
 * Tensor type alone. All of tfjs's declarations would cost every first cell of a notebook a third of a second, so
 * public types name this module and never `@tensorflow/tfjs-core`.
 */
export type { Tensor, Variable } from "@tensorflow/tfjs-core/dist/tensor";
