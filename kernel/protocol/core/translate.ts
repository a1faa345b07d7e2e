/** The part of JupyterLab's translation bundle that sentences and figures need. */
export interface Translate {
  __(text: string, ...values: (string | number)[]): string;
}

/** English, for pictures that are drawn where no reader's language is known. */
export const ENGLISH: Translate = {
  __: (text, ...values) => text.replace(/%(\d+)/g, (_, position: string) => String(values[Number(position) - 1] ?? "")),
};
