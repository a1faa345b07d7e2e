import { toFloat32 } from "../../nn/module/floats";
import { stateOf } from "../../nn/module/state";
import { type BaseChanges, changesIn } from "../base-changes";
import type { AdapterConfig } from "../config";
import type { Places } from "../places";
import { ALL_LINEAR, type Targets } from "../targets";
import { convertTensors, type FloatDtype } from "./dtypes";
import type { AdapterFile } from "./file";
import { keyOf } from "./keys";
import type { Naming } from "./naming";
import { type AdapterReport, checkReport, compareKeys } from "./report";

/** One adapter of a model: its configuration, and where it lies in model and file. */
export interface HeldAdapter {
  config: AdapterConfig;
  targets: Targets;
  naming: Naming;
  changes: BaseChanges;
}

/** Returns an adapter in the form of its file. */
export async function adapterFile(
  { config, targets, naming, changes }: HeldAdapter,
  places: Places,
  name: string,
  dtype: FloatDtype,
): Promise<AdapterFile> {
  const tensors = await changes.tensors();
  for (const [path, part] of places.parts(name))
    for (const [key, tensor] of await stateOf(part)) tensors.set(keyOf(naming.fileName(path), key), tensor);
  const targetModules = config.targetModules === ALL_LINEAR ? targets.adapted : config.targetModules;
  const fanInFanOut = places.hasTransposed(targets.adapted);
  const metadata = { format: "pt" };
  return { config: { ...config, targetModules, fanInFanOut }, tensors: convertTensors(tensors, dtype), metadata };
}

/**
 * Gives an adapter the values of its file.
 *
 * @param strict refuse any difference of keys and shapes
 * @throws LoraError naming every missing, unexpected and misshaped key
 */
export async function fillAdapter(
  fn: string,
  held: HeldAdapter,
  places: Places,
  name: string,
  file: AdapterFile,
  strict: boolean,
): Promise<AdapterReport> {
  const { tensors } = file;
  const parts = [...places.parts(name)].map(([path, part]) => [held.naming.fileName(path), part] as const);
  const own = new Map(
    parts.flatMap(([path, part]) => [...part.namedParameters()].map(([key, one]) => [keyOf(path, key), one] as const)),
  );
  const others = [...tensors].filter(([key]) => !own.has(key));
  held.changes = changesIn(fn, { ...file, tensors: new Map(others) }, held.naming, places.base);
  const expected = new Map<string, { shape: readonly number[] }>([...own, ...held.changes.shapes]);
  const report = compareKeys(expected, tensors, await places.baseCopies(tensors, held.naming));
  if (strict) checkReport(fn, report);
  for (const key of report.loaded) own.get(key)?.assign(toFloat32(fn, tensors.get(key)!));
  return report;
}
