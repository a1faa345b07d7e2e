import { product } from "../../numeric";
import { type Recorder, type Value, VIEW } from "./recorder";

/**
 * Chooses the values of a forward computation to keep for its gradient: those that the gradient reads, or in place of one
 * that is cheap to compute again the values it is computed from, where these take less memory. Products are never computed
 * again.
 *
 * @param given values that are there in any case
 * @param read values that the gradient reads
 */
export function valuesToKeep(recorder: Recorder, given: ReadonlySet<Value>, read: readonly Value[]): Value[] {
  const kept = new Set<Value>();
  const isFree = (value: Value): boolean => given.has(value) || kept.has(value) || !recorder.values[value].node;
  const isHeavy = (value: Value): boolean => recorder.values[value].node?.operation.heavy === true;
  const bytesOf = (value: Value): number => 4 * product(recorder.values[value].shape);
  const isView = (value: Value): boolean => recorder.values[value].node?.operation.key === VIEW;
  const inputsOf = (value: Value): Value[] => [...new Set(recorder.values[value].node?.inputs)];

  /** Bytes to keep so that a value can be had. */
  const cost = (value: Value): number => {
    if (isFree(value)) return 0;
    return isHeavy(value) ? bytesOf(value) : Math.min(bytesOf(value), costOfInputs(value));
  };
  const costOfInputs = (value: Value): number => inputsOf(value).reduce((sum, input) => sum + cost(input), 0);
  const keep = (value: Value): void => {
    if (isFree(value)) return;
    // A view is not kept in place of what it views: to give it out would copy it.
    if (!isView(value) && (isHeavy(value) || bytesOf(value) <= costOfInputs(value))) kept.add(value);
    else for (const input of inputsOf(value)) keep(input);
  };

  const ordered = [...new Set(read)].sort((a, b) => a - b);
  for (const value of ordered) if (isHeavy(value)) keep(value);
  for (const value of ordered) keep(value);
  return [...kept].sort((a, b) => a - b);
}
