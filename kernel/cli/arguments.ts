import { readFileSync } from "node:fs";
import type { LoadOptions } from "../encoders/load";
import { EncoderError } from "../encoders/errors";
import { parseJson } from "../rules/json-text";

/** Options whose values may begin with a dash. */
const DASHED = ["--indices", "--layer", "--mask-fill"];

/** `--indices -1` as `--indices=-1`: Node takes a value that begins with a dash for an option. */
export function joinNegatives(args: readonly string[]): string[] {
  const isJoined = (i: number): boolean => DASHED.includes(args[i] ?? "") && /^-(\d|inf)/.test(args[i + 1] ?? "");
  return args.flatMap((arg, i) => (isJoined(i) ? [`${arg}=${args[i + 1]}`] : isJoined(i - 1) ? [] : [arg]));
}

const NAMES = ["imagenet", "clip", "half"] as const;

/**
 * Returns statistics by name, or the options or configuration in a file `*.json`; `undefined` for an absent option.
 *
 * @throws EncoderError for another name, or a file that is no JSON
 */
export function preprocessOf(command: string, text: string | undefined): LoadOptions["preprocess"] {
  const name = NAMES.find((one) => one === text);
  if (name !== undefined || text === undefined) return name;
  if (!text.endsWith(".json"))
    throw new EncoderError(command, `--preprocess must be ${NAMES.join(", ")} or a file *.json`, text);
  try {
    return parseJson(readFileSync(text, "utf8")) as object;
  } catch (error) {
    throw new EncoderError(command, `${text} of --preprocess must be JSON`, (error as Error).message);
  }
}

/**
 * Returns the side of `224`, or `[height, width]` of `224x160`; `undefined` for an absent option.
 *
 * @throws Error for another text
 */
export function inputSizeOf(command: string, text: string | undefined): LoadOptions["inputSize"] {
  if (text === undefined) return undefined;
  const [, height, width] = /^([1-9]\d*)(?:x([1-9]\d*))?$/.exec(text) ?? [];
  if (!height)
    throw new Error(
      `${command}: --input-size must be a side as 224, or HEIGHTxWIDTH, received ${JSON.stringify(text)}`,
    );
  return width ? [Number(height), Number(width)] : Number(height);
}

/**
 * Returns the number of an option, or `undefined` for an absent one.
 *
 * @throws Error for a text that is no number
 */
export function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new Error(`law: --${name} must be a number, received ${JSON.stringify(text)}`);
}

/** Returns the numbers of a comma-separated value, or `undefined` for an absent option. */
export function numbersOf(name: string, text: string): number[] {
  return text.split(",").map((part) => numberOf(name, part) as number);
}

/**
 * Returns one of `legal`, or `undefined` for an absent option.
 *
 * @throws Error for a value that is not legal
 */
export function oneOf<const T extends string>(
  name: string,
  value: string | undefined,
  legal: readonly T[],
): T | undefined {
  const found = legal.find((one) => one === value);
  if (found !== undefined || value === undefined) return found;
  throw new Error(`law: --${name} must be one of ${legal.join(", ")}, received ${JSON.stringify(value)}`);
}

/**
 * Returns a whole number of at least `least`, or `undefined` for an absent option.
 *
 * @throws Error for another text
 */
export function countOf(command: string, name: string, text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined;
  if (/^(?:0|[1-9]\d*)$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(
    `${command}: --${name} must be a whole number of at least ${least}, received ${JSON.stringify(text)}`,
  );
}

/** Returns a signal that aborts at Ctrl+C and prints how to continue. */
export function stopSignal(words: string): AbortSignal {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error(words)));
  return stop.signal;
}

/** Writes progress over one line of a terminal. */
export function progress({ done, total }: { done: number; total: number }): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} images${done === total ? "\n" : ""}`);
}

/** Prints a value as JSON, or as lines of text. */
export function print(json: boolean | undefined, value: unknown, lines: () => string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${lines().join("\n")}\n`);
}
