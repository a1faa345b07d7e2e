/** A page that inspects bytes: it stands for `node` in bundles for a browser, and has no files, pictures or threads. */
import type { Platform } from "./types";

const what = (name: string | symbol): string => `a page has no ${String(name)}: read the model in the kernel`;

export const native = new Proxy({} as Platform, {
  get(_, name) {
    throw new Error(what(name));
  },
});
