/** Text for plotly, which reads a little markup: names are data and must stay text. */
export function plain(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** A text of at most so many letters: both ends of a longer one, with an ellipsis between them. */
export function shortened(text: string, letters: number): string {
  const least = Math.max(3, letters);
  if (text.length <= least) return text;
  const head = Math.floor((least - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (least - 1 - head))}`;
}
