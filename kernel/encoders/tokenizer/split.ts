import { splitBert } from "./normalize";
import { refuse, type Step, stepsOf } from "./json";

/** Function from a text to its words in order. */
type Splitter = (text: string) => string[];

// `\s` of JavaScript and of `tokenizers` differ: U+0085 is a space only there, U+FEFF only here.
const GPT2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const WORDS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

/** Split patterns of text towers. Untrusted patterns could run for ever, so others are refused. */
const PATTERNS = new Map<unknown, RegExp>([
  [
    "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
    /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu,
  ],
]);

/**
 * Reads the steps that split a text into words, as `tokenizers` does. `isFirst` of a call is true for a piece that begins
 * the text.
 */
export function readSplitter(
  fn: string,
  step: Step | null | undefined,
  keepsStart: boolean,
): (text: string, isFirst: boolean) => string[] {
  const steps = stepsOf(fn, step, "pretokenizers");
  const [first] = steps;
  if (first?.type !== "Metaspace" || first.prepend_scheme !== "first") return plainSplitter(fn, steps);
  if (!keepsStart) refuse(fn, "may not shorten texts before a Metaspace of prepend_scheme first", first.prepend_scheme);
  const rest = plainSplitter(fn, steps.slice(1));
  const [begin, goOn] = ["always", "never"].map((scheme) => readMetaspace(fn, { ...first, prepend_scheme: scheme }));
  return (text, isFirst) => (isFirst ? begin : goOn)(text).flatMap((word) => rest(word));
}

function plainSplitter(fn: string, steps: readonly Step[]): Splitter {
  const splitters = steps.map((one) => readStep(fn, one));
  return (text) => splitters.reduce((words, split) => words.flatMap((word) => split(word)), [text]);
}

function readStep(fn: string, step: Step): Splitter {
  if (step.type === "Metaspace") return readMetaspace(fn, step);
  if (step.type === "BertPreTokenizer") return splitBert;
  if (step.type === "WhitespaceSplit") return (text) => text.match(/\P{White_Space}+/gu) ?? [];
  if (step.type === "Whitespace") return (text) => text.match(WORDS) ?? [];
  if (step.type === "ByteLevel") return readByteLevel(step);
  if (step.type === "Split") return readPattern(fn, step);
  const known = "Whitespace, WhitespaceSplit, ByteLevel, Split, Metaspace or BertPreTokenizer";
  return refuse(fn, `must split words by ${known}`, step.type);
}

const SCHEMES: readonly unknown[] = ["always", "never"];

/** SentencePiece's words: each begins with a sign in place of its space, the first one too where the scheme says so. */
function readMetaspace(fn: string, step: Step): Splitter {
  const { replacement: sign, add_prefix_space: prefix, prepend_scheme: scheme = "always", split = true } = step;
  if (typeof sign !== "string" || Array.from(sign).length !== 1)
    return refuse(fn, "must write the spaces of Metaspace as one character", sign);
  if (!SCHEMES.includes(scheme)) refuse(fn, "may prepend always or never, or first in the first step", scheme);
  if (prefix === false && scheme !== "never")
    refuse(fn, "must say prepend_scheme never where add_prefix_space is false", scheme);
  return (text) => {
    const marked = text.replaceAll(" ", () => sign);
    const isBare = scheme === "always" && marked !== "" && !marked.startsWith(sign);
    const whole = isBare ? sign + marked : marked;
    return split === false ? [whole] : beginningsOf(whole, sign);
  };
}

/** Cuts a text before each sign. */
function beginningsOf(text: string, sign: string): string[] {
  const [before, ...words] = text.split(sign);
  const begun = words.map((word) => sign + word);
  return before === "" ? begun : [before, ...begun];
}

function readPattern(fn: string, { pattern, behavior, invert }: Step): Splitter {
  const { Regex: regex } = (pattern ?? {}) as { Regex?: unknown };
  const words = PATTERNS.get(regex);
  if (!words) refuse(fn, "must split words by the pattern of CLIP", pattern);
  if (behavior !== "Removed" || invert !== true)
    refuse(fn, "must keep what its pattern matches: behavior Removed, inverted", behavior);
  return (text) => text.match(words) ?? [];
}

const UTF8 = new TextEncoder();

/** Characters for the 256 bytes: printable ones for themselves, others from U+0100 on. */
const BYTES: readonly string[] = byteAlphabet();

function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
}

function readByteLevel({ add_prefix_space: prefix = true, use_regex: regex = true }: Step): Splitter {
  return (text) => {
    const whole = prefix && text !== "" && !text.startsWith(" ") ? ` ${text}` : text;
    const words = regex ? (whole.match(GPT2) ?? []) : [whole];
    return words.map((word) => Array.from(UTF8.encode(word), (byte) => BYTES[byte]).join(""));
  };
}
