import type * as Tfjs from "@tensorflow/tfjs-core";
import { offerNative } from "./native/start";
import { hasNative, offerTensorflow } from "./node";
import { printTensors } from "./print-tensor";

let offered = false;

/** Tests whether tfjs is loaded. */
export const isLoaded = (): boolean => offered;

/**
 * Makes the devices that start at once known to tfjs, best first. tfjs starts one of them at its first operation where
 * `nn.start` has not chosen another.
 */
export function offerDevices(core: typeof Tfjs): void {
  offered = true;
  // Keeps tfjs from printing an advertisement of another package, and the failures of devices, into the notebook.
  core.enableProdMode();
  printTensors(core);
  offerTensorflow(core);
  if (hasNative) offerNative(core);
}
