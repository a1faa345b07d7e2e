import { checkArguments } from "../../rules/arguments";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import type { Module } from "./module";
import type { Parameter } from "./parameter";
import { NnError } from "../error";
import { toFloat32 } from "./floats";
import type { SafetensorsTensor } from "../../safetensors/tensor";

/** Names that a file and a module do not share. */
export interface LoadReport {
  loaded: string[];
  /** Names in the module but not in the file. */
  missing: string[];
  /** Names in the file but not in the module. */
  unexpected: string[];
  /** Names in both with different shapes. */
  misshaped: { name: string; expected: number[]; received: number[] }[];
}

/** Options of {@link loadState}. */
export interface LoadStateOptions {
  /** Refuse any change unless every name and shape agrees. Default true. */
  strict?: boolean;
  /** Maps a file's name to the module's name; null skips the tensor. Default: the same name. */
  rename?: (name: string) => string | null;
}

const LOAD: OptionNames<LoadStateOptions> = { strict: true, rename: true };

/**
 * Returns a module's parameters as tensors for a safetensors file, under PyTorch's names and layouts.
 *
 * @throws NnError for a module that was disposed of
 */
export async function stateOf(module: Module): Promise<Map<string, SafetensorsTensor>> {
  checkArguments("nn.stateOf", NnError, { module }, { module: "module" });
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, { value }] of module.namedParameters())
    if (value.isDisposed) throw new NnError("nn.stateOf", "the module must not be disposed of", name);
  for (const [name, parameter] of module.namedParameters())
    tensors.set(name, { dtype: "F32", shape: parameter.shape, data: await parameter.read() });
  return tensors;
}

/**
 * Assigns a file's values to a module's parameters. Floating types of any width are read.
 *
 * @throws NnError for an unknown option, and naming every missing, unexpected and misshaped tensor; nothing has changed then
 */
export function loadState(
  module: Module,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  options: LoadStateOptions = {},
): LoadReport {
  checkArguments("nn.loadState", NnError, { module, tensors }, { module: "module", tensors: "map" });
  checkOptionNames("nn.loadState", options, LOAD, NnError);
  const { strict = true, rename = (name) => name } = options;
  const parameters = module.namedParameters();
  const stored = renamed(tensors, rename);
  const report = compare(parameters, stored);
  const complaints = describe(report);
  if (strict && complaints) throw new NnError("nn.loadState", "names and shapes must agree", complaints);
  for (const name of report.loaded)
    parameters.get(name)?.assign(toFloat32("nn.loadState", stored.get(name) as SafetensorsTensor));
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
    if (stored.has(name)) throw new NnError("nn.loadState", "rename must give each tensor a different name", name);
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
