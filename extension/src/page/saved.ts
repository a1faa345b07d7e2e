import { type Catalog, ENGLISH, translationBy } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";
import type { Viewer } from "../frame/viewer";
import type { Translate } from "../parts/translate";

/** A page in another language brings the viewers' texts, in `words-ja.js` beside their scripts. */
interface PageWords {
  foveaWords?: Catalog;
}

/** The translation into the language of the page; English where it brings no texts. */
export function pageTranslation(): Translate {
  const { foveaWords } = globalThis as typeof globalThis & PageWords;
  return foveaWords ? translationBy(foveaWords) : ENGLISH;
}

/** Nobody answers: a saved view has no kernel. */
const send = (): void => undefined;

/** Opens a saved view without JupyterLab and without a kernel. @throws ProtocolError on data that breaks the format */
export async function openSaved({ open }: ViewerKind, data: unknown): Promise<Viewer> {
  const { viewer } = await open(data, { trans: pageTranslation(), preferences: () => ({}), send });
  viewer.setConnection?.("none");
  return viewer;
}

/** Calls `work` when the page changes between light and dark, by the reader's system or by a theme that the page itself sets. */
export function whenThemeChanges(work: () => void, signal: AbortSignal): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", work, { signal });
  const observer = new MutationObserver(work);
  // VS Code names its theme on the body.
  for (const node of [document.documentElement, document.body])
    observer.observe(node, { attributeFilter: ["data-theme", "class"] });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** The reason of an error, in words. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Class of an element whose page has none of JupyterLab's variables: a style sheet of ours gives them. */
const OWN_COLORS = "jp-FoveaPage";

/** Gives an element our own colors where its page has none of JupyterLab's. */
export function colorByItself(node: HTMLElement): void {
  if (getComputedStyle(node).getPropertyValue("--jp-layout-color1") === "") node.classList.add(OWN_COLORS);
}
