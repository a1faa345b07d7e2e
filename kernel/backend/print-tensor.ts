import type * as Tfjs from "@tensorflow/tfjs-core";
import { INSPECT } from "../display/describe";
import type { Tensor } from "./tensor";

/** Number of values above which a tensor is printed without them: reading them would copy all. */
const MOST_VALUES = 2 ** 20;

/** Makes `console.log` and the last line of a cell print tensors by type, shape and values. */
export function printTensors(core: typeof Tfjs): void {
  const print = function (this: Tensor): string {
    return textOf(this);
  };
  Object.defineProperty(core.Tensor.prototype, INSPECT, { value: print, enumerable: false, configurable: true });
}

function textOf(tensor: Tensor): string {
  const head = `Tensor ${tensor.dtype} [${tensor.shape.join(", ")}]`;
  if (tensor.isDisposed) return `${head}, disposed`;
  if (tensor.size > MOST_VALUES) return head;
  return `${head}${valuesOf(tensor)}`;
}

/** Formats the values as tfjs does; nothing where a device cannot be read at once. */
function valuesOf(tensor: Tensor): string {
  try {
    return tensor.toString().replace(/^Tensor/, "");
  } catch {
    return "";
  }
}
