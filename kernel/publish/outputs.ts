import { escapeMarkup } from "../display/escape";
import { savedView } from "../page/html";
import { areViewersBuilt, hasViewer, isForeignView, PLOTLY_MIME } from "../page/viewers";
import { base64Encode } from "../protocol/core/base64";
import { mathOf } from "./formulas";
import { markdown } from "./markdown";
import type { Bundle, Output } from "./notebook";
import { sanitize, type SafeMarkup } from "./sanitize";

/** An output as markup. */
export interface PublishedOutput {
  html: string;
  /** Mime type of the living view in it; null for none. */
  view: string | null;
}

/** Traces that the part of plotly draws which pages carry. */
const CARTESIAN = new Set(
  "bar box contour heatmap histogram histogram2d histogram2dcontour image pie scatter scatterternary violin".split(" "),
);
const BASE64 = /^[A-Za-z0-9+/]+=*$/;
const RASTERS = ["image/png", "image/jpeg", "image/gif", "image/webp"];

const note = (text: string): string => `<p class="note">${escapeMarkup(text)}</p>`;
const pre = (text: string, name = ""): string =>
  `<pre tabindex="0"${name && ` class="${name}"`}>${escapeMarkup(text)}</pre>`;
const still = (html: string): PublishedOutput => ({ html, view: null });

/** Returns an output, which is not trusted, as markup that runs nothing and loads nothing. */
export function publishOutput(output: Output): PublishedOutput {
  try {
    return published(output);
  } catch (error) {
    // JSON that is nested thousands of levels deep, or has no end in sight once it is indented.
    if (error instanceof RangeError) return still(note("This output is too deep or too large to be shown here."));
    throw error;
  }
}

function published(output: Output): PublishedOutput {
  if (output.kind === "stream") return still(pre(output.text));
  if (output.kind === "error") return still(pre(output.text, "error"));
  if (output.kind === "unknown") return still(note("This output has an unknown form."));
  const view = Object.keys(output.bundle).find((mime) => isLiving(mime, output.bundle[mime]));
  if (view === undefined) return still(notesOf(output.bundle) + stillOf(output.bundle));
  return { html: `<figure>${stillOf(output.bundle)}${savedView(output.bundle, view)}</figure>`, view };
}

function isLiving(mime: string, data: unknown): boolean {
  if (!areViewersBuilt() || !hasViewer(mime)) return false;
  return mime !== PLOTLY_MIME || tracesOf(data).every((type) => CARTESIAN.has(type));
}

function tracesOf(figure: unknown): string[] {
  const { data } = Object(figure) as { data?: unknown };
  const traces: { type?: unknown }[] = Array.isArray(data) ? data.map((trace) => Object(trace) as object) : [];
  return traces.map(({ type }) => String(type ?? "scatter"));
}

/** Sentences on the parts of a bundle that a page cannot show. */
function notesOf(bundle: Bundle): string {
  const mimes = Object.keys(bundle);
  const foreign = mimes.find(isForeignView);
  const notes = [
    ...(foreign ? [`This view is of another version of Fovea (${foreign}), which this page cannot open.`] : []),
    ...(mimes.includes("application/vnd.jupyter.widget-view+json")
      ? ["This widget needs a running notebook; its text is shown instead."]
      : []),
    ...(mimes.includes("application/javascript") ? ["This output is a program, which this page does not run."] : []),
    ...(mimes.includes(PLOTLY_MIME) && areViewersBuilt() ? ["This figure has traces that only a notebook draws."] : []),
  ];
  return notes.map(note).join("");
}

/** The best form of a bundle that stands still. */
function stillOf(bundle: Bundle): string {
  const words = typeof bundle["text/plain"] === "string" ? bundle["text/plain"] : "";
  for (const form of FORMS) {
    const html = form(bundle, words);
    if (html !== null) return html;
  }
  return note(`This output holds ${Object.keys(bundle).join(", ") || "nothing"}, which this page cannot show.`);
}

type Form = (bundle: Bundle, words: string) => string | null;

const text = (bundle: Bundle, mime: string): string | null => {
  const part = bundle[mime];
  return typeof part === "string" ? part : null;
};

const picture = (address: string, words: string): string =>
  `<figure class="picture"><img src="${address}" alt="${escapeMarkup(words)}"></figure>`;

const FORMS: readonly Form[] = [
  (bundle) => {
    const html = text(bundle, "text/html");
    return html === null ? null : markupOf(sanitize(html));
  },
  (bundle) => {
    const source = text(bundle, "text/markdown");
    return source === null ? null : markupOf(markdown(source));
  },
  (bundle) => {
    const source = text(bundle, "text/latex");
    return source === null ? null : mathOf(source.trim().replace(/^\${1,2}|\${1,2}$/g, ""), true);
  },
  // A picture's own programs do not run and its addresses are not loaded where it stands in an `img`.
  (bundle, words) => {
    const svg = text(bundle, "image/svg+xml");
    return svg === null
      ? null
      : picture(`data:image/svg+xml;base64,${base64Encode(new TextEncoder().encode(svg))}`, words);
  },
  (bundle, words) => {
    const code = (mime: string): string => (text(bundle, mime) ?? "").replace(/\s/g, "");
    const mime = RASTERS.find((one) => BASE64.test(code(one)));
    return mime === undefined ? null : picture(`data:${mime};base64,${code(mime)}`, words);
  },
  (_, words) => (words === "" ? null : pre(words)),
  (bundle) => {
    const data = bundle["application/json"];
    return data === undefined ? null : pre(JSON.stringify(data, null, 2));
  },
];

/** Markup that shows something, with a sentence about the parts that were left out; null for markup that shows nothing. */
function markupOf({ html, isReduced }: SafeMarkup): string | null {
  if (html.replace(/<(?!img|progress)[^>]*>/g, "").trim() === "") return null;
  return `<div class="wide" tabindex="0">${html}</div>${isReduced ? note(REDUCED) : ""}`;
}

/** A sentence under markup of which something was left out. */
const REDUCED = "Parts that run programs or load something from elsewhere are left out here.";

/** Returns the text of a cell as markup. */
export const withNote = ({ html, isReduced }: SafeMarkup): string => html + (isReduced ? note(REDUCED) : "");
