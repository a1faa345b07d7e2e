/** A count with its noun: `1 benchmark`, `8 benchmarks`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A text of at most so many letters: both ends of a longer one, with an ellipsis between them. */
export function shortText(text: string, letters: number): string {
  const least = Math.max(3, letters);
  if (text.length <= least) return text;
  const head = Math.floor((least - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (least - 1 - head))}`;
}

/** The part of JupyterLab's translation bundle that sentences and figures need. */
export interface Translate {
  __(text: string, ...values: (string | number)[]): string;
}

/** English, for pictures that are drawn where no reader's language is known. */
export const ENGLISH: Translate = {
  __: (text, ...values) => text.replace(/%(\d+)/g, (_, position: string) => String(values[Number(position) - 1] ?? "")),
};
