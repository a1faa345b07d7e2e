import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";

/** Adds each row of `updates` [n, D] to the row of a zero tensor [count, D] given by `indices` [n]. */
export function scatterRows(indices: Tensor, updates: Tensor, count: number): Tensor {
  return tf.scatterND(tf.reshape(indices, [-1, 1]), updates, [count, updates.shape[1] as number]);
}

/** Gathers rows of `table` [count, D] by index, with the gradient that wasm's gather lacks. */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  const count = table.shape[0];
  const operation = tf.customGrad((table, save) => {
    (save as (tensors: Tensor[]) => void)([indices]);
    return {
      value: tf.gather(table as Tensor, indices as never),
      gradFunc: (dy: Tensor, [indices]: Tensor[]) => scatterRows(indices, dy, count),
    };
  });
  return operation(table);
}
