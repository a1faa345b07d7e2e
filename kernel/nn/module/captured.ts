import { captured } from "../../backend/capture";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { trainingDevice } from "../../backend/tfjs";
import { areOutside, replaceTensors, tensorsIn } from "./arguments";
import type { Module } from "./module";
import { isFrozen } from "./parameter";
import { isRecomputed } from "./recompute";
import { isWatched } from "./watch";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { NnError } from "../error";

/** Class of modules. */
type ModuleClass<M extends Module> = abstract new (...args: never[]) => M;

/** Kind of module whose `forward` computes the same for one recipe, from inputs and parameters alone. */
interface Kind {
  name: string;
  recipe: (module: Module) => string | null;
  whole: boolean;
  shared: readonly string[];
}

/** Options of {@link allowCapture}. */
export interface CaptureOptions<M extends Module> {
  /**
   * Returns what `forward` depends on beside arguments, parameters, and modules below; null where it must not be captured
   * now, such as while somebody observes it. Default: nothing.
   */
  recipe?: (module: M) => string | null;
  /**
   * Computes such a module as one graph where the device can. Its `forward` then returns one tensor, and takes tensors,
   * plain objects of them, and plain values; tensors of whole numbers may come as float32. Default false: it may only be a
   * part of such a module. The first dimension of tensors, also of those drawn and of the output, is the batch, whose
   * samples do not depend on each other.
   */
  whole?: boolean;
  /** Names of properties in arguments whose tensors are the same for each sample. Default: none. */
  shared?: readonly string[];
}

const kinds = new Map<unknown, Kind>();

const NAMES: OptionNames<CaptureOptions<Module>> = { recipe: true, whole: true, shared: true };

/**
 * Allows modules of a class, but of no class that extends it, in computations that are captured as one graph. What
 * `forward` draws at random it draws by {@link drawn}.
 *
 * @throws NnError for an unknown option
 */
export function allowCapture<M extends Module>(type: ModuleClass<M>, options: CaptureOptions<M> = {}): void {
  checkOptionNames("nn.allowCapture", options, NAMES, NnError);
  const { recipe = () => "", whole = false, shared = [] } = options;
  kinds.set(type, { name: type.name, recipe: recipe as Kind["recipe"], whole, shared });
}

/**
 * Computes a module's output as one graph; null where the device or the module does not allow it. A module below of an
 * unknown class does not.
 *
 * @param forward computes it by single operations
 */
export function captureForward(
  module: Module,
  inputs: readonly unknown[],
  forward: (inputs: readonly unknown[]) => unknown,
): Tensor | null {
  const kind = kinds.get(module.constructor);
  if (!kind?.whole || isWatched() || trainingDevice() !== "native") return null;
  const recipe = recipeOf(module);
  if (recipe === null) return null;
  const parameters = module.namedParameters();
  const tensors = tensorsIn(inputs);
  const others = JSON.stringify(
    replaceTensors(
      inputs,
      tensors.map(() => "tensor"),
    ),
  );
  return captured({
    key: [recipe, [...parameters.keys()].join(), others].join("|"),
    isBatch: areOutside(inputs, kind.shared),
    inputs: tensors.map((tensor) => (tensor.dtype === "float32" ? tensor : tf.cast(tensor, "float32"))),
    parameters: [...parameters.values()],
    isFrozen,
    recompute: isRecomputed(module),
    compute: (...tensors) => forward(replaceTensors(inputs, tensors)) as Tensor,
  });
}

function recipeOf(module: Module): string | null {
  const parts: string[] = [];
  for (const [name, below] of module.namedModules()) {
    const kind = kinds.get(below.constructor);
    const recipe = kind?.recipe(below) ?? null;
    if (!kind || recipe === null || Object.hasOwn(below, "forward")) return null;
    parts.push(`${name}:${kind.name}(${recipe})`);
  }
  return parts.join();
}
