/** The option `--preprocess` of commands that load an encoder. */
import { readFileSync } from "node:fs";
import type { LoadOptions } from "../encoders/load";
import { EncoderError } from "../encoders/errors";
import { parseJson } from "../json-text";

const NAMES = ["imagenet", "clip", "half"] as const;

/** Returns statistics by name, or the options or configuration in a file `*.json`; `undefined` for an absent option. */
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
