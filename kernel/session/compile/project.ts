/** The `paths` of the `tsconfig.json` that governs the notebook's folder, for the compiler and for the modules of cells. */
import { dirname, join } from "../../platform/path";
import type { ts } from "./typescript";

export type Paths = Record<string, string[]>;

/** Returns the paths with absolute targets; empty without a `tsconfig.json` in the folder or above it. */
export function projectPaths(ts: ts, folder: string): Paths {
  const file = ts.findConfigFile(folder, ts.sys.fileExists);
  if (file === undefined) return {};
  const config = ts.readConfigFile(file, ts.sys.readFile).config as object | undefined;
  // Without its files, which would all be listed.
  const own = { ...config, files: [], include: [] };
  const { options } = ts.parseJsonConfigFileContent(own, ts.sys, dirname(file), undefined, file);
  const base = options.baseUrl ?? (options["pathsBasePath"] as string | undefined) ?? dirname(file);
  const entries = Object.entries(options.paths ?? {}).map(([pattern, targets]): [string, string[]] => [
    pattern,
    targets.map((target) => (target.startsWith("/") ? target : join(base, target))),
  ]);
  if (options.baseUrl !== undefined) entries.push(["*", [join(options.baseUrl, "*")]]);
  return Object.fromEntries(entries);
}

/** Returns the places where a specifier may lie by `paths`, best first, as TypeScript chooses: exact, else the longest prefix. */
export function placesOf(paths: Paths, specifier: string): string[] {
  if (/^(?:\.|\/|[a-z]+:)/.test(specifier)) return [];
  const exact = paths[specifier];
  if (exact) return exact;
  const [best] = Object.keys(paths)
    .map((pattern) => ({ pattern, rest: restOf(pattern, specifier) }))
    .filter(({ rest }) => rest !== undefined)
    .sort((a, b) => b.pattern.indexOf("*") - a.pattern.indexOf("*"));
  return best ? paths[best.pattern]!.map((target) => target.replace("*", () => best.rest!)) : [];
}

/** Returns the text that stands in place of the pattern's star. */
function restOf(pattern: string, specifier: string): string | undefined {
  const star = pattern.indexOf("*");
  if (star < 0) return undefined;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  const fits = specifier.length >= head.length + tail.length && specifier.startsWith(head) && specifier.endsWith(tail);
  return fits ? specifier.slice(head.length, specifier.length - tail.length) : undefined;
}
