import { createRequire } from "node:module";
import type * as Tfjs from "@tensorflow/tfjs-core";

const load = createRequire(__filename);
let loaded: typeof Tfjs | undefined;

/** `@tensorflow/tfjs-core`, loaded on the first operation, so that importing the library costs nothing. */
export const tf = new Proxy({} as typeof Tfjs, {
  get: (_, name) => (loaded ??= loadCore())[name as keyof typeof Tfjs],
});

/**
 * Loads the core. For Node it comes without gradients; the smallest of its packages with gradients is that of layers.
 */
function loadCore(): typeof Tfjs {
  load("@tensorflow/tfjs-layers");
  return load("@tensorflow/tfjs-core") as typeof Tfjs;
}
