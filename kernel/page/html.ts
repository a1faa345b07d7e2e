import { escapeMarkup } from "../display/escape";
import type { MimeBundle } from "../display/host";
import { sha256Of } from "../platform";
import { base64Encode } from "../protocol/core/base64";
import type { PageViewers } from "./viewers";
import { styleSheet } from "./viewers";

/** The parts of a page. */
export interface PageParts {
  title: string;
  /** Markup of the page's content. All of it is ours, or was sanitized. */
  body: string;
  viewers: PageViewers;
  /** Further style of the page. Default: none. */
  style?: string;
  /** Language of the text, as in `lang`. Default `"en"`. */
  lang?: string;
}

/** Returns JSON that may stand inside a script element, which ends at "</script" whatever its type. */
export const scriptJson = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/** Returns a view's still picture and its saved state, from which the page's script makes the living view. */
export function figure(bundle: MimeBundle, mime: string | null): string {
  const words = escapeMarkup(String(bundle["text/plain"] ?? ""));
  const still = `<img src="data:image/png;base64,${String(bundle["image/png"])}" alt="${words}">`;
  return `<figure>${still}${mime === null ? "" : savedView(bundle, mime)}</figure>`;
}

/** Returns the saved state of a view, for the script of the page. */
export const savedView = (bundle: Readonly<Record<string, unknown>>, mime: string): string =>
  `<script type="application/json" data-mime="${escapeMarkup(mime)}">${scriptJson(bundle[mime])}</script>`;

/**
 * Returns a whole page that may load nothing: its policy names the digests of its scripts and of its one style sheet. With plotly any style
 * is legal; a style can load nothing either.
 */
export function htmlPage({ title, body, viewers, style = "", lang = "en" }: PageParts): string {
  const sheet = [styleSheet("colors"), styleSheet("page"), style, viewers.style].join("\n");
  const sources = [
    "default-src 'none'",
    "img-src data: blob:",
    `style-src ${viewers.stylesInline ? "'unsafe-inline'" : digestOf(sheet)}`,
    ...(viewers.scripts.length > 0 ? [`script-src ${viewers.scripts.map(digestOf).join(" ")}`] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return [
    "<!doctype html>",
    `<html lang="${escapeMarkup(lang)}" class="jp-FoveaPage"><head><meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${sources.join("; ")}">`,
    // No policy covers what a browser asks of the names of linked hosts before anyone clicks.
    '<meta http-equiv="x-dns-prefetch-control" content="off">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeMarkup(title)}</title><style>${sheet}</style></head>`,
    `<body><main>${body}</main>${viewers.scripts.map((script) => `<script>${script}</script>`).join("\n")}</body></html>`,
    "",
  ].join("\n");
}

/** The digest of a text as a content security policy names it. */
function digestOf(text: string): string {
  const hex = sha256Of(text);
  const bytes = Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
  return `'sha256-${base64Encode(bytes)}'`;
}
