/** The functions of `node:fs` and `node:path` that notebooks use, on the files in memory. */
import { platform } from "../platform";
import { memory } from "../platform/browser";
import { paths } from "../platform/browser/paths";
import { offerModule } from "../session/browser/modules";
import { GLOBAL_TYPES_FOLDER } from "../session/browser/typescript";

/** Declarations of the modules below, as the compiler sees them. */
const FILE_MODULE_TYPES = `
interface FoveaFileStats { readonly size: number; readonly mtimeMs: number; isFile(): boolean; isDirectory(): boolean }
declare module "node:fs" {
  export function existsSync(path: string): boolean;
  export function mkdirSync(path: string, options?: { recursive?: boolean }): string | undefined;
  export function readFileSync(path: string): Uint8Array<ArrayBuffer>;
  export function readFileSync(path: string, encoding: "utf8" | "utf-8"): string;
  export function readdirSync(path: string): string[];
  export function rmSync(path: string, options?: { recursive?: boolean; force?: boolean }): void;
  export function statSync(path: string): FoveaFileStats;
  export function writeFileSync(path: string, content: string | Uint8Array): void;
}
declare module "node:path" {
  export const sep: string;
  export function basename(path: string, suffix?: string): string;
  export function dirname(path: string): string;
  export function join(...parts: string[]): string;
  export function relative(from: string, to: string): string;
  export function resolve(...parts: string[]): string;
}
`;

/** Offers the modules to cells, with their declarations. */
export function offerFileModules(): void {
  const types = new TextEncoder().encode(FILE_MODULE_TYPES);
  memory.mount(`${GLOBAL_TYPES_FOLDER}/files/index.d.ts`, types.length, () => types);
  const { existsSync, readdirSync, statSync, writeFileSync, readFileSync } = platform().files;
  const files = {
    existsSync,
    readdirSync,
    statSync: (path: string) => statSync(path),
    writeFileSync,
    mkdirSync: (path: string) => memory.makeFolder(path),
    readFileSync: (path: string, encoding?: string) => (encoding ? readFileSync(path, "utf8") : readFileSync(path)),
    rmSync: (path: string, options?: { recursive?: boolean; force?: boolean }) => memory.remove(path, options),
  };
  const { sep, basename, dirname, join, relative, resolve } = paths;
  offerModule("node:fs", async () => files);
  offerModule("node:path", async () => ({ sep, basename, dirname, join, relative, resolve }));
}
