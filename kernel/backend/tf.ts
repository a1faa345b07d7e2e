import type * as Tfjs from "@tensorflow/tfjs-core";
import { loadCore } from "./node";
import { printTensors } from "./print-tensor";

let loaded: typeof Tfjs | undefined;

/** `@tensorflow/tfjs-core`, loaded on the first operation, so that importing the library costs nothing. */
export const tf = new Proxy({} as typeof Tfjs, {
  get: (_, name) => (loaded ??= printTensors(loadCore()))[name as keyof typeof Tfjs],
});
