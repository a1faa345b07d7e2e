/** Folders and files in memory. Errors carry the codes of Node. */
import { partsOf, paths } from "./paths";
import type { FileStats, SystemError } from "../types";

/** A file; one of a mount is read when it is first opened. */
export class MemoryFile {
  private content: Uint8Array<ArrayBuffer>;
  private load: (() => Uint8Array<ArrayBuffer>) | undefined;
  private length: number;
  mtimeMs = Date.now();

  /** @param content the bytes, or their number with a function that reads them */
  constructor(content: Uint8Array<ArrayBuffer> | { size: number; load: () => Uint8Array<ArrayBuffer> }) {
    const isThere = content instanceof Uint8Array;
    this.content = isThere ? content : new Uint8Array(0);
    this.length = isThere ? content.length : content.size;
    this.load = isThere ? undefined : content.load;
  }

  get size(): number {
    return this.length;
  }

  /** The bytes themselves, not a copy. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.load) {
      this.content = this.load();
      this.length = this.content.length;
      this.load = undefined;
    }
    return this.content.subarray(0, this.length);
  }

  /** Cuts or extends the file with zeros. Room doubles, so that appending a byte at a time takes time in proportion to the bytes. */
  resize(length: number): void {
    const { bytes } = this;
    if (length > this.content.length) {
      this.content = new Uint8Array(Math.max(length, 2 * bytes.length));
      this.content.set(bytes);
    } else this.content.fill(0, length, Math.max(length, this.length));
    this.length = length;
    this.mtimeMs = Date.now();
  }

  write(from: Uint8Array, position: number): void {
    if (position + from.length > this.size) this.resize(position + from.length);
    this.bytes.set(from, position);
    this.mtimeMs = Date.now();
  }
}

export class Folder {
  readonly entries = new Map<string, Entry>();
  readonly mtimeMs = Date.now();
}

export class Link {
  constructor(readonly target: string) {}
}

export type Entry = MemoryFile | Folder | Link;

/** Links that are followed in one path before it counts as a circle. */
const MOST_LINKS = 40;

export function systemError(code: string, syscall: string, path: string): SystemError {
  return Object.assign(new Error(`${code}: ${WORDS[code] ?? "failed"}, ${syscall} '${path}'`), { code, syscall, path });
}

const WORDS: Record<string, string> = {
  ENOENT: "no such file or directory",
  EEXIST: "file already exists",
  ENOTDIR: "not a directory",
  EISDIR: "illegal operation on a directory",
  ENOTEMPTY: "directory not empty",
  ENOSPC: "no space left on device",
  EBADF: "bad file descriptor",
  ELOOP: "too many symbolic links encountered",
};

export class Tree {
  readonly root = new Folder();

  /** The entry at a path, links followed; `undefined` where there is none. */
  find(path: string, syscall: string): Entry | undefined {
    return this.walk(path, syscall)?.entry;
  }

  /** The entry at a path, links followed, which must be there. */
  get(path: string, syscall: string): MemoryFile | Folder {
    const entry = this.find(path, syscall);
    if (!entry) throw systemError("ENOENT", syscall, path);
    return entry as MemoryFile | Folder;
  }

  file(path: string, syscall: string): MemoryFile {
    const entry = this.get(path, syscall);
    if (entry instanceof Folder) throw systemError("EISDIR", syscall, path);
    return entry;
  }

  folder(path: string, syscall: string): Folder {
    const entry = this.get(path, syscall);
    if (!(entry instanceof Folder)) throw systemError("ENOTDIR", syscall, path);
    return entry;
  }

  /** The folder that holds a path's last name, and that name. */
  place(path: string, syscall: string): { folder: Folder; name: string } {
    const absolute = paths.resolve(path);
    return { folder: this.folder(paths.dirname(absolute), syscall), name: paths.basename(absolute) };
  }

  /** The path without links. */
  real(path: string): string {
    const found = this.walk(path, "realpath");
    if (!found) throw systemError("ENOENT", "realpath", path);
    return found.path;
  }

  private walk(path: string, syscall: string, links = 0): { entry: Entry; path: string } | undefined {
    if (links > MOST_LINKS) throw systemError("ELOOP", syscall, path);
    const parts = partsOf(paths.resolve(path));
    let [entry, at]: [Entry, string] = [this.root, ""];
    for (const [i, part] of parts.entries()) {
      if (!(entry instanceof Folder)) return undefined;
      const next = entry.entries.get(part);
      if (!next) return undefined;
      if (next instanceof Link) {
        const rest = parts.slice(i + 1).join("/");
        return this.walk(paths.join(paths.resolve(at || "/", next.target), rest), syscall, links + 1);
      }
      [entry, at] = [next, `${at}/${part}`];
    }
    return { entry, path: at || "/" };
  }
}

/** Facts about an entry. */
export const statsOf = (entry: MemoryFile | Folder): FileStats => ({
  size: entry instanceof MemoryFile ? entry.size : 0,
  mtimeMs: entry.mtimeMs,
  isFile: () => entry instanceof MemoryFile,
  isDirectory: () => entry instanceof Folder,
});
