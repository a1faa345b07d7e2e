/** Rows of an embedding that were trained by themselves (PEFT's `trainable_token_indices`). */
import type { AdapterConfig } from "../config";
import { LoraError } from "../error";

/** End of the names of such rows in a file. */
export const TOKENS = ".token_adapter.trainable_tokens_delta";

/**
 * Returns the numbers of a module's trained rows.
 *
 * @param stored shape of the rows in the file
 * @param weight shape of the module's weight
 * @throws LoraError where the configuration lists none, one out of range, or another number of them
 */
export function trainedRows(
  fn: string,
  { other }: AdapterConfig,
  module: string,
  stored: readonly number[],
  weight: readonly number[],
): number[] {
  const [count = 0, ...columns] = weight;
  const indices = listed(fn, other.trainable_token_indices, module);
  if (!indices.every((index) => Number.isSafeInteger(index) && index >= 0 && index < count))
    throw new LoraError(fn, `trainable_token_indices must lie in 0..${count - 1}`, indices);
  if (new Set(indices).size < indices.length)
    throw new LoraError(fn, "trainable_token_indices must list each row once", indices);
  const shape = [indices.length, ...columns];
  if (stored.join() !== shape.join())
    throw new LoraError(fn, `${module}${TOKENS} must be [${shape.join(", ")}]`, stored);
  return indices;
}

function listed(fn: string, given: unknown, module: string): number[] {
  const found: unknown = Array.isArray(given)
    ? given
    : Object.entries((given ?? {}) as object).find(([end]) => `.${module}`.endsWith(`.${end}`))?.[1];
  if (Array.isArray(found)) return found as number[];
  throw new LoraError(fn, `trainable_token_indices must list the rows of ${module}`, given);
}
