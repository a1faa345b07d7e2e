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

/** A name that `fovea` exports: its file, and whether the name is the whole module, as a room is, or one of its exports. */
export interface LibraryName {
  name: string;
  file: string;
  isRoom: boolean;
}

let names: LibraryName[] | undefined;

/** Returns what `fovea` exports. It is read from its declarations, which a session that never imports it does not load. */
export function libraryNames(): LibraryName[] {
  return (names ??= readNames(`${ENTRIES["fovea"]}.d.ts`));
}

/** Returns the names that `fovea` exports. */
export function publicNames(): string[] {
  return libraryNames().map(({ name }) => name);
}

function readNames(path: string): LibraryName[] {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const fileOf = (module: string): string => join(PACKAGE, "dist", module);
  const rooms = [...text.matchAll(/^export \* as (\w+) from "([^"]+)"/gm)].map(([, name, module]): LibraryName => ({
    name: name!,
    file: fileOf(module!),
    isRoom: true,
  }));
  const single = [...text.matchAll(/^export \{([^}]*)\} from "([^"]+)"/gm)].flatMap(([, list, module]) =>
    list!.split(",").map((name): LibraryName => ({ name: name.trim(), file: fileOf(module!), isRoom: false })),
  );
  return [...rooms, ...single].filter(({ name }) => /^\w+$/.test(name));
}

/** Tests for a user's file, which is checked like a cell and may change. */
export function isLocal(path: string): boolean {
  return !path.includes("/node_modules/") && !path.startsWith(`${PACKAGE.replaceAll("\\", "/")}/`);
}
