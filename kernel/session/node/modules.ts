/** Modules of cells, by `require` and `import`: `fovea` from any folder, local TypeScript files, and ES modules. */
import { readFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { isLocal, libraryFile } from "../compile/library";
import { type Paths, placesOf } from "../compile/project";
import { bareSpecifier, checkVersion } from "../compile/specifiers";
import { withOwnIntrinsics, withUserIntrinsics } from "../run/intrinsics";
import { shownByValue } from "../run/module-view";
import { lateLibrary, loadNamed } from "./late-library";
import { patchReadline } from "./stdin";
import { attempt, isError, readProperty } from "../run/reading";
import { promised, until, type Steps } from "../run/steps";

/** Error codes of `require` for a module that only `import` can load: top-level await, or no entry for `require`. */
const IMPORT_ONLY = new Set(["ERR_REQUIRE_ASYNC_MODULE", "ERR_REQUIRE_ESM", "ERR_PACKAGE_PATH_NOT_EXPORTED"]);

// Boundary to the hooks of Node's CommonJS loader, which have no public types.
interface Loader {
  _resolveFilename(request: string, ...rest: unknown[]): string;
  _extensions: Record<string, (module: Module & { _compile(code: string, path: string): void }, path: string) => void>;
}

/** Parts of the compiler of cells that modules use. */
interface FileCompiler {
  /** Paths of the folder's `tsconfig.json`. */
  readonly paths: Paths;
  /** Compiles a local file by itself, without a check of types. */
  transpileFile(source: string, fileName: string): string;
}

export type CellMeta = Pick<ImportMeta, "url" | "filename" | "dirname" | "resolve">;

/** Modules of a session's cells. */
export class CellModules {
  /** Function `require` of cells. */
  readonly require: NodeJS.Require;
  private readonly load: NodeJS.Require;
  private readonly nativeImport: (specifier: string) => Promise<object>;
  /** Modules that only `import` can load, in the form that `require` would return. */
  private readonly imported = new Map<string, object>();

  /** File in the notebook's folder that represents every cell. */
  readonly place: string;
  /** Object `import.meta` of cells. */
  readonly meta: CellMeta;

  constructor(
    readonly folder: string,
    private readonly compiler: FileCompiler,
  ) {
    this.hookResolution();
    this.hookTypeScript();
    this.place = join(folder, "cell.ts");
    this.load = createRequire(this.place);
    this.meta = {
      url: pathToFileURL(this.place).href,
      filename: this.place,
      dirname: folder,
      resolve: (specifier) =>
        Module.isBuiltin(specifier) ? specifier : pathToFileURL(this.load.resolve(specifier)).href,
    };
    const required = (specifier: string): unknown => {
      patchReadline(specifier);
      return lateLibrary(specifier) ?? this.imported.get(specifier) ?? this.load(specifier);
    };
    this.require = Object.assign(required, this.load);
    this.nativeImport = vm.runInThisContext("(specifier) => import(specifier)", {
      filename: this.place,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as typeof this.nativeImport;
  }

  /** Loads a cell's imports; those that `require` cannot load are kept for it. */
  *prepare(specifiers: readonly string[], code?: string): Steps<void> {
    for (const specifier of specifiers) {
      if (Module.isBuiltin(specifier) || this.imported.has(specifier)) continue;
      if (lateLibrary(specifier)) {
        withUserIntrinsics(() => loadNamed(code));
        continue;
      }
      try {
        withUserIntrinsics(() => this.load(specifier));
      } catch (error) {
        if (isImportOnly(error)) this.imported.set(specifier, asRequired(yield* until(this.importNatively(specifier))));
      }
    }
  }

  /** Function `import()` of cells. */
  import(specifier: string): Promise<object> {
    return promised(this.importing(specifier));
  }

  private importNatively(specifier: string): Promise<object> {
    const isMapped = placesOf(this.compiler.paths, specifier).length > 0;
    return this.nativeImport(isMapped ? pathToFileURL(this.load.resolve(specifier)).href : bareSpecifier(specifier));
  }

  private *importing(specifier: string): Steps<object> {
    yield* this.prepare([specifier]);
    return this.namespace(specifier);
  }

  /** Returns a module as ES modules see it. */
  namespace(specifier: string): object {
    return namespaceOf(this.require(specifier));
  }

  /** Reloads all local files after a change on disk, because an importer may hold an old copy. */
  forgetLocal(): void {
    for (const path of Object.keys(this.load.cache)) {
      if (isLocal(path)) delete this.load.cache[path];
    }
  }

  /** Resolves the library to the session's copy, `npm:` and the project's `paths`, and `./x.js` to `./x.ts` as the compiler does. */
  private hookResolution(): void {
    const loader = Module as unknown as Loader;
    const original = loader._resolveFilename.bind(loader);
    const resolve: Loader["_resolveFilename"] = (request, ...rest) => {
      try {
        return original(request, ...rest);
      } catch (error) {
        if (!/^(?:\.\.?)?\/.*\.[cm]?js$/.test(request)) throw error;
        return original(request.replace(/js$/, "ts"), ...rest);
      }
    };
    loader._resolveFilename = (request, ...rest) => {
      patchReadline(request);
      const library = libraryFile(request);
      if (library !== undefined) return library;
      const importer = (rest[0] as Module | undefined)?.filename;
      if (Module.isBuiltin(request) || (importer && !isLocal(importer))) return resolve(request, ...rest);
      return withOwnIntrinsics(() => this.locate(request, (place) => resolve(place, ...rest)));
    };
  }

  /** Resolves an import of the user's own code, by the project's `paths` and for `npm:`. */
  private locate(request: string, resolve: (request: string) => string): string {
    for (const place of placesOf(this.compiler.paths, request)) {
      const found = attempt(() => resolve(place), undefined);
      if (found !== undefined) return found;
    }
    const found = resolve(bareSpecifier(request));
    checkVersion(request, found);
    return found;
  }

  private hookTypeScript(): void {
    const loader = Module as unknown as Loader;
    for (const extension of [".ts", ".tsx", ".mts", ".cts"]) {
      loader._extensions[extension] = (module, path) => {
        const compiled = withOwnIntrinsics(() => this.compiler.transpileFile(readFileSync(path, "utf8"), path));
        module._compile(compiled, path);
      };
    }
  }
}

function isImportOnly(error: unknown): boolean {
  return isError(error) && IMPORT_ONLY.has(String(readProperty(error, "code")));
}

/** Returns an ES module as Node's `require` does, so that a default import finds the default export. */
function asRequired(namespace: object): object {
  return Object.defineProperty({ ...namespace }, "__esModule", { value: true });
}

const namespaces = new WeakMap<object, object>();

function namespaceOf(exported: unknown): object {
  const isObject = (typeof exported === "object" && exported !== null) || typeof exported === "function";
  if (!isObject) return { default: exported };
  if ("__esModule" in exported) return shownByValue(exported);
  let namespace = namespaces.get(exported);
  if (!namespace) namespaces.set(exported, (namespace = shownByValue(liveCopy(exported))));
  return namespace;
}

/** Returns an object of getters, because some modules have getters that load or warn. */
function liveCopy(exported: object): object {
  const copy: Record<string, unknown> = { default: exported };
  for (const name of Object.keys(exported)) {
    if (name === "default") continue;
    const get = (): unknown => (exported as Record<string, unknown>)[name];
    Object.defineProperty(copy, name, { get, enumerable: true });
  }
  return copy;
}
