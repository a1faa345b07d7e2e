/** Graphs that the device `native` runs for modules. */
import { type nn, tf } from "./names.ts";

interface Counted {
  runSession: (...args: unknown[]) => unknown;
}

/** Counts the graphs that a computation runs. */
export function counting<T>(body: () => T): [result: T, graphs: number] {
  const { device } = tf.backend() as unknown as { device: Counted };
  let graphs = 0;
  const original = device.runSession;
  device.runSession = function (...args) {
    graphs++;
    return original.apply(this, args);
  };
  try {
    return [body(), graphs];
  } finally {
    device.runSession = original;
  }
}

/** Makes `forward` of a module its own property, which keeps it out of a graph. */
export function apart(module: nn.Module): void {
  const { forward } = Object.getPrototypeOf(module) as { forward: unknown };
  Object.assign(module, { forward });
}
