/** Display of a value in a notebook: mime type to content. */
export type DisplayBundle = { "text/plain": string; "text/html": string };

/** Method by which a notebook asks a value for its display. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]);

/** Formats a title over rows of names and values, as text and as a table. */
export function describe(title: string, rows: [name: string, value: string][]): DisplayBundle {
  const width = Math.max(...rows.map(([name]) => name.length));
  const text = [title, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join("\n");
  const cells = rows.map(
    ([name, value]) =>
      `<tr><th scope="row" style="text-align:left">${escapeHtml(name)}</th><td style="text-align:left">${escapeHtml(value)}</td></tr>`,
  );
  const html = `<table><caption style="text-align:left">${escapeHtml(title)}</caption><tbody>${cells.join("")}</tbody></table>`;
  return { "text/plain": text, "text/html": html };
}

/** Formats `1234567` as `1,234,567`. */
export const thousands = (count: number): string => count.toLocaleString("en-US");
