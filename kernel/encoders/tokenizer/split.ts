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

/** Reads the steps that split a text into words, as `tokenizers` does. */
export function readSplitter(fn: string, step: Step | null | undefined): Splitter {
  const steps = stepsOf(fn, step, "pretokenizers").map((one) => readStep(fn, one));
  return (text) => steps.reduce((words, split) => words.flatMap(split), [text]);
}

function readStep(fn: string, step: Step): Splitter {
  if (step.type === "WhitespaceSplit") return (text) => text.match(/\P{White_Space}+/gu) ?? [];
  if (step.type === "Whitespace") return (text) => text.match(WORDS) ?? [];
  if (step.type === "ByteLevel") return readByteLevel(step);
  if (step.type === "Split") return readPattern(fn, step);
  return refuse(fn, "must split words by Whitespace, WhitespaceSplit, ByteLevel or Split", step.type);
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
