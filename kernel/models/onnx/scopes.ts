import { tf } from "../../backend/tf";
import type { Module } from "../../nn/module/module";
import type { Recording } from "./recorder";

/** Runs with the name of the module at work known to the recording. */
export function inScopes<T>(model: Module, recording: Recording, run: () => T): T {
  const wrapped: Module[] = [];
  for (const [name, module] of model.namedModules()) {
    const { forward } = module as { forward?: (...inputs: unknown[]) => unknown };
    if (!name || typeof forward !== "function") continue;
    const scoped = function (this: unknown, ...inputs: unknown[]): unknown {
      recording.scopes.push(name);
      try {
        const result = forward.apply(this, inputs);
        const shape = result instanceof tf.Tensor ? result.shape : null;
        if (shape && !recording.shapes.has(name)) recording.shapes.set(name, shape);
        return result;
      } catch (error) {
        recording.failed ??= name;
        throw error;
      } finally {
        recording.scopes.pop();
      }
    };
    Object.defineProperty(module, "forward", { value: scoped, configurable: true, enumerable: false });
    wrapped.push(module);
  }
  try {
    return run();
  } finally {
    for (const module of wrapped) Reflect.deleteProperty(module, "forward");
  }
}

/** Runs with every layer in evaluation; afterwards each is in its mode again. */
export function inEvaluation<T>(model: Module, run: () => T): T {
  const modes = [...model.namedModules().values()].map((module) => [module, module.training] as const);
  model.eval();
  try {
    return run();
  } finally {
    // Parents come before their children, whose mode is set after that of the tree.
    for (const [module, mode] of modes) module.train(mode);
  }
}
