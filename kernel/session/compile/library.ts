/** Library that cells import as `fovea`: the session's copy, regardless of folder and installed packages. */
import { platform } from "../../platform";
import { join } from "../../platform/path";

export const PACKAGE = platform().packageFolder();

/** Files by the names of the package's `exports`, without extension. */
const ENTRIES: Record<string, string> = {
  fovea: join(PACKAGE, "dist", "index"),
  "fovea/protocol": join(PACKAGE, "dist", "protocol", "index"),
  "fovea/tf": join(PACKAGE, "dist", "tf"),
};

/** Returns the file of a request for the library, else `undefined`. */
export function libraryFile(request: string): string | undefined {
  if (request === "fovea/package.json") return join(PACKAGE, "package.json");
  const entry = Object.hasOwn(ENTRIES, request) ? ENTRIES[request] : undefined;
  return entry && `${entry}.js`;
}

/** Returns the paths of the library's types for the compiler. */
export function libraryTypes(): Record<string, string[]> {
  return Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [name, [`${entry}.d.ts`]]));
}
