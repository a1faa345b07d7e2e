import { escapeMarkup } from "../display/escape";
import type { MimeBundle } from "../display/host";
import { base64Encode } from "../protocol/core/base64";
import { sha256 } from "../platform";
import { existsSync, readFileSync } from "../platform/files";
import { dirname, join } from "../platform/path";
import { zooFolder } from "../zoo-folder";
import { STYLE } from "./style";

/** Script and style of the viewers; null where they were not built. */
export interface ViewerAssets {
  script: string;
  style: string;
}

/** Reads the viewers that `binder/viewers.mjs` bundles; they ship beside the zoo. */
export function viewerAssets(): ViewerAssets | null {
  const [script, style] = ["viewers.js", "viewers.css"].map((name) =>
    join(dirname(zooFolder()), "report", "dist", name),
  );
  if (!existsSync(script) || !existsSync(style)) return null;
  return { script: readFileSync(script, "utf8"), style: readFileSync(style, "utf8") };
}

/** Text of a cell; numbers are aligned to the right. */
export type Cell = string | { number: string };

/** Returns a table; all texts are escaped. */
export function tableOf(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const headings = head.map((text) => `<th scope="col">${escapeMarkup(text)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map(cellOf).join("")}</tr>`).join("");
  return `<div class="wide" tabindex="0"><table><thead><tr>${headings}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const cellOf = (cell: Cell): string =>
  typeof cell === "string" ? `<td>${escapeMarkup(cell)}</td>` : `<td class="number">${escapeMarkup(cell.number)}</td>`;

/** Returns a paragraph. */
export const paragraph = (text: string): string => `<p>${escapeMarkup(text)}</p>`;

/** Returns a section with its heading. */
export const section = (title: string, ...parts: readonly string[]): string =>
  `<section><h2>${escapeMarkup(title)}</h2>${parts.join("")}</section>`;

/** Returns a view's still picture; with its saved state, from which the script of the page makes the living view. */
export function figure(bundle: MimeBundle, mime: string | null): string {
  const words = escapeMarkup(String(bundle["text/plain"] ?? ""));
  const still = `<img src="data:image/png;base64,${String(bundle["image/png"])}" alt="${words}">`;
  // A script element ends at "</script", whatever its type.
  const saved = mime && JSON.stringify(bundle[mime]).replaceAll("<", "\\u003c");
  return `<figure>${still}${saved ? `<script type="application/json" data-mime="${mime}">${saved}</script>` : ""}</figure>`;
}

/** Returns a whole page that may load nothing: its policy names the digests of its one script and its one style sheet. */
export function htmlPage(title: string, body: string, assets: ViewerAssets | null): string {
  const style = `${STYLE}${assets?.style ?? ""}`;
  const sources = [
    "default-src 'none'",
    "img-src data: blob:",
    `style-src ${digestOf(style)}`,
    ...(assets ? [`script-src ${digestOf(assets.script)}`] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ];
  const script = assets ? `<script>${assets.script}</script>` : "";
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${sources.join("; ")}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeMarkup(title)}</title><style>${style}</style></head>`,
    `<body><main><h1>${escapeMarkup(title)}</h1>${body}</main>${script}</body></html>`,
    "",
  ].join("\n");
}

/** The digest of a text as a content security policy names it. */
function digestOf(text: string): string {
  const hex = sha256().update(text).digest("hex");
  const bytes = Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
  return `'sha256-${base64Encode(bytes)}'`;
}
