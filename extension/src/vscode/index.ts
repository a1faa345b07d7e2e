/**
 * The viewers as a notebook renderer of VS Code, bundled by `binder/vscode.mjs`. A view shows what its notebook holds: a renderer has no
 * line to the kernel.
 */
import { element } from "../dom";
import type { ViewerKind } from "../frame/viewer-kind";
import { widgetOf } from "../page/widget";

/** An output as VS Code hands it over. */
export interface OutputItem {
  readonly id: string;
  readonly mime: string;
  json(): unknown;
}

/** The part of VS Code's interface for renderers that is used here. */
export interface NotebookRenderer {
  renderOutputItem(item: OutputItem, place: HTMLElement, signal?: AbortSignal): Promise<void>;
  /** @param id of an output; without one all go */
  disposeOutputItem(id?: string): void;
}

/** Returns the `activate` of a renderer for these kinds of viewers. @param style their style sheet */
export const activateFor = (kinds: readonly ViewerKind[], style: string) => (): NotebookRenderer =>
  new Renderer(new Map(kinds.map((kind) => [kind.mimeType, kind])), style);

class Renderer implements NotebookRenderer {
  private readonly shown = new Map<string, { el: HTMLElement; close: () => void }>();
  private readonly sheet = new CSSStyleSheet();

  constructor(
    private readonly kinds: ReadonlyMap<string, ViewerKind>,
    style: string,
  ) {
    this.sheet.replaceSync(style);
    const observer = new MutationObserver(() => {
      for (const { el } of this.shown.values()) showTheme(el);
    });
    observer.observe(document.body, { attributeFilter: ["class", "data-vscode-theme-kind"] });
  }

  async renderOutputItem(item: OutputItem, place: HTMLElement, signal?: AbortSignal): Promise<void> {
    const { id, mime } = item;
    const kind = this.kinds.get(mime);
    if (!kind) throw new Error(`fovea: the mime type must be one of a view, received ${mime}`);
    this.disposeOutputItem(id);
    const el = element("div");
    showTheme(el);
    place.replaceChildren(el);
    this.dress(place);
    let isOver = false;
    let close = (): void => void (isOver = true);
    this.shown.set(id, { el, close: () => close() });
    const ended = await widgetOf(kind).render({ model: constant(() => item.json()), el });
    // The output may have gone while its view was opening.
    if (isOver || signal?.aborted) return ended();
    close = ended;
  }

  disposeOutputItem(id?: string): void {
    for (const [one, { close }] of this.shown) {
      if (id !== undefined && one !== id) continue;
      this.shown.delete(one);
      close();
    }
  }

  /** Outputs may stand in shadow trees, where the page's style does not reach. */
  private dress(place: HTMLElement): void {
    const root = place.getRootNode();
    if (!(root instanceof Document || root instanceof ShadowRoot)) return;
    if (!root.adoptedStyleSheets.includes(this.sheet)) root.adoptedStyleSheets.push(this.sheet);
  }
}

/** A model whose data never change: VS Code renders a changed output anew. */
const constant = (json: () => unknown) => ({ get: json, on: () => undefined });

/** VS Code names its theme on the body of the page. */
function showTheme(el: HTMLElement): void {
  const kind = document.body.dataset.vscodeThemeKind ?? document.body.className;
  el.dataset.theme = /dark|high-contrast(?!-light)/.test(kind) ? "dark" : "light";
}
