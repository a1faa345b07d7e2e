/** The script of every page of the site: light and dark, search, and cells that run where the page comes from a host. */
import { followLinks } from "../page";
import { Runner } from "./run";
import { searchBox, type Section } from "./search";
import { restoreTheme, themeButton } from "./theme";
import { wordsOf } from "./words";

declare global {
  interface Window {
    /** Written by `assets/sections.js`. */
    foveaSections?: Section[];
  }
}

restoreTheme();

function furnish(): void {
  const { lang, dataset } = document.documentElement;
  const root = dataset.root ?? "";
  const words = wordsOf(lang);
  const tools = document.querySelector(".fovea-tools");
  tools?.append(
    searchBox(() => window.foveaSections ?? [], root, words.search),
    themeButton(words.theme),
  );
  const list = document.querySelector(".fovea-list details");
  if (matchMedia("(max-width: 860px)").matches) list?.removeAttribute("open");
  followLinks();
  // A page from disk can start no worker: it is for reading.
  if (!location.protocol.startsWith("http")) {
    for (const link of document.querySelectorAll("[data-hosted]")) link.remove();
    return;
  }
  const kernel = dataset.kernel;
  if (!kernel) return;
  const site = new URL(root || ".", location.href).href;
  const cells = document.querySelectorAll<HTMLElement>("main .cell:has(.code)");
  if (cells.length > 0) document.querySelector(".fovea-actions")?.append(new Runner(site, kernel, words, cells).node);
}

document.addEventListener("DOMContentLoaded", furnish);
