import { platform } from "../platform";
import { existsSync, readFileSync } from "../platform/files";
import { dirname, join } from "../platform/path";
import * as protocol from "../protocol";

/** Scripts and style of the viewers that a page needs. */
export interface PageViewers {
  scripts: readonly string[];
  style: string;
  /** True for plotly, which styles its elements by attributes and separate rules. */
  stylesInline: boolean;
}

export const PLOTLY_MIME = "application/vnd.plotly.v1+json";
const OURS = /^application\/vnd\.fovea\.([a-z]+)\.v\d+\+json$/;

/** Viewers by mime type. */
const VIEWERS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(protocol)
    .filter(([name]) => name.endsWith("_MIME"))
    .map(([, mime]): [string, string] => [String(mime), OURS.exec(String(mime))?.[1] ?? ""]),
  [PLOTLY_MIME, "plotly"] as const,
]);

/** Tests whether this version has a viewer for a mime type. */
export const hasViewer = (mime: string): boolean => VIEWERS.has(mime);

/** Tests whether a mime type is one of ours that another version of Fovea writes. */
export const isForeignView = (mime: string): boolean => OURS.test(mime) && !VIEWERS.has(mime);

/** Folder of this room's files as they ship: style sheets, and the bundles of `binder/viewers.mjs`. */
const folder = (): string => join(dirname(platform().zoo()), "page");

/** Returns a style sheet of this room. */
export const styleSheet = (name: "colors" | "notebook" | "page"): string =>
  readFileSync(join(folder(), `${name}.css`), "utf8");

/** Tests whether `binder/viewers.mjs` has run. */
export const areViewersBuilt = (): boolean => existsSync(join(viewerFolder(), MANIFEST));

/** The scripts of a page by the name of a view; written last. */
const MANIFEST = "viewers.json";
const PLOTLY_FILE = "plotly.js";

/**
 * Returns the scripts of the viewers for these mime types, below {@link viewerFolder}, in the order in which a page runs them. The viewers
 * speak Japanese where that is the language of the page, else English.
 */
export function viewerFiles(mimes: Iterable<string>, lang = "en"): string[] {
  const scripts = JSON.parse(readBuilt(MANIFEST)) as Record<string, string[]>;
  const files = new Set([...mimes].flatMap((mime) => scripts[VIEWERS.get(mime) ?? ""] ?? []));
  return files.size > 0 && lang.startsWith("ja") ? ["words-ja.js", ...files] : [...files];
}

const readBuilt = (file: string): string => readFileSync(join(viewerFolder(), file), "utf8");

/** The folder with the viewers' scripts and their style sheet `viewers.css`. */
export const viewerFolder = (): string => join(folder(), "dist");

/** Reads scripts and style of the viewers for these mime types; nothing where they were not built. */
export function viewersOf(mimes: Iterable<string>, lang = "en"): PageViewers {
  const files = areViewersBuilt() ? viewerFiles(mimes, lang) : [];
  return {
    scripts: files.map(readBuilt),
    style: files.length > 0 ? readBuilt("viewers.css") : "",
    stylesInline: files.includes(PLOTLY_FILE),
  };
}
