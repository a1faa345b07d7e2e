import { ENGLISH } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";
import type { Viewer } from "../frame/viewer";

/** Nobody answers: a saved view has no kernel. */
const send = (): void => undefined;

/** Opens a saved view without JupyterLab and without a kernel. @throws ProtocolError on data that breaks the format */
export async function openSaved({ open }: ViewerKind, data: unknown): Promise<Viewer> {
  const { viewer } = await open(data, { trans: ENGLISH, preferences: () => ({}), send });
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
