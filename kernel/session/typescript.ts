/**
 * tslab's compiler, adjusted. tslab fixes its compiler options and Node10 resolution inside; it reads the compiler through
 * one module object, so we put an object of our own in its place before tslab loads, with a few functions replaced.
 * Everything that knows tslab's insides is in this file.
 */
import { dirname, join } from "node:path";
import type * as TypeScript from "@tslab/typescript-for-tslab";
import type * as TslabConverter from "tslab/dist/converter";
import { requireCached } from "./code-cache";
import { adaptCell } from "./adapt";
import { GLOBAL_TYPES } from "./global-types";
import { allowOneRebuild, type TimerHost } from "./rebuilds";

export type ts = typeof TypeScript;

const TSLAB = dirname(require.resolve("tslab/package.json"));
const PACKAGE = join(__dirname, "..", "..");

/** What the last cell's emit went through: TypeScript to ES module, then ES module to CommonJS. */
export interface Emit {
  esModule: string;
  /** Source map of the second step, as JSON. */
  map: string | undefined;
  /** Top-level names that user code may assign again (`let`, `var`). */
  mutable: string[];
  /** What the cell imports statically. */
  imports: string[];
  /** A top-level `for await`, which needs an async wrapper as `await` does. */
  awaits: boolean;
}

export interface Compiler {
  ts: ts;
  tslab: typeof TslabConverter;
  /** Names that earlier cells declared; whoever accepts a cell adds to them. */
  earlier: Set<string>;
  lastEmit(): Emit | undefined;
}

/** Load TypeScript and tslab once, adjusted for a session that runs in `cwd`. */
export function loadCompiler(): Compiler {
  const path = require.resolve("@tslab/typescript-for-tslab", { paths: [TSLAB] });
  const original = requireCached(path) as ts;
  // The module's own properties are read-only getters: copy, then replace.
  const patched = { ...original } as { -readonly [K in keyof ts]: ts[K] };
  let last: Emit | undefined;
  const earlier = new Set<string>();
  patched.createWatchCompilerHost = withOptions(original) as ts["createWatchCompilerHost"];
  patched.transpileModule = (source, options) => {
    const emit: Emit = { esModule: source, map: undefined, mutable: [], imports: [], awaits: false };
    const output = original.transpileModule(source, {
      ...options,
      compilerOptions: { ...options.compilerOptions, sourceMap: true },
      transformers: {
        before: [
          (context) => (file) => {
            inspectTopLevel(original, file, emit);
            return adaptCell(original, context, file, { linked: new Set(emit.mutable), earlier });
          },
        ],
      },
    });
    emit.map = output.sourceMapText;
    last = emit;
    return { ...output, outputText: output.outputText.replace(/\n\/\/# sourceMappingURL=.*/g, "") };
  };
  ignoreWatchers(original);
  addGlobalTypes(original);
  require.cache[path]!.exports = patched;
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const tslab = require("tslab/dist/converter") as typeof TslabConverter;
  return { ts: patched, tslab, earlier, lastEmit: () => last };
}

type CreateHost = (files: string[], options: TypeScript.CompilerOptions, ...rest: unknown[]) => TimerHost;

function withOptions(original: ts): CreateHost {
  const create = original.createWatchCompilerHost as unknown as CreateHost;
  return (files, options, ...rest) => {
    const fovea = join(PACKAGE, "dist", "index.d.ts");
    Object.assign(options, {
      // Resolves packages with only an `exports` map, which Node10 resolution does not.
      moduleResolution: original.ModuleResolutionKind.Bundler,
      allowImportingTsExtensions: true,
      // What Node 20 has; tslab stops at ES2022.
      lib: ["lib.es2023.d.ts"],
      inlineSourceMap: true,
      // Our own @types/node, so that `setTimeout` has a type in any folder. Others are found when they are imported.
      typeRoots: [nodeTypesRoot(), GLOBALS_ROOT],
      types: ["node", "fovea-session"],
      paths: {
        fovea: [fovea],
        "fovea/protocol": [join(PACKAGE, "dist", "view", "protocol.d.ts")],
        "fovea/tf": [join(PACKAGE, "dist", "tf.d.ts")],
      },
    } satisfies Record<string, unknown>);
    const host = create(files, options, ...rest);
    allowOneRebuild(host);
    return host;
  };
}

/** A folder that exists only for the compiler, with the types of the globals that a session adds. */
const GLOBALS_ROOT = join(PACKAGE, "dist", "session", ".globals");
const GLOBALS_FILE = join(GLOBALS_ROOT, "fovea-session", "index.d.ts");

function addGlobalTypes({ sys }: ts): void {
  const { fileExists, readFile, directoryExists, getDirectories, realpath } = sys;
  sys.fileExists = (path) => path === GLOBALS_FILE || fileExists(path);
  sys.readFile = (path, encoding) => (path === GLOBALS_FILE ? GLOBAL_TYPES : readFile(path, encoding));
  sys.directoryExists = (path) => path === GLOBALS_ROOT || path === dirname(GLOBALS_FILE) || directoryExists(path);
  sys.getDirectories = (path) => (path === GLOBALS_ROOT ? ["fovea-session"] : getDirectories(path));
  sys.realpath = (path) => (path.startsWith(GLOBALS_ROOT) ? path : (realpath?.(path) ?? path));
}

function nodeTypesRoot(): string {
  return dirname(dirname(require.resolve("@types/node/package.json")));
}

/** Libraries do not change while a session runs; hundreds of polled files would cost for nothing. */
function ignoreWatchers(original: ts): void {
  const { sys } = original;
  const watch = sys.watchFile?.bind(sys);
  sys.watchFile = (path, ...rest) =>
    watch && !path.includes("/node_modules/") && !path.startsWith(`${PACKAGE}/`)
      ? watch(path, ...rest)
      : { close: () => undefined };
}

function inspectTopLevel(compiler: ts, file: TypeScript.SourceFile, emit: Emit): void {
  for (const statement of file.statements) {
    if (compiler.isImportDeclaration(statement) && compiler.isStringLiteral(statement.moduleSpecifier)) {
      emit.imports.push(statement.moduleSpecifier.text);
    }
    if (compiler.isVariableStatement(statement)) {
      const { declarationList } = statement;
      if (declarationList.flags & compiler.NodeFlags.Const) continue;
      for (const { name } of declarationList.declarations) collectNames(compiler, name, emit.mutable);
    }
  }
  emit.awaits = hasTopLevelForAwait(compiler, file);
}

function collectNames(compiler: ts, name: TypeScript.BindingName, names: string[]): void {
  if (compiler.isIdentifier(name)) {
    names.push(name.text);
    return;
  }
  for (const element of name.elements) {
    if (!compiler.isOmittedExpression(element)) collectNames(compiler, element.name, names);
  }
}

function hasTopLevelForAwait(compiler: ts, node: TypeScript.Node): boolean {
  return (
    compiler.forEachChild(node, (child): boolean | undefined => {
      if (compiler.isForOfStatement(child) && child.awaitModifier) return true;
      if (compiler.isFunctionLike(child) || compiler.isClassLike(child)) return undefined;
      return hasTopLevelForAwait(compiler, child) || undefined;
    }) ?? false
  );
}
