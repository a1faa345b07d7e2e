/** Types known to every cell: the globals that a session adds, and what Node 20 has and TypeScript 5.0 does not know. */
export const GLOBAL_TYPES = `
/** Ask the user for a line of text and wait for it. Throws where the front end takes no input. */
declare function prompt(message?: string): string;
/** As {@link prompt}, without showing what is typed. */
declare function promptPassword(message?: string): string;

interface ReadonlyArray<T> {
  /** A reversed copy. */
  toReversed(): T[];
  /** A sorted copy. */
  toSorted(compare?: (a: T, b: T) => number): T[];
  /** A copy with \`count\` elements from \`start\` replaced by \`items\`. */
  toSpliced(start: number, count?: number, ...items: T[]): T[];
  /** A copy with one element replaced. */
  with(index: number, value: T): T[];
}
interface Array<T> {
  /** A reversed copy. */
  toReversed(): T[];
  /** A sorted copy. */
  toSorted(compare?: (a: T, b: T) => number): T[];
  /** A copy with \`count\` elements from \`start\` replaced by \`items\`. */
  toSpliced(start: number, count?: number, ...items: T[]): T[];
  /** A copy with one element replaced. */
  with(index: number, value: T): T[];
}
`;
