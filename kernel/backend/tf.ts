import type * as Tfjs from "@tensorflow/tfjs-core";
import { loadCore } from "./node";

let loaded: typeof Tfjs | undefined;

/** `@tensorflow/tfjs-core`, loaded on the first operation, so that importing the library costs nothing. */
export const tf = new Proxy({} as typeof Tfjs, {
  get: (_, name) => (loaded ??= loadCore())[name as keyof typeof Tfjs],
});
