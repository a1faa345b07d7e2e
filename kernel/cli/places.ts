/** Folders of kernelspecs, by the same rules as `jupyter kernelspec install`. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

export interface SpecOptions {
  /** Folder of kernelspecs: `<data dir>/kernels`. */
  kernels: string;
  name: string;
}

/**
 * Parses the options shared by the kernelspec commands..
 *
 * @throws Error for an unknown option, a bad name or two places
 */
export function parseSpecOptions(command: string, args: string[]): SpecOptions {
  const { values } = parseArgs({
    args,
    options: {
      "sys-prefix": { type: "boolean" },
      user: { type: "boolean" },
      prefix: { type: "string" },
      name: { type: "string", default: "fovea" },
    },
  });
  const { prefix, user, name } = values;
  const sysPrefix = values["sys-prefix"];
  if ([prefix, user, sysPrefix].filter(Boolean).length > 1) {
    throw new Error(`${command}: --sys-prefix, --user and --prefix exclude each other`);
  }
  if (!/^[\w.-]+$/.test(name)) {
    throw new Error(`${command}: --name may hold letters, digits, '.', '_' and '-', received ${JSON.stringify(name)}`);
  }
  const data =
    prefix !== undefined ? prefixData(resolve(prefix)) : sysPrefix ? prefixData(pythonPrefix(command)) : userData();
  return { kernels: join(data, "kernels"), name };
}

/** Returns every folder of kernelspecs that Jupyter would search, as far as known without asking Python. */
export function searchPath(): string[] {
  const fromEnvironment = (process.env["JUPYTER_PATH"] ?? "").split(delimiter).filter((path) => path !== "");
  const prefixes = [process.env["VIRTUAL_ENV"], process.env["CONDA_PREFIX"], pythonOnPath()].filter(
    (path): path is string => path !== undefined,
  );
  const data = [
    ...fromEnvironment,
    userData(),
    ...prefixes.map(prefixData),
    "/usr/local/share/jupyter",
    "/usr/share/jupyter",
  ];
  return [...new Set(data)].map((path) => join(path, "kernels"));
}

function prefixData(prefix: string): string {
  return join(prefix, "share", "jupyter");
}

/** Returns the active environment, or the one whose Python comes first on PATH. */
function pythonPrefix(command: string): string {
  const prefix = process.env["VIRTUAL_ENV"] ?? process.env["CONDA_PREFIX"] ?? pythonOnPath();
  if (prefix === undefined) throw new Error(`${command}: --sys-prefix found no Python on PATH; use --prefix DIR`);
  return prefix;
}

function pythonOnPath(): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    if (folder !== "" && existsSync(join(folder, process.platform === "win32" ? "python.exe" : "python3"))) {
      return process.platform === "win32" ? folder : dirname(folder);
    }
  }
  return undefined;
}

function userData(): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (process.platform === "win32" && APPDATA) return join(APPDATA, "jupyter");
  return join(XDG_DATA_HOME || join(homedir(), ".local", "share"), "jupyter");
}
