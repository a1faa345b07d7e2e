/** The part of JupyterLab's translation bundle that the sentences need. */
export interface Translate {
  __(text: string, ...values: (string | number)[]): string;
}
