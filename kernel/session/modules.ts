/** `require` for cells: `fovea` itself from any folder, and local TypeScript files. */
import { readFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { join } from "node:path";
import type { CellCompiler } from "./cells";

const PACKAGE = join(__dirname, "..", "..");
const OWN: Record<string, string> = {
  fovea: join(PACKAGE, "dist", "index.js"),
  "fovea/protocol": join(PACKAGE, "dist", "view", "protocol.js"),
  "fovea/package.json": join(PACKAGE, "package.json"),
};

// The boundary to Node's CommonJS loader, which has no public types for its hooks.
interface Loader {
  _resolveFilename(request: string, ...rest: unknown[]): string;
  _extensions: Record<string, (module: Module & { _compile(code: string, path: string): void }, path: string) => void>;
}

export class CellModules {
  readonly require: NodeJS.Require;

  constructor(
    cwd: string,
    private readonly compiler: CellCompiler,
  ) {
    this.hookResolution();
    this.hookTypeScript();
    this.require = createRequire(join(cwd, "cell.ts"));
  }

  /** Local files changed on disk: load all local TypeScript again, as an importer may hold an old copy of another. */
  forgetLocal(): void {
    for (const path of Object.keys(this.require.cache)) {
      if (isTypeScript(path)) delete this.require.cache[path];
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

function isTypeScript(path: string): boolean {
  return /\.tsx?$/.test(path);
}
