/** Modules of cells in a page: the library, local files in memory, and ES modules by their URL. */
import { platform } from "../../platform";
import { existsSync, readFileSync, statSync } from "../../platform/files";
import { dirname, join, resolve } from "../../platform/path";
import type { CellCompiler } from "../compile/cells";
import type { CellMeta } from "../node";
import { shownByValue } from "../run/module-view";
import { promised, until, type Steps } from "../run/steps";

const offered = new Map<string, Promise<object> | (() => Promise<object>)>();
/** Modules that are there, by specifier. */
const loaded = new Map<string, object>();

/** Names a module that cells may import; it is loaded when a cell first does. */
export function offerModule(specifier: string, load: () => Promise<object>): void {
  offered.set(specifier, load);
}

/** Starts to load an offered module. */
export function loadOffered(specifier: string): Promise<object> {
  const offer = offered.get(specifier);
  if (typeof offer !== "function") return offer ?? Promise.reject(new Error(`no module ${specifier} is offered`));
  const loading = offer().then((module) => {
    loaded.set(specifier, module);
    return module;
  });
  offered.set(specifier, loading);
  // A host that did not answer may do so later.
  loading.catch(() => offered.set(specifier, offer));
  return loading;
}

const wholes = new Map<string, () => Promise<object>>();

/** Offers the whole of a module of which {@link offerModule} has the part that most cells need. */
export function offerWhole(specifier: string, load: () => Promise<object>): void {
  wholes.set(specifier, load);
}

/** Loads the whole of a module where code takes something out of it that the part has not, or more than single names. */
async function loadRest(specifier: string, code: string): Promise<void> {
  const load = wholes.get(specifier);
  if (!load || takesOnly(code, specifier, loaded.get(specifier) ?? {})) return;
  loaded.set(specifier, await load());
  wholes.delete(specifier);
}

/** Tests that compiled code takes nothing out of a module but what a part of it has, name by name. */
function takesOnly(code: string, specifier: string, part: object): boolean {
  const uses = code.split(JSON.stringify(specifier)).slice(1);
  return uses.length > 0 && uses.every((after) => Object.hasOwn(part, /^\)\["(\w+)"\]/.exec(after)?.[1] ?? ""));
}

/** Rooms of the library that compute with tfjs, in compiled code that takes them out of it. */
const TRAINS = /\$require\("fovea"\)\["(?:nn|train|lora|vce|models|tasks|sak|grounding|refine|studies)"\]|"fovea\/tf"/;
const ENDINGS = ["", ".ts", ".tsx", ".js", ".json", "/index.ts", "/index.js"];

interface LocalModule {
  exports: object;
}

/** Modules of a session's cells. */
export class CellModules {
  readonly place: string;
  readonly meta: CellMeta;
  /** Function `require` of cells. */
  readonly require: NodeJS.Require;
  private readonly local = new Map<string, LocalModule>();
  /** ES modules by URL, once a cell imported them. */
  private readonly remote = new Map<string, object>();

  constructor(
    readonly folder: string,
    private readonly compiler: CellCompiler,
  ) {
    this.place = join(folder, "cell.ts");
    const { path } = platform();
    this.meta = {
      url: path.toUrl(this.place),
      filename: this.place,
      dirname: folder,
      resolve: (specifier) => path.toUrl(resolve(folder, specifier)),
    };
    this.require = ((specifier: string) => this.load(specifier, folder)) as NodeJS.Require;
  }

  /** Loads what must be there before a cell runs: modules by URL, and the device of training. */
  *prepare(specifiers: readonly string[], code = ""): Steps<void> {
    for (const specifier of specifiers) {
      if (isUrl(specifier) && !this.remote.has(specifier))
        this.remote.set(specifier, yield* until(import(specifier) as Promise<object>));
      // A local file may import any of the offered ones.
      const needed = isLocalPath(specifier) ? [...offered.keys()] : offered.has(specifier) ? [specifier] : [];
      for (const each of needed) {
        yield* until(loadOffered(each));
        yield* until(loadRest(each, isLocalPath(specifier) ? "" : code));
      }
      this.load(specifier, this.folder);
    }
    if (TRAINS.test(code) || specifiers.includes("fovea/tf")) yield* until(startTraining());
  }

  /** Function `import()` of cells. */
  async import(specifier: string): Promise<object> {
    await promised(this.prepare([specifier]));
    return this.namespace(specifier);
  }

  /** Returns a module as ES modules see it. */
  namespace(specifier: string): object {
    const module = this.load(specifier, this.folder);
    return "__esModule" in module || isUrl(specifier) || offered.has(specifier)
      ? shownByValue(module)
      : Object.assign({ default: module }, module);
  }

  /** Reads all local files anew after one of them changed. */
  forgetLocal(): void {
    this.local.clear();
  }

  private load(specifier: string, from: string): object {
    const known = loaded.get(specifier) ?? this.remote.get(specifier);
    if (known) return known;
    if (!isLocalPath(specifier))
      throw new Error(
        `Cannot find module '${specifier}': in a browser cells import fovea, files of this page and modules by URL`,
      );
    const path = ENDINGS.map((ending) => resolve(from, specifier + ending)).find(isFile) ?? missing(specifier);
    return (this.local.get(path) ?? this.run(path)).exports;
  }

  private run(path: string): LocalModule {
    const module: LocalModule = { exports: {} };
    this.local.set(path, module);
    const text = readFileSync(path, "utf8");
    if (path.endsWith(".json")) {
      module.exports = JSON.parse(text) as object;
      return module;
    }
    const code = this.compiler.transpileFile(text, path);
    const folder = dirname(path);
    const body = platform().evaluate(`(function (exports, module, require, __dirname, __filename) {${code}\n})`, {
      name: path,
    }) as (...values: unknown[]) => void;
    try {
      body(module.exports, module, (specifier: string) => this.load(specifier, folder), folder, path);
    } catch (error) {
      this.local.delete(path);
      throw error;
    }
    return module;
  }
}

/** Starts a device before a cell computes, since WebAssembly is not there at once. */
async function startTraining(): Promise<void> {
  const { startTfjs, trainingDevice } = await import("../../backend/tfjs");
  if (trainingDevice() === null) await startTfjs();
}

const isLocalPath = (specifier: string): boolean => /^\.{0,2}\//.test(specifier);
const isUrl = (specifier: string): boolean => /^(?:https?|data|blob):/.test(specifier);
const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

function missing(specifier: string): never {
  throw new Error(`Cannot find module '${specifier}': there is no such file in this page`);
}
