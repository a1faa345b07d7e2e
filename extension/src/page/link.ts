/** Links to a view of a page in a state: `#view=KIND.POSITION.STATE`, with the state as JSON in URL-safe Base64. Links are not trusted. */
import { base64Decode, base64Encode } from "fovea/protocol";
import { element } from "../dom";
import type { Viewer } from "../frame/viewer";
import { pageTranslation, reasonOf } from "./saved";

/** A view of a page: the kind of its viewer, its position among those of this kind, and the reader's choices. */
export interface ViewLink {
  kind: string;
  at: number;
  state: unknown;
}

const MARK = "#view=";
/** Characters of a state at most. */
const MOST = 4000;
const FORM = /^#view=([a-z]{1,30})\.(\d{1,4})\.([\w-]*)$/;
const OURS = /^application\/vnd\.fovea\.([a-z]+)\.v\d+\+json$/;
const PROBLEM = "fovea-link-problem";
/** Class of the button that copies a link, and of the words beside it. */
const LINK = "jp-FoveaView-link";

/** Returns the fragment of a link. @throws Error for a state that is too long */
export function fragmentOf({ kind, at, state }: ViewLink): string {
  const code = base64Encode(new TextEncoder().encode(JSON.stringify(state)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
  if (code.length > MOST) throw new Error(pageTranslation().__("the state of this view is too long for a link"));
  return `${MARK}${kind}.${at}.${code}`;
}

/** Reads the fragment of an address; undefined where it is no link to a view. @throws Error for a damaged one */
export function readFragment(fragment: string): ViewLink | undefined {
  if (!fragment.startsWith(MARK)) return undefined;
  const [, kind, at, code = ""] = FORM.exec(fragment) ?? [];
  if (kind === undefined || code.length > MOST)
    throw new Error(pageTranslation().__("it has not the form of a link to a view"));
  try {
    const bytes = base64Decode(code.replaceAll("-", "+").replaceAll("_", "/"));
    return { kind, at: Number(at), state: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    throw new Error(pageTranslation().__("it is damaged"));
  }
}

/** The saved views of a page, without those that were put aside when their cells ran anew. */
const savedViews = (): HTMLScriptElement[] =>
  Array.from(document.querySelectorAll<HTMLScriptElement>("figure > script[data-mime]")).filter(
    (saved) => !saved.closest(".fovea-stored"),
  );

const kindOf = ({ dataset }: HTMLScriptElement): string | undefined => OURS.exec(dataset.mime ?? "")?.[1];

/** The place of a saved view among those of its kind; undefined for one of another's. */
function placeOf(saved: HTMLScriptElement): Omit<ViewLink, "state"> | undefined {
  const kind = kindOf(saved);
  if (kind === undefined) return undefined;
  return {
    kind,
    at: savedViews()
      .filter((one) => kindOf(one) === kind)
      .indexOf(saved),
  };
}

const namesPlace = (link: ViewLink, saved: HTMLScriptElement): boolean => {
  const place = placeOf(saved);
  return place?.kind === link.kind && place.at === link.at;
};

/** Says in one sentence, once, that the link in the page's address leads to nothing. */
export function reportBadLink(): void {
  document.getElementById(PROBLEM)?.remove();
  try {
    const link = readFragment(location.hash);
    if (link && !savedViews().some((saved) => namesPlace(link, saved)))
      throw new Error(pageTranslation().__("the page has no such view"));
  } catch (error) {
    const attributes = { id: PROBLEM, role: "status" };
    const text = pageTranslation().__("The link to a view in this page's address is ignored: %1.", reasonOf(error));
    document.querySelector("main")?.prepend(element("p", { class: "jp-Fovea-error", text, attributes }));
  }
}

/** Gives a view the state of the page's address, now and when the address changes, and a button that copies such an address. */
export function linkView(saved: HTMLScriptElement, viewer: Viewer): void {
  if (!viewer.link || !placeOf(saved)) return;
  // After the buttons that all viewers have.
  const buttons = viewer.node.querySelectorAll(".jp-FoveaView-controls button");
  Array.from(buttons)
    .at(-1)
    ?.after(...copyButton(saved, viewer));
  const follow = (): void => takeLink(saved, viewer);
  addEventListener("hashchange", follow);
  follow();
}

function takeLink(saved: HTMLScriptElement, viewer: Viewer): void {
  try {
    const link = readFragment(location.hash);
    if (!link || !namesPlace(link, saved)) return;
    viewer.node.scrollIntoView({ block: "center" });
    viewer.link?.take(link.state);
  } catch (error) {
    viewer.setProblem(pageTranslation().__("The state of the link is ignored: %1", reasonOf(error)));
  }
}

function copyButton(saved: HTMLScriptElement, viewer: Viewer): HTMLElement[] {
  const trans = pageTranslation();
  const title = trans.__("Copy an address that opens this page on this view as it is now");
  const said = element("span", { class: LINK, attributes: { role: "status" } });
  const button = element("button", { class: LINK, text: trans.__("Copy link"), attributes: { type: "button", title } });
  const copy = async (): Promise<void> => {
    const place = placeOf(saved);
    if (!place || !viewer.link) return;
    const fragment = fragmentOf({ kind: place.kind, at: place.at, state: viewer.link.read() });
    said.textContent = (await hasCopied(location.href.replace(/#.*$/, "") + fragment)) ? trans.__("Copied.") : "";
    // Without a clipboard the address bar has the link.
    if (said.textContent === "") location.hash = fragment;
  };
  button.addEventListener("click", () => void copy().catch((error: unknown) => viewer.setProblem(reasonOf(error))));
  return [button, said];
}

async function hasCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
