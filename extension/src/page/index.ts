/**
 * The viewers on a page without JupyterLab and without a kernel: each saved view takes the place of its still picture. A script for each
 * kind of viewers is bundled by `binder/viewers.mjs`.
 */
import { element } from "../dom";
import type { ViewerKind } from "../frame/viewer-kind";
import { linkView, reportBadLink } from "./link";
import { colorByItself, openSaved, pageTranslation, reasonOf, whenThemeChanges } from "./saved";

const ANNOUNCED = "fovea-views";

/** Tells the viewers' scripts that saved views were put on the page. */
export const announceViews = (): void => void document.dispatchEvent(new Event(ANNOUNCED));

/** Shows the saved views of one kind that stand on the page, and those that come later. */
export function showSavedViews(kind: ViewerKind): void {
  const showNew = (): void => {
    for (const script of document.querySelectorAll<HTMLScriptElement>("figure > script[data-mime]"))
      if (script.dataset.mime === kind.mimeType && !script.dataset.shown) void show(script, kind);
  };
  document.addEventListener(ANNOUNCED, showNew);
  followLinks();
  showNew();
}

/** Says what is wrong with a link in the address, now and when the address changes. */
export function followLinks(): void {
  addEventListener("hashchange", reportBadLink);
  reportBadLink();
}

/** A view that cannot be opened leaves its still picture, and the reason below it. */
async function show(saved: HTMLScriptElement, kind: ViewerKind): Promise<void> {
  const figure = saved.parentElement as HTMLElement;
  saved.dataset.shown = "true";
  try {
    const viewer = await openSaved(kind, JSON.parse(saved.textContent ?? ""));
    figure.querySelector("img, pre")?.remove();
    colorByItself(figure);
    nameApart(viewer.node);
    figure.prepend(viewer.node);
    linkView(saved, viewer);
    whenThemeChanges(() => viewer.redraw?.(), new AbortController().signal);
  } catch (error) {
    const text = pageTranslation().__("This view cannot be opened: %1", reasonOf(error));
    figure.append(element("p", { class: "jp-Fovea-error", text }));
  }
}

/** Numbers a view whose name another one on the page has: readers of the screen list views by name. */
function nameApart(node: HTMLElement): void {
  const label = node.getAttribute("aria-label");
  const labels = [...document.querySelectorAll("figure > [aria-label]")].map((one) => one.getAttribute("aria-label"));
  let free = label;
  for (let i = 2; labels.includes(free); i++) free = `${label} (${i})`;
  if (free !== null) node.setAttribute("aria-label", free);
}
