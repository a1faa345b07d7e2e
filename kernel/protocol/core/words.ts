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

/** Four digits that count: "0.0123", "1.23e−5", "12,346". */
export function numberText(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const size = Math.abs(rounded);
  if (size >= 1e7) return value.toExponential(2);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size !== 0 && size < 1e-4) return rounded.toExponential().replace("e-", "e−");
  return String(rounded);
}
