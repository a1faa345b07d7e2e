import { escapeMarkup } from "../display/escape";
import { browserCell, type BrowserCell } from "./browser-cell";
import { codeBlock } from "./highlight";
import { markdown, type Heading } from "./markdown";
import type { Cell, Notebook } from "./notebook";
import { publishOutput, withNote } from "./outputs";

/** A notebook as the content of a page. */
export interface PublishedDocument {
  /** Text of the first heading; null where there is none. */
  title: string | null;
  /** Markup that runs nothing and loads nothing. */
  html: string;
  /** Mime types of the living views. */
  views: string[];
  headings: Heading[];
}

/** Options of {@link publishNotebook}. */
export interface PublishOptions {
  /** Returns the address of a link in a text. Default: as it is. */
  linkOf?: (address: string) => string;
  /** True for a page whose cells can be run: it holds the smaller code of heavy ones. Default: false. */
  runs?: boolean;
}

/** Returns the cells of a notebook as the content of a page. */
export function publishNotebook(
  { cells, language }: Notebook,
  { linkOf, runs = false }: PublishOptions = {},
): PublishedDocument {
  const headings: Heading[] = [];
  const views: string[] = [];
  const publish = (cell: Cell): string => {
    if (cell.kind === "raw") return `<pre tabindex="0">${escapeMarkup(cell.source)}</pre>`;
    if (cell.kind === "text") {
      const { attachments } = cell;
      return `<div class="text">${withNote(markdown(cell.source, { attachments, linkOf, headings }))}</div>`;
    }
    const outputs = cell.outputs.map(publishOutput);
    for (const { view } of outputs) if (view !== null) views.push(view);
    const shown = outputs.map(({ html }) => html).join("");
    const smaller = attributesOf(runs ? browserCell(cell.source, cell.changes) : null);
    return `<div class="code"${smaller}>${codeBlock(cell.source, language)}</div><div class="outputs">${shown}</div>`;
  };
  const html = cells.map((cell) => `<section class="cell">${publish(cell)}</section>`).join("\n");
  return { title: headings[0]?.text ?? null, html, views, headings };
}

/** The smaller code of a cell, and what it changes, for the script of the page. */
function attributesOf(cell: BrowserCell | null): string {
  if (!cell) return "";
  const changes = cell.changes.map(({ from, to }) => [from, to]);
  return ` data-code="${escapeMarkup(cell.code)}" data-changes="${escapeMarkup(JSON.stringify(changes))}"`;
}
