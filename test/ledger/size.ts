import type { nn } from "../../kernel/index.ts";

/** Makes a module, counts its weights and disposes of it. */
export function weightsOf(make: () => nn.Module): number {
  const module = make();
  const count = [...module.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);
  module.dispose();
  return count;
}
