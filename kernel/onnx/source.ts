import { closeSync, fstatSync, openSync, readSync } from "../platform/files";
import { OnnxError } from "./errors";
import type { SystemError } from "../platform/types";

/** Random access to the bytes of a model without loading all of it. */
export interface ByteSource {
  readonly size: number;
  /** Path of the file; null for a model in memory. */
  readonly path: string | null;
  /**
   * Returns bytes `[start, start + length)`; the caller checks the bounds. The result may be a view: do not keep or
   * write to it.
   */
  view(start: number, length: number): Uint8Array;
  close(): void;
}

const WINDOW = 1 << 14;

/**
 * File read through one small window. Initialisers are skipped by moving the position, so a 345 MB model costs as many
 * reads as it has tensors.
 */
class FileSource implements ByteSource {
  private window = new Uint8Array(0);
  private start = 0;

  constructor(
    readonly path: string,
    private readonly fn: string,
    private readonly handle: number,
    readonly size: number,
  ) {}

  view(start: number, length: number): Uint8Array {
    const offset = start - this.start;
    if (offset >= 0 && offset + length <= this.window.length) return this.window.subarray(offset, offset + length);
    const bytes = new Uint8Array(Math.min(Math.max(length, WINDOW), this.size - start));
    this.fill(bytes, start);
    if (bytes.length <= WINDOW) [this.window, this.start] = [bytes, start];
    return bytes.subarray(0, length);
  }

  private fill(bytes: Uint8Array, start: number): void {
    for (let done = 0; done < bytes.length;) {
      const count = readSync(this.handle, bytes, done, bytes.length - done, start + done);
      if (count === 0) throw new OnnxError(this.fn, "the file became shorter while it was read", this.path);
      done += count;
    }
  }

  close(): void {
    closeSync(this.handle);
  }
}

/**
 * Opens a model file, or wraps bytes in memory; another source is returned as it is.
 *
 * @throws OnnxError when the file does not exist
 */
export function openSource(model: string | Uint8Array | ByteSource, fn: string): ByteSource {
  if (typeof model === "object" && model !== null && "view" in model) return model;
  if (typeof model !== "string") {
    if (!(model instanceof Uint8Array))
      throw new OnnxError(fn, "the model must be a file, its bytes or a source of them", model);
    return {
      size: model.length,
      path: null,
      view: (start, length) => model.subarray(start, start + length),
      close() {},
    };
  }
  let handle: number;
  try {
    handle = openSync(model, "r");
  } catch (error) {
    throw new OnnxError(fn, `the model file cannot be opened (${(error as SystemError).code})`, model);
  }
  const stat = fstatSync(handle);
  if (stat.isFile()) return new FileSource(model, fn, handle, stat.size);
  closeSync(handle);
  throw new OnnxError(fn, "the model must be a file", model);
}
