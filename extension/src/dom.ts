export interface ElementOptions {
  class?: string;
  /** Set as text, never as markup. */
  text?: string;
  attributes?: Record<string, string>;
}

/** Makes an element with text and attributes; the only way our viewers make elements. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  ...children: Node[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (options.class) node.className = options.class;
  if (options.text !== undefined) node.textContent = options.text;
  for (const [name, value] of Object.entries(options.attributes ?? {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Writes text only when it changed, so that a live region does not repeat itself. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Scrolls a list, and nothing around it, until an item is in sight. */
export function scrollToItem(list: HTMLElement, item: HTMLElement): void {
  const [outer, inner] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}

let ids = 0;

/** An id that is free in this page. */
export function freshId(prefix: string): string {
  return `jp-Fovea-${prefix}-${++ids}`;
}
