/** A session in a worker: bundled modules, no interrupts from outside. Stands for `kernel/session/node`. */
import * as typescript from "typescript";
import type { CellCompiler } from "../../kernel/session/compile/cells.ts";
import type { Steps } from "../../kernel/session/run/steps.ts";
import { memory } from "./memory-platform.ts";

/** Modules that cells may import. */
export const bundled = new Map<string, object>();

/** Compiler's system of files, in memory. */
const sys: Partial<typescript.System> = {
  useCaseSensitiveFileNames: true,
  newLine: "\n",
  args: [],
  fileExists: (path) => memory.has(path),
  readFile: (path) => memory.get(path),
  directoryExists: (path) => [...memory.keys()].some((file) => file.startsWith(`${path}/`)),
  getDirectories: () => [],
  readDirectory: () => [],
  realpath: (path) => path,
  resolvePath: (path) => path,
  getCurrentDirectory: () => "/work",
  getExecutingFilePath: () => "/lib/typescript.js",
};

export function loadTypeScript(): typeof typescript {
  (typescript as unknown as { setSys(system: unknown): void }).setSys(sys);
  return typescript;
}

export const hostTypes = (): typescript.CompilerOptions => ({
  lib: ["lib.es2022.d.ts", "lib.webworker.d.ts"],
  typeRoots: [],
  types: [],
});

export class CellModules {
  readonly place = "/work/cell.ts";
  readonly meta = { url: "file:///work/cell.ts" };

  constructor(
    readonly folder: string,
    readonly compiler: CellCompiler,
  ) {}

  readonly require = (specifier: string): object => {
    const module = bundled.get(specifier);
    if (!module) throw new Error(`no module ${specifier} on this machine`);
    return module;
  };

  *prepare(specifiers: readonly string[]): Steps<void> {
    specifiers.forEach(this.require);
  }

  async import(specifier: string): Promise<object> {
    return this.require(specifier);
  }

  namespace(specifier: string): object {
    return this.require(specifier);
  }

  forgetLocal(): void {}
}

export const interruptFlags = new Int32Array(4);
export const timerModules: readonly object[] = [];
export const asyncDepth = (): number => 0;
export function unwindAsync(): void {}
export function shutGate(): void {}
export function openGate(): void {}
export function openGateOfScript(): void {}
export const unbroken = <T>(body: () => T): T => body();
export function lowerFlag(): void {}
export function interruptAnswered(): void {}
export function raiseFlag(): void {}
export const onTurn = (body: () => void): void => void setTimeout(body);
export const platformObjects = (): object[] => [];
export function installColors(): void {}
export function installStdin(): void {}
export const readAnswer = (): string | null => null;
export function tidyInspection(): void {}

export async function runShell(): Promise<never> {
  throw new Error("this machine has no shell");
}

export function captureStreams(write: (name: "stdout" | "stderr", text: string) => void): void {
  console.log = (...values: unknown[]) => write("stdout", `${values.map(String).join(" ")}\n`);
}
