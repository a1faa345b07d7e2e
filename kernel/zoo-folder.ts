import { existsSync } from "node:fs";
import { join } from "node:path";

/** Returns the folder of the models shipped with the package: beside the sources, or beside `dist`. */
export function zooFolder(): string {
  const candidates = [join(__dirname, "zoo"), join(__dirname, "..", "zoo")];
  return candidates.find(existsSync) ?? candidates[1];
}
