/** Library that cells import as `fovea`: the session's copy, regardless of folder and installed packages. */
import { platform } from "../../platform";
import { existsSync, readFileSync } from "../../platform/files";
import { join } from "../../platform/path";

export const PACKAGE = platform().packageFolder();

/** Files by the names of the package's `exports`, without extension. */
const ENTRIES: Record<string, string | undefined> = {
  // Without a prototype, which cells may change: every `require` of a session asks here.
  __proto__: null as never,
  fovea: join(PACKAGE, "dist", "index"),
  "fovea/protocol": join(PACKAGE, "dist", "protocol", "index"),
  "fovea/tf": join(PACKAGE, "dist", "tf"),
};

/** Returns the file of a request for the library, else `undefined`. */
export function libraryFile(request: string): string | undefined {
  if (request === "fovea/package.json") return join(PACKAGE, "package.json");
  const entry = ENTRIES[request];
  return entry && `${entry}.js`;
}

/** Returns the paths of the library's types for the compiler. */
export function libraryTypes(): Record<string, string[]> {
  return Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [name, [`${entry}.d.ts`]]));
}

let names: string[] | undefined;

/** Returns the names that `fovea` exports. They are read from its declarations, which a session that never imports it does not load. */
export function publicNames(): string[] {
  return (names ??= readNames(`${ENTRIES["fovea"]}.d.ts`));
}

function readNames(path: string): string[] {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const namespaces = [...text.matchAll(/^export \* as (\w+) from/gm)].map((match) => match[1]!);
  const lists = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap((match) => match[1]!.split(","));
  return [...namespaces, ...lists.map((name) => name.trim())].filter((name) => /^\w+$/.test(name));
}
