import { type Normalizer, readFlag, type Step } from "./json";
import { controls, nonspacing, normalForm, punctuation } from "./unicode";

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
