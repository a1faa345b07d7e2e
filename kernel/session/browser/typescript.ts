/** TypeScript in a page; its files are the library's and TypeScript's declarations, and the user's files, in memory. */
import type * as TypeScript from "typescript";
import { platform } from "../../platform";
import type { Files } from "../../platform/types";

/** Folder of TypeScript's own declarations. */
export const TYPES_FOLDER = "/fovea/lib";
/** Folder of declarations that every cell sees, by package. */
export const GLOBAL_TYPES_FOLDER = "/fovea/types";

let loaded: typeof TypeScript | undefined;

/** Takes the compiler, which the session asks for at once. */
export function offerTypeScript(compiler: typeof TypeScript): void {
  loaded = compiler;
  (compiler as unknown as { setSys(system: TypeScript.System): void }).setSys(systemOf(platform().files));
}

/**
 * Returns the compiler.
 *
 * @throws Error before {@link offerTypeScript}
 */
export function loadTypeScript(): typeof TypeScript {
  if (!loaded) throw new Error("the compiler must be loaded before a session starts, received none");
  return loaded;
}

/** Types of the names that cells have without an import: the language, and the globals of a worker. */
export const hostTypes = (): Pick<TypeScript.CompilerOptions, "lib" | "typeRoots" | "types"> => ({
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.webworker.d.ts"],
  typeRoots: [GLOBAL_TYPES_FOLDER],
  types: ["files"],
});

/** A page has no declarations of Node. */
export const lateTypes = (): undefined => undefined;

function systemOf(files: Files): TypeScript.System {
  const found = (path: string): ReturnType<Files["statSync"]> | undefined =>
    files.statSync(path, { throwIfNoEntry: false });
  const isFolder = (path: string): boolean => found(path)?.isDirectory() === true;
  const { folder, path } = platform();
  const refuse = (): never => {
    throw new Error("the compiler writes nothing");
  };
  return {
    args: [],
    newLine: "\n",
    useCaseSensitiveFileNames: true,
    write: refuse,
    writeFile: refuse,
    createDirectory: refuse,
    exit: refuse,
    fileExists: (name) => found(name)?.isFile() === true,
    readFile: (name) => (found(name)?.isFile() ? files.readFileSync(name, "utf8") : undefined),
    directoryExists: isFolder,
    getDirectories: (name) =>
      isFolder(name) ? files.readdirSync(name).filter((each) => isFolder(path.join(name, each))) : [],
    readDirectory: (name) => (isFolder(name) ? files.readdirSync(name).map((each) => path.join(name, each)) : []),
    realpath: (name) => name,
    resolvePath: (name) => path.resolve(name),
    getCurrentDirectory: folder,
    getExecutingFilePath: () => `${TYPES_FOLDER}/typescript.js`,
  };
}
