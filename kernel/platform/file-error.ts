import { RuleError } from "../rules/rule-error";

/** Codes of a disk that has no room for what is written. */
const FULL = ["ENOSPC", "EDQUOT", "EFBIG"];
/** Codes of a place that cannot be written. */
const CLOSED = ["EACCES", "EPERM", "EROFS", "EIO", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"];

/** Code of a file whose folder is missing. */
const MISSING = "ENOENT";

/** A file or folder that could not be written: the disk is full, its folder is missing, or the place is read-only or holds something else. */
export class FileError extends RuleError {
  override name = "FileError";

  constructor(
    where: string,
    /** Code of the system, as `EROFS`. */
    readonly code: string,
    readonly path: string,
  ) {
    super(where, `${ruleOf(code)} (${code})`, path);
  }

  /** True where the disk is full, so that the same call succeeds once there is room. */
  get isFull(): boolean {
    return FULL.includes(this.code);
  }
}

function ruleOf(code: string): string {
  if (FULL.includes(code)) return "the disk must have room for what is written";
  return code === MISSING ? "the folder of the file must exist" : "the place must be one that can be written";
}

/** Returns the error that says in words why a place could not be written, or the same error where it is another matter. */
export function fileError(where: string, error: unknown, path: string): unknown {
  const { code } = Object(error) as { code?: unknown };
  const isDisk = typeof code === "string" && (FULL.includes(code) || CLOSED.includes(code));
  return isDisk && !(error instanceof FileError) ? new FileError(where, code, path) : error;
}
