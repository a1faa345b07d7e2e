import type MarkdownIt from "markdown-it";
import temml from "temml";
import { escapeMarkup } from "../display/escape";

/** Place of a formula in a line: its text lies from `start` to `end`, the line goes on at `next`. */
interface FormulaPlace {
  start: number;
  end: number;
  next: number;
  isBlock: boolean;
}

/** Returns the formula that begins at a dollar sign, by the rule of Pandoc: no space inside the signs, no digit after them; no code in it. */
function formulaAt(text: string, at: number): FormulaPlace | null {
  const isBlock = text.startsWith("$$", at);
  const sign = isBlock ? "$$" : "$";
  const start = at + sign.length;
  const end = closing(text, sign, start);
  if (end <= start) return null;
  const next = end + sign.length;
  const isTight = !/\s/.test(text[start]) && !/\s/.test(text[end - 1]) && !/\d/.test(text[next] ?? "");
  const holdsCode = text.slice(start, end).includes("`");
  return !holdsCode && (isBlock || isTight) ? { start, end, next, isBlock } : null;
}

/** Place of the next sign that no backslash escapes, or -1. */
function closing(text: string, sign: string, from: number): number {
  let at = text.indexOf(sign, from);
  while (at > 0 && text[at - 1] === "\\") at = text.indexOf(sign, at + 1);
  return at;
}

/** Adds formulas to a reader of Markdown: tokens `formula` whose `info` is `block` or empty. */
export function addFormulas(reader: MarkdownIt): void {
  reader.inline.ruler.before("escape", "formula", (state, silent) => {
    if (state.src[state.pos] !== "$") return false;
    const place = formulaAt(state.src, state.pos);
    if (!place || place.next > state.posMax) return false;
    if (!silent) {
      const token = state.push("formula", "", 0);
      token.content = state.src.slice(place.start, place.end);
      token.info = place.isBlock ? "block" : "";
    }
    state.pos = place.next;
    return true;
  });
}

/**
 * Returns a formula of LaTeX as MathML, which browsers set with their own fonts; its source where it cannot be read. Inline styles are
 * taken out, since the page's policy forbids them.
 */
export function mathOf(formula: string, isBlock: boolean): string {
  try {
    const options = { displayMode: isBlock, trust: false, throwOnError: true, maxExpand: 1000 };
    return temml.renderToString(formula, options).replace(/ style="[^"]*"/g, "");
  } catch {
    return `<code>${escapeMarkup(formula)}</code>`;
  }
}
