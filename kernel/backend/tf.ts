import { createRequire } from "node:module";
import type * as Tfjs from "@tensorflow/tfjs-core";

const load = createRequire(__filename);
let loaded: typeof Tfjs | undefined;

/** `@tensorflow/tfjs-core`, loaded when the first operation is called: importing the library costs nothing of it. */
export const tf = new Proxy({} as typeof Tfjs, {
  get: (_, name) => (loaded ??= loadCore())[name as keyof typeof Tfjs],
});

/** For Node the core comes without gradients; of its packages, the smallest that brings them is the one of layers. */
function loadCore(): typeof Tfjs {
  load("@tensorflow/tfjs-layers");
  return load("@tensorflow/tfjs-core") as typeof Tfjs;
}
