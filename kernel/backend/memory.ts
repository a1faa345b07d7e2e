import type { RuleError } from "../rules/rule-error";
import { memoryOfMachine } from "./node";

/**
 * Refuses float32 values that the machine's memory cannot hold, before any of them is made.
 *
 * @throws the room's error
 */
export function checkFitsMemory(
  where: string,
  Failure: new (where: string, rule: string, received: unknown) => RuleError,
  values: number,
): void {
  const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
  const most = memoryOfMachine();
  if (!(4 * values <= most))
    throw new Failure(where, `parameters must fit into ${gibibytes(most)} of memory`, gibibytes(4 * values));
}
