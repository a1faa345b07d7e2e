import { MOST_GROWTH, type Normalizer, refuse, type Step } from "./json";

/**
 * Returns a replacement of a text, or of what a regular expression of one class matches: `\s+`, ` {2,}`, `[!?.]`. Such a
 * pattern runs in linear time; another could run for ever.
 */
export function readReplace(fn: string, { pattern, content }: Step): Normalizer {
  const { String: plain, Regex: regex } = (pattern ?? {}) as { String?: unknown; Regex?: unknown };
  if (typeof content !== "string") return refuse(fn, "must say by what Replace replaces", content);
  if (content.length > MOST_GROWTH) refuse(fn, `may replace by ${MOST_GROWTH} characters at most`, content);
  if (typeof plain === "string" && plain !== "") return (text) => text.replaceAll(plain, () => content);
  const matched = typeof regex === "string" ? classPattern(regex) : null;
  if (!matched) return refuse(fn, "may replace a text or a pattern of one class as \\s+ or [!?] only", pattern);
  return (text) => text.replace(matched, () => content);
}

/** One character or class, and how often: once, `+`, or `{n,}`. */
const ONE_CLASS =
  /^(\[(?:[^\][\\^&]|\\[^\p{L}\p{N}]|\\s)+\]|\\[^\p{L}\p{N}]|\\s|[^\][\\^$.|?*+(){}])(\+|\{[1-9],\})?$/u;
const SPACE = "\\p{White_Space}";

/** Returns a pattern of one class in JavaScript's form, or null for another. */
function classPattern(regex: string): RegExp | null {
  const [, one, times = ""] = ONE_CLASS.exec(regex) ?? [];
  if (one === undefined) return null;
  const members = one.startsWith("[") ? one.slice(1, -1) : one;
  // Ranges keep their hyphen; any other sign is taken literally.
  const literal = members.replace(/\\s|\\(.)|([\p{S}\p{P}\p{Z}\p{C}])/gu, (found, escaped?: string, sign?: string) => {
    if (found === "\\s") return SPACE;
    if (sign === "-") return "-";
    return `\\u{${((escaped ?? sign) as string).codePointAt(0)!.toString(16)}}`;
  });
  try {
    return new RegExp(`[${literal}]${times}`, "gu");
  } catch {
    return null;
  }
}
