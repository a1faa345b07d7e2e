import MiniSearch from "minisearch";
import { element } from "../dom";

/** A section of a page, as `binder/site.mjs` writes them into `assets/sections.js`. */
export interface Section {
  /** Address below the site's root, with the section's anchor. */
  address: string;
  page: string;
  heading: string;
  text: string;
}

const MOST = 12;
/** Runs of Chinese characters and kana have no spaces between words: pairs of characters stand for them. */
const PIECES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+|[\p{L}\p{N}_]+/gu;
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u;

/** Returns the terms of a text. */
export function terms(text: string): string[] {
  return (text.match(PIECES) ?? []).flatMap((piece) => (UNSPACED.test(piece) ? pairs(piece) : [piece]));
}

function pairs(text: string): string[] {
  const letters = [...text];
  return letters.length < 2 ? letters : letters.slice(1).map((letter, i) => letters[i] + letter);
}

/** Returns a function that finds sections by words, the best first. */
export function finder(sections: readonly Section[]): (words: string) => Section[] {
  const index = new MiniSearch<Section & { id: number }>({ fields: ["page", "heading", "text"], tokenize: terms });
  index.addAll(sections.map((section, id) => ({ id, ...section })));
  const options = { prefix: true, fuzzy: 0.15, boost: { heading: 3, page: 2 }, combineWith: "AND" } as const;
  return (words) =>
    index
      .search(words, options)
      .slice(0, MOST)
      .map(({ id }) => sections[id as number]);
}

/** Makes the search of a page: a field, and below it the sections found while one types. */
export function searchBox(sections: () => readonly Section[], root: string, words: string): HTMLElement {
  const found = element("ul", { class: "fovea-found", attributes: { "aria-label": words } });
  const input = element("input", { attributes: { type: "search", placeholder: words, "aria-label": words } });
  let find: ReturnType<typeof finder> | undefined;
  const show = (): void => {
    find ??= finder(sections());
    found.replaceChildren(...find(input.value).map((section) => linkTo(section, root)));
  };
  input.addEventListener("input", show);
  const box = element("div", { class: "fovea-search", attributes: { role: "search" } }, input, found);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = "";
    found.replaceChildren();
    input.focus();
  });
  return box;
}

function linkTo({ address, page, heading }: Section, root: string): HTMLElement {
  const link = element("a", { text: heading, attributes: { href: root + address } });
  link.append(element("small", { text: page }));
  return element("li", {}, link);
}
