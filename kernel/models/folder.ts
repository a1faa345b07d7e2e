import { isRecord, parseJson } from "../rules/json-text";
import { platform } from "../platform";
import { existsSync, readFileSync } from "../platform/files";
import { join } from "../platform/path";
import { ModelError } from "./error";

/** Returns the folder of a model: that of the package for `zoo/<name>`, unless a file or folder of that name exists. */
export const modelFolder = (source: string): string =>
  source.startsWith("zoo/") && !existsSync(source) ? join(platform().zoo(), source.slice(4)) : source;

/** @throws ModelError for a missing file */
export function fileOf(fn: string, folder: string, name: string): string {
  const path = join(folder, name);
  if (!existsSync(path)) throw new ModelError(fn, `the folder must hold ${name}`, folder);
  return path;
}

/** @throws ModelError for a missing file, or one without a JSON object */
export function readObject(fn: string, folder: string, name: string): Record<string, unknown> {
  const path = fileOf(fn, folder, name);
  let value: unknown;
  try {
    value = parseJson(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ModelError(fn, `${name} must hold JSON (${(error as Error).message})`, path);
  }
  if (isRecord(value)) return value as Record<string, unknown>;
  throw new ModelError(fn, `${name} must hold a JSON object`, path);
}
