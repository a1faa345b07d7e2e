/** Specifiers of imports beyond Node's: `npm:name@version/path`, as Deno writes it. */
import { existsSync, readFileSync } from "../../platform/files";
import { join } from "../../platform/path";

interface Npm {
  /** Name of the package, with its scope. */
  name: string;
  /** Version or range as written; empty without one. */
  version: string;
  /** Path within the package, with its slash. */
  path: string;
}

/** Error of a package that is not installed, or in another version than the import asks for. */
export class PackageNotInstalled extends Error {
  override name = "PackageNotInstalled";
}

function parse(specifier: string): Npm | undefined {
  const match = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)(?:@([^/]*))?(\/.*)?$/.exec(specifier);
  return match ? { name: match[1]!, version: match[2] ?? "", path: match[3] ?? "" } : undefined;
}

/** Returns the specifier that Node and TypeScript resolve: `npm:chalk@5` becomes `chalk`. */
export function bareSpecifier(specifier: string): string {
  const npm = parse(specifier);
  return npm ? npm.name + npm.path : specifier;
}

/** Tells how to install the package of an `npm:` specifier; `undefined` for others. */
export function installHint(specifier: string): string | undefined {
  const npm = parse(specifier);
  if (!npm) return undefined;
  const wanted = npm.version === "" ? npm.name : `${npm.name}@${npm.version}`;
  return `run !npm install ${/[<>^~ |*]/.test(wanted) ? `'${wanted}'` : wanted}`;
}

/**
 * Checks that the package found for a specifier has the version asked for. Tags and ranges other than `1`, `1.2`, `1.2.3`, `^1.2`
 * and `~1.2` are not checked.
 *
 * @param file a file of the package that was found
 * @throws PackageNotInstalled naming both versions and the command that installs the right one
 */
export function checkVersion(specifier: string, file: string): void {
  const npm = parse(specifier);
  const installed = npm && npm.version !== "" ? versionOf(npm.name, file) : undefined;
  if (installed === undefined || satisfies(installed, npm!.version)) return;
  throw new PackageNotInstalled(
    `import ${specifier}: version ${installed} of ${npm!.name} is installed; ${installHint(specifier)}`,
  );
}

function versionOf(name: string, file: string): string | undefined {
  const folder = `${join("node_modules", ...name.split("/"))}`;
  const at = file.lastIndexOf(folder);
  const manifest = at < 0 ? "" : join(file.slice(0, at + folder.length), "package.json");
  if (manifest === "" || !existsSync(manifest)) return undefined;
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version?: unknown };
  return typeof version === "string" ? version : undefined;
}

function satisfies(installed: string, wanted: string): boolean {
  const match = /^([\^~]?)v?(\d+(?:\.\d+){0,2})$/.exec(wanted);
  if (!match) return true;
  const have = numbersOf(installed);
  const want = numbersOf(match[2]!);
  const fixed = fixedParts(match[1]!, want);
  const isSame = want.slice(0, fixed).every((part, at) => part === have[at]);
  return isSame && (match[1] === "" || isAtLeast(have, want));
}

/** Returns how many leading parts of a version may not differ: for `^`, up to the first that is not zero. */
function fixedParts(range: string, want: readonly number[]): number {
  if (range === "") return want.length;
  if (range === "~") return Math.min(2, want.length);
  const first = want.findIndex((part) => part > 0);
  return first < 0 ? want.length : first + 1;
}

function isAtLeast(have: readonly number[], want: readonly number[]): boolean {
  const at = want.findIndex((part, i) => part !== (have[i] ?? 0));
  return at < 0 || (have[at] ?? 0) > want[at]!;
}

function numbersOf(version: string): number[] {
  return version.split(/[-+]/, 1)[0]!.split(".").map(Number);
}
