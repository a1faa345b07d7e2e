/** What cells import as `fovea`: the session's own copy, whichever folder the kernel runs in and whatever is installed there. */
import { join } from "node:path";

export const PACKAGE = join(__dirname, "..", "..", "..");

/** By the names of the package's `exports`, without extension. */
const ENTRIES: Record<string, string> = {
  fovea: join(PACKAGE, "dist", "index"),
  "fovea/protocol": join(PACKAGE, "dist", "protocol", "index"),
  "fovea/tf": join(PACKAGE, "dist", "tf"),
};

/** The file to load for a request, if it is one for the library. */
export function libraryFile(request: string): string | undefined {
  if (request === "fovea/package.json") return join(PACKAGE, "package.json");
  const entry = Object.hasOwn(ENTRIES, request) ? ENTRIES[request] : undefined;
  return entry && `${entry}.js`;
}

/** Where the compiler finds the library's types. */
export function libraryTypes(): Record<string, string[]> {
  return Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [name, [`${entry}.d.ts`]]));
}
