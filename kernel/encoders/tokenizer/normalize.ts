import { lowercase, readBertNormalizer } from "./bert";
import { MOST_GROWTH, type Normalizer, readFlag, refuse, type Step, stepsOf } from "./json";
import { readPrecompiled } from "./precompiled";
import { readReplace } from "./replace";
import { marks, normalForm } from "./unicode";

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
  return refuse(fn, `may normalise by ${[...FORMS, ...Object.keys(READERS)].join(", ")} only`, type);
}

function readStrip(fn: string, step: Step): Normalizer {
  const [left, right] = [readFlag(fn, step, "strip_left"), readFlag(fn, step, "strip_right")];
  return (text) => {
    const begun = left ? text.replace(/^\p{White_Space}+/u, "") : text;
    return right ? begun.slice(0, endOf(begun)) : begun;
  };
}

/** Returns the end of a text without the spaces after it; a regular expression would take the square of their number. */
function endOf(text: string): number {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1])) end--;
  return end;
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
