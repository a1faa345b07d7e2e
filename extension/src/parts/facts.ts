import { element } from "../dom";

/** Pairs of a name and a text. */
export function facts(pairs: readonly (readonly [name: string, text: string])[]): HTMLDListElement {
  const list = element("dl", { class: "jp-Fovea-facts" });
  for (const [name, text] of pairs)
    list.append(element("div", {}, element("dt", { text: name }), element("dd", { text })));
  return list;
}

/** Content that is folded away under its title. */
export function fold(title: string, content: Node): HTMLDetailsElement {
  return element("details", { class: "jp-Fovea-fold" }, element("summary", { text: title }), content);
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** A size in the largest unit that it fills, of a thousand each. */
export function bytesText(bytes: number): string {
  const unit = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${unit === 0 ? bytes : (bytes / 1000 ** unit).toPrecision(3)} ${UNITS[unit]}`;
}
