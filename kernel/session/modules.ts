/** `require` and `import` for cells: `fovea` itself from any folder, local TypeScript files, and ES modules. */
import { readFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { join } from "node:path";
import vm from "node:vm";
import type { CellCompiler } from "./cells";

const PACKAGE = join(__dirname, "..", "..");
const OWN: Record<string, string> = {
  fovea: join(PACKAGE, "dist", "index.js"),
  "fovea/protocol": join(PACKAGE, "dist", "view", "protocol.js"),
  "fovea/tf": join(PACKAGE, "dist", "tf.js"),
  "fovea/package.json": join(PACKAGE, "package.json"),
};
/** What `require` says of a module that only `import` can load: top-level await, or no entry for `require`. */
const IMPORT_ONLY = new Set(["ERR_REQUIRE_ASYNC_MODULE", "ERR_REQUIRE_ESM", "ERR_PACKAGE_PATH_NOT_EXPORTED"]);

// The boundary to Node's CommonJS loader, which has no public types for its hooks.
interface Loader {
  _resolveFilename(request: string, ...rest: unknown[]): string;
  _extensions: Record<string, (module: Module & { _compile(code: string, path: string): void }, path: string) => void>;
}

export class CellModules {
  /** The `require` that cells are given. */
  readonly require: NodeJS.Require;
  private readonly load: NodeJS.Require;
  private readonly nativeImport: (specifier: string) => Promise<object>;
  /** Modules that only `import` can load, as `require` would give them. */
  private readonly imported = new Map<string, object>();

  /** A file in the notebook's folder that stands for every cell. */
  readonly place: string;

  constructor(
    readonly folder: string,
    private readonly compiler: CellCompiler,
  ) {
    this.hookResolution();
    this.hookTypeScript();
    this.place = join(folder, "cell.ts");
    this.load = createRequire(this.place);
    const required = (specifier: string): unknown => this.imported.get(specifier) ?? this.load(specifier);
    this.require = Object.assign(required, this.load);
    this.nativeImport = vm.runInThisContext("(specifier) => import(specifier)", {
      filename: this.place,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as typeof this.nativeImport;
  }

  /** Load what a cell imports and `require` cannot; everything else is left to the cell itself. */
  async prepare(specifiers: readonly string[]): Promise<void> {
    for (const specifier of specifiers) {
      if (Module.isBuiltin(specifier) || this.imported.has(specifier)) continue;
      try {
        this.load(specifier);
      } catch (error) {
        if (isImportOnly(error)) this.imported.set(specifier, asRequired(await this.nativeImport(specifier)));
      }
    }
  }

  /** The `import()` of cells. */
  async import(specifier: string): Promise<object> {
    await this.prepare([specifier]);
    return namespaceOf(this.require(specifier));
  }

  /** Local files changed on disk: load all local TypeScript again, as an importer may hold an old copy of another. */
  forgetLocal(): void {
    for (const path of Object.keys(this.load.cache)) {
      if (/\.tsx?$/.test(path)) delete this.load.cache[path];
    }
  }

  /** The library is the session's own instance, whichever folder the kernel runs in and whatever is installed there. */
  private hookResolution(): void {
    const loader = Module as unknown as Loader;
    const resolve = loader._resolveFilename.bind(loader);
    loader._resolveFilename = (request, ...rest) => OWN[request] ?? resolve(request, ...rest);
  }

  private hookTypeScript(): void {
    const loader = Module as unknown as Loader;
    loader._extensions[".ts"] = (module, path) => {
      module._compile(this.compiler.transpileFile(readFileSync(path, "utf8"), path), path);
    };
    loader._extensions[".tsx"] = loader._extensions[".ts"];
  }
}

function isImportOnly(error: unknown): boolean {
  return IMPORT_ONLY.has(String((error as NodeJS.ErrnoException | undefined)?.code));
}

/** As Node's own `require` of an ES module gives it, so that a default import finds the default export. */
function asRequired(namespace: object): object {
  return Object.defineProperty({ ...namespace }, "__esModule", { value: true });
}

function namespaceOf(exported: unknown): object {
  const isObject = (typeof exported === "object" && exported !== null) || typeof exported === "function";
  if (isObject && "__esModule" in (exported as object)) return exported as object;
  return { ...(isObject ? (exported as object) : {}), default: exported };
}
