import { captured } from "../backend/capture";
import type { Tensor } from "../backend/tensor";
import { trainingDevice } from "../backend/tfjs";
import type { Module } from "./module";
import { isFrozen } from "./parameter";
import { isRecomputed } from "./recompute";
import { isWatched } from "./watch";

/** Class of modules. */
type ModuleClass<M extends Module> = abstract new (...args: never[]) => M;

/** Kind of module whose `forward` computes the same for one recipe, from inputs and parameters alone. */
interface Kind {
  name: string;
  recipe: (module: Module) => string;
}

const kinds = new Map<unknown, Kind>();

/**
 * Allows modules of a class, but of no class that extends it, in computations that are captured as one graph.
 *
 * @param recipe returns what `forward` depends on beside inputs, parameters, and modules below
 */
export function allowCapture<M extends Module>(type: ModuleClass<M>, recipe: (module: M) => string = () => ""): void {
  kinds.set(type, { name: type.name, recipe: recipe as (module: Module) => string });
}

/**
 * Computes a module's output as one graph, where the device can and all modules below are of known classes; else by
 * `compute`. Undefined inputs are left out.
 */
export function captureForward(
  module: Module,
  inputs: readonly (Tensor | undefined)[],
  compute: (...inputs: (Tensor | undefined)[]) => Tensor,
): Tensor {
  const given = inputs.filter((input) => input !== undefined);
  const spread = (tensors: readonly Tensor[]): (Tensor | undefined)[] => {
    const rest = [...tensors];
    return inputs.map((input) => (input === undefined ? undefined : rest.shift()));
  };
  const recipe = isWatched() ? null : recipeOf(module);
  if (recipe === null) return compute(...inputs);
  const parameters = module.namedParameters();
  const key = [recipe, [...parameters.keys()].join(), inputs.map((input) => (input === undefined ? 0 : 1)).join("")];
  return captured({
    key: key.join("|"),
    inputs: given,
    parameters: [...parameters.values()],
    isFrozen,
    recompute: isRecomputed(module),
    compute: (...tensors) => compute(...spread(tensors)),
  });
}

/** Classes whose `forward` is {@link captureForward}. */
const capturing = new WeakSet<object>();

/** Takes note of a class whose `forward` is {@link captureForward}. */
export function capturesForward(type: ModuleClass<Module>): void {
  capturing.add(type);
}

/** Tests whether a module's `forward` is computed as one graph, which can recompute by itself. */
export const isCaptured = (module: Module): boolean =>
  trainingDevice() === "native" && capturing.has(module.constructor) && !isWatched() && recipeOf(module) !== null;

function recipeOf(module: Module): string | null {
  const parts: string[] = [];
  for (const [name, below] of module.namedModules()) {
    const kind = kinds.get(below.constructor);
    if (!kind || Object.hasOwn(below, "forward")) return null;
    parts.push(`${name}:${kind.name}(${kind.recipe(below)})`);
  }
  return parts.join();
}
