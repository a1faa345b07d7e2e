/** tfjs in a page: WebAssembly, and plain JavaScript where that is chosen. */
import { BASE, runScriptNow } from "../../platform/browser/remote";
import { DeviceError } from "../types";

/** The script's exports; its sources are in `tfjs.ts`. */
interface Tfjs {
  core: object & { env(): { set(flag: string, value: boolean): void } };
  MathBackendCPU: new () => object;
  setWasmPaths(prefix: string): void;
}

let loaded: Tfjs | undefined;

const tfjs = (): Tfjs => (loaded ??= load());

function load(): Tfjs {
  try {
    return runScriptNow<Tfjs>("tfjs.js", "foveaTfjs");
  } catch (error) {
    throw new DeviceError("nn.start", "tfjs must be loaded from the page's host", error);
  }
}

export const loadCore = (): object => tfjs().core;
export const loadCpuClass = (): new () => object => tfjs().MathBackendCPU;

/** The script brings tfjs's backend in plain JavaScript. */
export async function loadCpu(): Promise<void> {
  tfjs();
}

/** The script brings the backend on WebAssembly; its binaries lie beside it. */
export async function loadWasmPackage(): Promise<void> {
  const { core, setWasmPaths } = tfjs();
  // One thread everywhere, so that figures are the same with and without isolation of the page.
  core.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths(BASE);
}
