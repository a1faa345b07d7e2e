import { RuleError } from "../rules/rule-error";

/** Codes of a disk that has no room for what is written. */
const FULL = ["ENOSPC", "EDQUOT", "EFBIG"];
/** Codes of a place that cannot be written. */
const CLOSED = ["EACCES", "EPERM", "EROFS", "EIO", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"];

/** A file or folder that could not be written: the disk is full, or the place is read-only or holds something else. */
export class FileError extends RuleError {
  override name = "FileError";

  constructor(
    where: string,
    /** Code of the system, as `EROFS`. */
    readonly code: string,
    readonly path: string,
  ) {
    super(where, `${FULL.includes(code) ? FULL_RULE : "the place must be one that can be written"} (${code})`, path);
  }

  /** True where the disk is full, so that the same call succeeds once there is room. */
  get isFull(): boolean {
    return FULL.includes(this.code);
  }
}

const FULL_RULE = "the disk must have room for what is written";

/** Returns the error that says in words why a place could not be written, or the same error where it is another matter. */
export function fileError(where: string, error: unknown, path: string): unknown {
  const { code } = Object(error) as { code?: unknown };
  const isDisk = typeof code === "string" && (FULL.includes(code) || CLOSED.includes(code));
  return isDisk && !(error instanceof FileError) ? new FileError(where, code, path) : error;
}
