import { announce } from "../display/changes";
import type { Encoder } from "./encoder";

const open = new Map<number, WeakRef<Encoder>>();
let last = 0;

/** Notes an encoder that takes memory. Returns a function that notes its end. */
export function noteOpen(encoder: Encoder): () => void {
  const id = ++last;
  open.set(id, new WeakRef(encoder));
  announce();
  return () => {
    if (open.delete(id)) announce();
  };
}

/** Returns the encoders of this process that are not disposed, by number, oldest first. */
export function openEncoders(): Map<number, Encoder> {
  const found = new Map<number, Encoder>();
  for (const [id, one] of open) {
    const encoder = one.deref();
    if (encoder) found.set(id, encoder);
    else open.delete(id);
  }
  return found;
}
