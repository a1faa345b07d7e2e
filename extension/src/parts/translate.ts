/** The part of JupyterLab's translation bundle that the sentences need. */
export interface Translate {
  __(text: string, ...values: (string | number)[]): string;
}

/** The text for one thing, or for any other number of them. */
export function plural(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}
