import { MOST_GROWTH, type Normalizer, readFlag, refuse, type Step, stepsOf } from "./json";
import { readPrecompiled } from "./precompiled";
import { controls, endOf, marks, nonspacing, normalForm, punctuation } from "./unicode";

const FORMS = ["NFC", "NFD", "NFKC", "NFKD"];
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

/** Steps that may take the first character of a text away. */
const MAY_SHORTEN = ["Strip", "StripAccents", "BertNormalizer", "Precompiled", "Nmt"];

/** Tests whether the first character of a normalised text is that of the text. */
export function keepsStart(fn: string, step: Step | null | undefined): boolean {
  const steps = stepsOf(fn, step, "normalizers");
  return steps.every(({ type, content }) => !MAY_SHORTEN.includes(type as string) && content !== "");
}

const READERS: Record<string, (fn: string, step: Step) => Normalizer> = {
  Lowercase: () => lowercase,
  Replace: readReplace,
  Strip: readStrip,
  StripAccents: () => (text) => text.replace(marks, ""),
  Prepend: readPrepend,
  BertNormalizer: readBertNormalizer,
  Precompiled: readPrecompiled,
  Nmt: () => nmt,
};

function readStep(fn: string, step: Step): Normalizer {
  const type = step.type as string;
  if (FORMS.includes(type)) return (text) => normalForm(text, type);
  if (Object.hasOwn(READERS, type)) return READERS[type](fn, step);
  return refuse(fn, `may normalize by ${[...FORMS, ...Object.keys(READERS)].join(", ")} only`, type);
}

function readStrip(fn: string, step: Step): Normalizer {
  const [left, right] = [readFlag(fn, step, "strip_left"), readFlag(fn, step, "strip_right")];
  return (text) => {
    const begun = left ? text.replace(/^\p{White_Space}+/u, "") : text;
    return right ? begun.slice(0, endOf(begun)) : begun;
  };
}

function readPrepend(fn: string, { prepend }: Step): Normalizer {
  if (typeof prepend !== "string" || prepend.length > MOST_GROWTH)
    refuse(fn, `must say what Prepend puts in front, ${MOST_GROWTH} characters at most`, prepend);
  return (text) => (text === "" ? "" : (prepend as string) + text);
}

/** SentencePiece's rule for translation: some controls out, some others and marks without width to spaces. */
function nmt(text: string): string {
  return text
    .replace(/[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g, "")
    .replace(/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g, " ");
}

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

/** Ideographs that stand alone; the range from U+2B920 is that of the release. */
const IDEOGRAPH =
  /[\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{f900}-\u{faff}\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/** Lowercases each character separately, because JavaScript changes a sigma at the end of a word. */
export function lowercase(text: string): string {
  return Array.from(text, (character) => character.toLowerCase()).join("");
}

/** Returns BERT's normalisation: control characters out, spaces around ideographs, accents off, lowercase, as asked. */
export function readBertNormalizer(fn: string, step: Step): Normalizer {
  const isLower = readFlag(fn, step, "lowercase");
  const isStripped = (step.strip_accents ?? null) === null ? isLower : readFlag(fn, step, "strip_accents");
  const steps: Normalizer[] = [];
  if (readFlag(fn, step, "clean_text"))
    steps.push((text) => text.replace(controls, "").replace(/\p{White_Space}/gu, " "));
  if (readFlag(fn, step, "handle_chinese_chars")) steps.push((text) => text.replace(IDEOGRAPH, " $& "));
  if (isStripped) steps.push((text) => normalForm(text, "NFD").replace(nonspacing, ""));
  if (isLower) steps.push(lowercase);
  return (text) => steps.reduce((now, normalize) => normalize(now), text);
}

/** Splits at spaces, and sets each sign of punctuation apart. */
export function splitBert(text: string): string[] {
  const words = text.match(/\P{White_Space}+/gu) ?? [];
  return words.flatMap((word) => word.match(punctuation) ?? []);
}
