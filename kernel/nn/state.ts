import type { Module } from "./module";
import type { Parameter } from "./parameter";
import { NnError } from "./error";
import { toFloat32 } from "./floats";
import type { SafetensorsTensor } from "../safetensors/tensor";

/** Which names a file and a module did not share. */
export interface LoadReport {
  loaded: string[];
  /** In the module, not in the file. */
  missing: string[];
  /** In the file, not in the module. */
  unexpected: string[];
  /** In both, with another shape. */
  misshaped: { name: string; expected: number[]; received: number[] }[];
}

export interface LoadStateOptions {
  /** True refuses, before anything changes, unless every name and shape agrees; default true. */
  strict?: boolean;
  /** The module's name for a file's name; null leaves the tensor out. */
  rename?: (name: string) => string | null;
}

/** A module's parameters as tensors for a safetensors file, under PyTorch's names and layouts. */
export async function stateOf(module: Module): Promise<Map<string, SafetensorsTensor>> {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, parameter] of module.namedParameters())
    tensors.set(name, { dtype: "F32", shape: parameter.shape, data: await parameter.read() });
  return tensors;
}

/**
 * Gives a module's parameters the values of a file. Floating types of any width are read.
 *
 * @throws NnError naming every missing, unexpected and mis-shaped tensor; nothing has changed then
 */
export function loadState(
  module: Module,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  { strict = true, rename = (name) => name }: LoadStateOptions = {},
): LoadReport {
  const parameters = module.namedParameters();
  const stored = renamed(tensors, rename);
  const report = compare(parameters, stored);
  const complaints = describe(report);
  if (strict && complaints) throw new NnError("nn.loadState", "names and shapes must agree", complaints);
  for (const name of report.loaded) parameters.get(name)?.assign(toFloat32(stored.get(name) as SafetensorsTensor));
  return report;
}

function renamed(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  rename: (name: string) => string | null,
): Map<string, SafetensorsTensor> {
  const stored = new Map<string, SafetensorsTensor>();
  for (const [original, tensor] of tensors) {
    const name = rename(original);
    if (name === null) continue;
    if (stored.has(name)) throw new NnError("nn.loadState", "rename must give each tensor a name of its own", name);
    stored.set(name, tensor);
  }
  return stored;
}

function compare(
  parameters: ReadonlyMap<string, Parameter>,
  stored: ReadonlyMap<string, SafetensorsTensor>,
): LoadReport {
  const shared = [...parameters].flatMap(([name, { shape: expected }]) => {
    const received = stored.get(name)?.shape;
    return received ? [{ name, expected, received }] : [];
  });
  const fits = ({ expected, received }: (typeof shared)[number]): boolean => expected.join() === received.join();
  return {
    loaded: shared.filter(fits).map(({ name }) => name),
    missing: [...parameters.keys()].filter((name) => !stored.has(name)),
    unexpected: [...stored.keys()].filter((name) => !parameters.has(name)),
    misshaped: shared.filter((entry) => !fits(entry)),
  };
}

function describe({ missing, unexpected, misshaped }: LoadReport): string {
  const shapes = misshaped.map(({ name, expected, received }) => `${name} [${received}] for [${expected}]`);
  const parts = [
    ["missing", missing],
    ["unexpected", unexpected],
    ["mis-shaped", shapes],
  ] as const;
  return parts
    .filter(([, names]) => names.length)
    .map(([kind, names]) => `${kind}: ${names.join(", ")}`)
    .join("; ");
}
