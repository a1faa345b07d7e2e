import type * as Tfjs from "@tensorflow/tfjs-core";
import { offerDevices } from "./first-use";
import { loadCore } from "./node";

let loaded: typeof Tfjs | undefined;

function load(): typeof Tfjs {
  const core = loadCore() as typeof Tfjs;
  offerDevices(core);
  return core;
}

/** `@tensorflow/tfjs-core`, loaded on the first operation, so that importing the library costs nothing. */
export const tf = new Proxy({} as typeof Tfjs, {
  get: (_, name) => (loaded ??= load())[name as keyof typeof Tfjs],
});
