/** Files and folders of referring expressions, whose faults are named. */
import { parseJson } from "../../rules/json-text";
import { readdirSync, readFileSync, statSync } from "../../platform/files";
import type { SystemError } from "../../platform/types";
import { ReferError } from "./error";
import { readPickle } from "./pickle/read";
import { PickleRefusal } from "./pickle/value";

/**
 * Parses a JSON file, or a pickle of plain data.
 *
 * @throws ReferError for one that is missing, damaged or no plain file: a pipe would never end
 */
export function parseFile(fn: string, path: string): unknown {
  return named(fn, path, () => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) throw new ReferError(fn, path, "the file must exist", path);
    if (!found.isFile()) throw new ReferError(fn, path, "must be a file, not a folder, pipe or device", path);
    return path.endsWith(".p") ? readPickle(readFileSync(path)) : parseJson(readFileSync(path, "utf8"));
  });
}

/**
 * Returns the names in a folder.
 *
 * @param what names the folder in the error
 * @throws ReferError for one that is missing or no folder
 */
export function listFolder(fn: string, path: string, what: string): string[] {
  return named(fn, path, () => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isDirectory()) throw new ReferError(fn, path, `${what} must exist and be a folder`, path);
    return readdirSync(path);
  });
}

/** Returns what is read; a refusal of the system or of a parser names the file. */
function named<T>(fn: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PickleRefusal) throw new ReferError(fn, path, error.rule, error.value);
    if (error instanceof SyntaxError) throw new ReferError(fn, path, "the file must hold JSON", error.message);
    const { code } = error as SystemError;
    if (typeof code === "string") throw new ReferError(fn, path, "the path must be one that can be read", code);
    throw error;
  }
}
