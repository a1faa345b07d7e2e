import sanitizeHtml from "sanitize-html";

/** Markup that is safe to put on a page, and whether something was left out of it. */
export interface SafeMarkup {
  html: string;
  /** True where the source held a program, a frame, or something to load. */
  isReduced: boolean;
}

const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml)[;,]/i;
const ALIGNED = /(?:^|;)\s*text-align\s*:\s*(left|right|center|end)/i;
const SPANS = ["colspan", "rowspan", "scope", "class"];

/** Returns markup without programs and addresses of things to load: formatting, tables, links to click and pictures in the text itself. */
export function sanitize(html: string): SafeMarkup {
  let isReduced = false;
  const drop = (): true => (isReduced = true);
  const safe = sanitizeHtml(html, {
    allowedTags: [...sanitizeHtml.defaults.allowedTags, "img", "details", "summary", "progress", "del", "ins"],
    allowedAttributes: {
      a: ["href", "title", "rel"],
      img: ["src", "alt", "title", "width", "height"],
      th: SPANS,
      td: SPANS,
      caption: ["class"],
      progress: ["value", "max", "aria-label"],
      details: ["open"],
      ol: ["start"],
      code: [{ name: "class", multiple: false, values: ["language-*"] }],
      ...Object.fromEntries(["h1", "h2", "h3", "h4", "h5", "h6"].map((name) => [name, ["id"]])),
    },
    allowedClasses: { th: ALIGNMENTS, td: ALIGNMENTS, caption: ALIGNMENTS, code: [/^language-[\w-]+$/] },
    allowedSchemes: ["http", "https", "mailto"],
    allowedSchemesByTag: { img: ["data"] },
    allowProtocolRelative: false,
    transformTags: {
      a: sanitizeHtml.simpleTransform("a", { rel: "noopener noreferrer" }),
      th: aligned,
      td: aligned,
      caption: aligned,
    },
    exclusiveFilter: ({ tag, attribs }) => tag === "img" && !PICTURE.test(attribs.src ?? "") && drop(),
    onOpenTag: (name, attributes) => {
      const runs = Object.entries(attributes).some(
        ([key, value]) => /^on/i.test(key) || (/^(href|src|action)$/i.test(key) && /^\s*javascript:/i.test(value)),
      );
      if (runs || ACTIVE.has(name)) drop();
    },
  });
  return { html: safe, isReduced };
}

const ACTIVE = new Set([
  "script",
  "iframe",
  "object",
  "embed",
  "form",
  "input",
  "button",
  "link",
  "meta",
  "base",
  "video",
  "audio",
]);
const ALIGNMENTS = ["left", "right", "center"];

/** A policy without inline styles forbids the attribute `style`; the alignment of a table's cell becomes a class. */
function aligned(tagName: string, { style = "", ...attribs }: sanitizeHtml.Attributes): sanitizeHtml.Tag {
  const side = ALIGNED.exec(style)?.[1].toLowerCase().replace("end", "right");
  return { tagName, attribs: side ? { ...attribs, class: side } : attribs };
}
