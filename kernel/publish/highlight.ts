import hljs from "highlight.js/lib/common";
import { escapeMarkup } from "../display/escape";

/** Characters of the longest code that is read: the highlighter's time can grow with their square. */
const LONGEST = 20_000;

/** Returns code as markup with classes of its syntax; plain text for a language that is not known, and for very long code. */
export function highlight(code: string, language: string): string {
  const isKnown = hljs.getLanguage(language) !== undefined && code.length <= LONGEST;
  return isKnown ? hljs.highlight(code, { language, ignoreIllegals: true }).value : escapeMarkup(code);
}

/** Returns a block of code. */
export const codeBlock = (code: string, language: string): string =>
  `<pre tabindex="0"><code>${highlight(code.replace(/\n$/, ""), language)}</code></pre>`;
