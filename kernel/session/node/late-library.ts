/**
 * The library as cells see it: its rooms are loaded when a cell first names them, so that a first cell that draws a table does not wait
 * for layers and methods.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Comm } from "../../display/host";
import { described } from "../../display/describe";
import { describedNamespace, namespaceBundle } from "../../display/namespace";
import { libraryNames, PACKAGE } from "../compile/library";

const LIBRARY = "fovea";

/** Names that compiled code takes out of the library, one each. */
const NAMED = /\$require\("fovea"\)\["(\w+)"\]/g;

/** Returns the replacement of the library's module, or `undefined` for another specifier. */
export function lateLibrary(specifier: string): object | undefined {
  return specifier === LIBRARY ? (library ??= make()) : undefined;
}

/** Serves JupyterLab's side panel: the room, and with it the library that the cells see, is loaded when a panel first asks. */
export function acceptOverview(comm: Comm): void {
  (load()(join(PACKAGE, "dist", "overview")) as { acceptOverview(comm: Comm): void }).acceptOverview(comm);
}

const load = (): NodeJS.Require => createRequire(join(PACKAGE, "dist", "index.js"));

let library: Record<string, unknown> | undefined;

function make(): Record<string, unknown> {
  const require = load();
  const made: Record<string, unknown> = Object.defineProperty({}, "__esModule", { value: true });
  const rooms: Record<string, Record<string, unknown>> = {};
  for (const { name, file, isRoom } of libraryNames()) {
    const get = (): unknown => {
      const module = require(file) as Record<string, unknown>;
      if (!isRoom) return module[name];
      return (rooms[name] ??= describedNamespace(name, module));
    };
    Object.defineProperty(made, name, { get, enumerable: true });
  }
  // Only its display loads all rooms.
  return described(made, () => namespaceBundle(LIBRARY, made));
}

/**
 * Loads the parts of the library that a cell uses before the cell runs, because an interrupt of the cell must not leave half of a module.
 *
 * @param code the compiled cell; without it, or where it takes the library as a whole, everything is loaded
 */
export function loadNamed(code = ""): void {
  const named = [...code.matchAll(NAMED)].map((match) => match[1]!);
  const all = named.length === 0 || code.includes(`$namespace("${LIBRARY}")`);
  const made = lateLibrary(LIBRARY) as Record<string, unknown>;
  for (const name of all ? Object.keys(made) : named) void made[name];
}
