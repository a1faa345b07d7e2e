import { native } from "./node";
import type { Digest, Platform } from "./types";

let current: Platform = native;

/** The machine that the library runs on: Node's, until another is installed. */
export function platform(): Platform {
  return current;
}

/** Puts another machine in place. Returns the one that was there. */
export function installPlatform(next: Platform): Platform {
  const before = current;
  current = next;
  return before;
}

/** A SHA-256 that is fed in pieces. */
export const sha256 = (): Digest => current.digest("sha256");

/** The SHA-256 of a text or of bytes, in hexadecimal. */
export const sha256Of = (content: string | ArrayBufferView): string => sha256().update(content).digest("hex");
