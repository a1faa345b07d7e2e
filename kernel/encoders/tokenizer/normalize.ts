import { refuse, type Step, stepsOf } from "./json";

/** Function from a text to its normalised form. */
type Normalizer = (text: string) => string;

const FORMS = ["NFC", "NFD", "NFKC", "NFKD"];

/** Steps that double a text, one after the other, fill the memory: NFKD makes at most 18 characters of one. */
const MOST_GROWTH = 32;
const ROOM = 1024;

/** Reads the steps before a text is split. */
export function readNormalizer(fn: string, step: Step | null | undefined): Normalizer {
  const steps = stepsOf(fn, step, "normalizers").map((one) => readStep(fn, one));
  return (text) =>
    steps.reduce((now, normalize) => {
      const next = normalize(now);
      if (next.length > MOST_GROWTH * text.length + ROOM)
        refuse(fn, `may make a text ${MOST_GROWTH} times as long by its steps`, next.length);
      return next;
    }, text);
}

function readStep(fn: string, { type, pattern, content }: Step): Normalizer {
  if (FORMS.includes(type as string)) return (text) => text.normalize(type as string);
  if (type === "Lowercase") return lowercase;
  if (type === "Replace") return readReplace(fn, pattern, content);
  return refuse(fn, `may normalise by ${FORMS.join(", ")}, Lowercase and Replace only`, type);
}

/** Lowercases each character separately, because JavaScript changes a sigma at the end of a word. */
function lowercase(text: string): string {
  return Array.from(text, (character) => character.toLowerCase()).join("");
}

function readReplace(fn: string, pattern: unknown, content: unknown): Normalizer {
  const { String: plain, Regex: regex } = (pattern ?? {}) as { String?: unknown; Regex?: unknown };
  if (typeof content !== "string") refuse(fn, "must say by what Replace replaces", content);
  if (content.length > MOST_GROWTH) refuse(fn, `may replace by ${MOST_GROWTH} characters at most`, content);
  if (typeof plain === "string" && plain !== "") return (text) => text.replaceAll(plain, () => content);
  // An untrusted pattern could run for ever, so only the one in use is accepted.
  if (regex !== "\\s+") refuse(fn, "may replace a text or \\s+ only", pattern);
  return (text) => text.replace(/\p{White_Space}+/gu, () => content);
}
