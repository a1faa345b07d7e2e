/** Messages between a page and its worker, beside those of the session. */
import type { FromSession, ToSession } from "../jupyter/ipc";

/** A file of the page; its path is absolute, or begins in the folder of the cells. */
export interface PageFile {
  path: string;
  bytes: Uint8Array;
}

/** Request of a page about files in memory: put some there, name all below a folder, or take one out. */
export type FileAction =
  { kind: "import"; files: PageFile[] } | { kind: "list"; folder: string } | { kind: "export"; paths: string[] };

/** Answers by kind of action. */
export interface FileAnswers {
  import: string[];
  list: string[];
  export: PageFile[];
}

export type ToWorker = ToSession | { type: "files"; id: number; action: FileAction };

export type FromWorker =
  | Exclude<FromSession, { type: "ready" }>
  /** The flags of interrupts come from a page that is isolated from other origins, and shares memory with its workers. */
  | { type: "ready"; flags?: Int32Array }
  /** The worker cannot start, or a cell has made it unusable. */
  | { type: "failed"; message: string }
  | { type: "files"; id: number; ok: true; answer: FileAnswers[keyof FileAnswers] }
  | { type: "files"; id: number; ok: false; message: string };

/** Files that the build writes beside the scripts: the declarations, and those that are fetched when they are first read. */
export interface Manifest {
  /** Versions of the package and of the cells' TypeScript. */
  versions: { fovea: string; typescript: string };
  /** File of declarations by path, needed by every cell, and its bytes. */
  types: { name: string; size: number };
  /** File of declarations of tfjs, read when a cell needs them, and the paths in it. */
  tfjs: { name: string; size: number; paths: string[] };
  /** Files of the package by their path in it. */
  files: { path: string; name: string; size: number }[];
}
