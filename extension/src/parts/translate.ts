export type { Translate } from "fovea/protocol";

/** The text for one thing, or for any other number of them. */
export function plural(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}
