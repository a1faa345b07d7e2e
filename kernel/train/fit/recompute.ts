import type { Module } from "../../nn/module/module";
import { setRecomputed } from "../../nn/module/recompute";
import { TrainError } from "../error";

/** Name of a module in a list, such as `blocks.3`. */
const IN_LIST = /(^|\.)\d+$/;

/**
 * Makes modules compute their intermediate values again for the gradient: those named by the pattern, or for `true` the
 * outermost modules of lists.
 *
 * @returns ends it
 * @throws TrainError where no module is named
 */
export function startRecomputing(model: Module, choice: boolean | RegExp = false): () => void {
  if (choice === false) return () => undefined;
  const pattern = choice === true ? IN_LIST : choice;
  const modules = [...model.namedModules()].filter(([name]) => name !== "" && pattern.test(name));
  const names = new Set(modules.map(([name]) => name));
  const outermost = modules.filter(([name]) => !parentsOf(name).some((parent) => names.has(parent)));
  if (!outermost.length)
    throw new TrainError(
      "train.fit",
      `recompute must name modules; there are ${[...model.namedModules().keys()].filter(Boolean).join(", ")}`,
      String(pattern),
    );
  for (const [, module] of outermost) setRecomputed(module, true);
  return () => outermost.forEach(([, module]) => setRecomputed(module, false));
}

function parentsOf(name: string): string[] {
  const parts = name.split(".");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("."));
}
