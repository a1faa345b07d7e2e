/** The licenses of npm packages, for a wheel that carries them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Files that hold a license or what its authors want to be passed on. */
const TEXTS = /^(licen[cs]e|copying|notice|third.?party.?(notices?|licenses?))([._-].*)?$/i;

/**
 * Returns one text with name, version, license, origin and the license's words of every package below a `node_modules` folder. A
 * package that has no file with the words is named by the identifier of its license and its address.
 */
export function licensesOf(modules) {
  const parts = packagesIn(modules).map(describe);
  return ["Packages from the npm registry that this wheel carries, with their licenses.", ...parts].join(
    `\n\n${"=".repeat(80)}\n\n`,
  );
}

/** Folders of all packages, those of packages within packages too. */
function packagesIn(modules) {
  if (!existsSync(modules)) return [];
  const names = readdirSync(modules, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names.flatMap(({ name }) => {
    const folder = join(modules, name);
    if (name.startsWith("@")) return packagesIn(folder);
    const own = existsSync(join(folder, "package.json")) ? [folder] : [];
    return [...own, ...packagesIn(join(folder, "node_modules"))];
  });
}

function describe(folder) {
  const { name, version, license, repository, homepage } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const address = typeof repository === "string" ? repository : (repository?.url ?? homepage ?? "");
  const words = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXTS.test(entry.name))
    .map((entry) => readFileSync(join(folder, entry.name), "utf8").trim());
  if (!license && words.length === 0) throw new Error(`${name} ${version} must name its license or hold its words`);
  return [`${name} ${version}\nLicense: ${license ?? "see below"}\n${address}`, ...words].join("\n\n");
}
