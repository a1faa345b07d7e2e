/** Files of a page: in memory, and gone with it unless they are exported. Files of a mount are fetched when they are first read. */
import type { FileHandle, Files, FolderEntry, OpenFlag, WriteFileOptions } from "../types";
import { paths } from "./paths";
import { Folder, Link, MemoryFile, statsOf, systemError, Tree } from "./tree";

/** Bytes that files may hold together: more would end the page instead of the cell. */
const ROOM = 2 ** 31;
const CHUNK = 1 << 16;

export class MemoryFiles {
  private readonly tree = new Tree();
  private readonly handles = new Map<number, MemoryFile>();
  private lastHandle = 2;
  private written = 0;

  constructor(private readonly room = ROOM) {}

  /** Puts a file that is read when it is first opened. */
  mount(path: string, size: number, load: () => Uint8Array<ArrayBuffer>): void {
    this.makeFolder(paths.dirname(path));
    const { folder, name } = this.tree.place(path, "mount");
    folder.entries.set(name, new MemoryFile({ size, load }));
  }

  /** Paths of all files below a folder, links left out. */
  list(folder: string): string[] {
    return [...this.tree.folder(folder, "scandir").entries].flatMap(([name, entry]) => {
      const path = paths.join(folder, name);
      return entry instanceof Folder ? this.list(path) : entry instanceof MemoryFile ? [path] : [];
    });
  }

  makeFolder(path: string): string | undefined {
    const found = this.tree.find(path, "mkdir");
    if (found instanceof Folder) return undefined;
    if (found) throw systemError("EEXIST", "mkdir", path);
    const first = this.makeFolder(paths.dirname(paths.resolve(path)));
    const { folder, name } = this.tree.place(path, "mkdir");
    folder.entries.set(name, new Folder());
    return first ?? path;
  }

  bytesOf(path: string): Uint8Array<ArrayBuffer> {
    return this.tree.file(path, "open").bytes;
  }

  write(path: string, content: string | Uint8Array, flag: "w" | "wx" = "w"): void {
    const file = this.opened(path, flag);
    this.put(file, bytesOf(content), 0, path);
  }

  append(path: string, content: string | Uint8Array): void {
    const file = this.tree.find(path, "open") ? this.tree.file(path, "open") : this.opened(path, "w");
    this.put(file, bytesOf(content), file.size, path);
  }

  open(path: string, flag: OpenFlag): number {
    this.handles.set(++this.lastHandle, this.opened(path, flag));
    return this.lastHandle;
  }

  close(handle: number): void {
    this.handles.delete(handle);
  }

  fileOf(handle: number): MemoryFile {
    const file = this.handles.get(handle);
    if (!file) throw systemError("EBADF", "read", String(handle));
    return file;
  }

  put(file: MemoryFile, content: Uint8Array, position: number, path: string): void {
    this.grow(position + content.length - file.size, path);
    file.write(content, position);
  }

  truncate(file: MemoryFile, length: number, path: string): void {
    this.grow(length - file.size, path);
    if (length < file.size) this.written -= file.size - length;
    file.resize(length);
  }

  private grow(by: number, path: string): void {
    if (by <= 0) return;
    if (this.written + by > this.room) throw systemError("ENOSPC", "write", path);
    this.written += by;
  }

  private opened(path: string, flag: OpenFlag): MemoryFile {
    const found = this.tree.find(path, "open");
    if (found instanceof Folder && flag !== "r") throw systemError("EISDIR", "open", path);
    if (flag === "r" || flag === "r+") return this.tree.file(path, "open");
    if (found && flag === "wx") throw systemError("EEXIST", "open", path);
    if (found instanceof MemoryFile) {
      this.truncate(found, 0, path);
      return found;
    }
    const { folder, name } = this.tree.place(path, "open");
    const file = new MemoryFile(new Uint8Array(0));
    folder.entries.set(name, file);
    return file;
  }

  rename(from: string, to: string): void {
    const source = this.tree.place(from, "rename");
    const moved = source.folder.entries.get(source.name);
    if (!moved) throw systemError("ENOENT", "rename", from);
    const target = this.tree.place(to, "rename");
    const replaced = target.folder.entries.get(target.name);
    if (replaced === moved) return;
    if (replaced instanceof Folder && !(moved instanceof Folder)) throw systemError("EISDIR", "rename", to);
    if (replaced instanceof Folder && replaced.entries.size > 0) throw systemError("ENOTEMPTY", "rename", to);
    if (`${paths.resolve(to)}/`.startsWith(`${paths.resolve(from)}/`)) throw systemError("EINVAL", "rename", to);
    if (replaced instanceof MemoryFile) this.written -= replaced.size;
    source.folder.entries.delete(source.name);
    target.folder.entries.set(target.name, moved);
  }

  remove(path: string, { recursive = false, force = false }: { recursive?: boolean; force?: boolean } = {}): void {
    if (!this.tree.find(paths.dirname(paths.resolve(path)), "rm")) {
      if (force) return;
      throw systemError("ENOENT", "rm", path);
    }
    const { folder, name } = this.tree.place(path, "rm");
    const entry = folder.entries.get(name);
    if (!entry && !force) throw systemError("ENOENT", "rm", path);
    if (entry instanceof Folder && !recursive) throw systemError("EISDIR", "rm", path);
    folder.entries.delete(name);
    if (entry) this.written -= sizeOf(entry);
  }

  removeFolder(path: string): void {
    if (this.tree.folder(path, "rmdir").entries.size > 0) throw systemError("ENOTEMPTY", "rmdir", path);
    this.remove(path, { recursive: true });
  }

  link(target: string, path: string): void {
    const { folder, name } = this.tree.place(path, "symlink");
    if (folder.entries.has(name)) throw systemError("EEXIST", "symlink", path);
    folder.entries.set(name, new Link(target));
  }

  exists(path: string): boolean {
    return this.tree.find(path, "access") !== undefined;
  }

  stats(path: string): ReturnType<typeof statsOf> {
    return statsOf(this.tree.get(path, "stat"));
  }

  real(path: string): string {
    return this.tree.real(path);
  }

  names(path: string): string[] {
    return [...this.tree.folder(path, "scandir").entries.keys()].sort();
  }

  entries(path: string): FolderEntry[] {
    const { entries } = this.tree.folder(path, "scandir");
    return this.names(path).map((name) => ({ name, isDirectory: () => entries.get(name) instanceof Folder }));
  }

  /** Names below a folder, at any depth. */
  namesBelow(path: string, prefix = ""): string[] {
    return this.entries(path).flatMap(({ name, isDirectory }) => {
      const own = prefix + name;
      return isDirectory() ? [own, ...this.namesBelow(paths.join(path, name), `${own}/`)] : [own];
    });
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? encoder.encode(content) : content;

function sizeOf(entry: MemoryFile | Folder | Link): number {
  if (entry instanceof MemoryFile) return entry.size;
  return entry instanceof Folder ? [...entry.entries.values()].reduce((sum, each) => sum + sizeOf(each), 0) : 0;
}

/** The files in memory by the names, arguments and error codes of Node. */
export function filesOf(memory: MemoryFiles): Files {
  const read = (path: string, encoding?: "utf8"): Uint8Array | string =>
    encoding ? decoder.decode(memory.bytesOf(path)) : memory.bytesOf(path).slice();
  const statSync = (path: string, options?: { throwIfNoEntry: false }): unknown =>
    options?.throwIfNoEntry === false && !memory.exists(path) ? undefined : memory.stats(path);
  const readdir = (path: string, options: { recursive?: boolean; withFileTypes?: boolean } = {}): unknown =>
    options.withFileTypes ? memory.entries(path) : options.recursive ? memory.namesBelow(path) : memory.names(path);
  return {
    access: async (path: string) => void memory.stats(path),
    appendFile: async (path: string, content: string | Uint8Array) => memory.append(path, content),
    chunks: (path: string) => chunksOf(memory.bytesOf(path)),
    copyFile: async (from: string, to: string) => memory.write(to, memory.bytesOf(from).slice()),
    mkdir: async (path: string) => memory.makeFolder(path),
    open: async (path: string, flag: OpenFlag) => handleOf(memory, memory.open(path, flag), path),
    readFile: async (path: string, encoding?: "utf8") => read(path, encoding),
    readPlainFile: async (path: string) => read(path),
    readdir: async (path: string, options?: object) => readdir(path, options),
    rename: async (from: string, to: string) => memory.rename(from, to),
    rm: async (path: string, options?: object) => memory.remove(path, options),
    rmdir: async (path: string) => memory.removeFolder(path),
    stat: async (path: string) => memory.stats(path),
    symlink: async (target: string, path: string) => memory.link(target, path),
    truncate: async (path: string, length: number) => {
      const handle = memory.open(path, "r+");
      memory.truncate(memory.fileOf(handle), length, path);
      memory.close(handle);
    },
    writeFile: async (path: string, content: string | Uint8Array, options?: WriteFileOptions) =>
      memory.write(path, content, options?.flag),
    closeSync: (handle: number) => memory.close(handle),
    existsSync: (path: string) => memory.exists(path),
    fstatSync: (handle: number) => statsOf(memory.fileOf(handle)),
    openSync: (path: string, flag: OpenFlag) => memory.open(path, flag),
    readFileSync: read,
    readSync: (handle: number, into: Uint8Array, offset: number, length: number, position: number) =>
      readInto(memory.fileOf(handle).bytes, into, offset, length, position),
    readdirSync: (path: string) => memory.names(path),
    realpathSync: (path: string) => memory.real(path),
    renameSync: (from: string, to: string) => memory.rename(from, to),
    rmSync: (path: string, options?: object) => memory.remove(path, options),
    statSync,
    writeFileSync: (path: string, content: string | Uint8Array) => memory.write(path, content),
  } as Files;
}

function readInto(bytes: Uint8Array, into: Uint8Array, offset: number, length: number, position: number): number {
  const part = bytes.subarray(position, position + length);
  into.set(part, offset);
  return part.length;
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.slice(at, at + CHUNK);
}

function handleOf(memory: MemoryFiles, handle: number, path: string): FileHandle {
  const file = memory.fileOf(handle);
  let end = 0;
  return {
    read: async (into, offset, length, position) => ({
      bytesRead: readInto(file.bytes, into, offset, length, position),
    }),
    write: async (from, offset, length, position) => {
      memory.put(file, from.subarray(offset, offset + length), position, path);
      return { bytesWritten: length };
    },
    writeFile: async (content) => {
      memory.put(file, content, end, path);
      end += content.length;
    },
    stat: async () => statsOf(file),
    truncate: async (length) => memory.truncate(file, length, path),
    sync: async () => undefined,
    close: async () => memory.close(handle),
  };
}
