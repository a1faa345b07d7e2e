/** How a module in a cell is shown: by its values, where the object behind its name has getters. */
import { INSPECT } from "../../display/describe";
import { platform } from "../../platform";
import type { InspectOptions } from "../../platform/types";
import { attempt } from "./reading";

/** Words of `util.inspect` for a bare object with the tag of a module, and of Node for a module. */
const [BARE, MODULE] = ["[Object: null prototype] [Module]", "[Module: null prototype]"];

/**
 * Makes `inspect` show a module of getters by its values, as Node shows an ES module; returns the module. Values are read when they are
 * shown.
 */
export function shownByValue(module: object): object {
  const isShownAsIs = typeof module === "function" || !Object.isExtensible(module) || Object.hasOwn(module, INSPECT);
  if (isShownAsIs || !Object.keys(module).some((name) => isGetter(module, name))) return module;
  const value = (depth: number | null, options: InspectOptions): string =>
    platform()
      .inspect(valuesOf(module as Record<string, unknown>), { ...options, depth })
      .replace(BARE, MODULE);
  return Object.defineProperty(module, INSPECT, { value, configurable: true, writable: true, enumerable: false });
}

const isGetter = (module: object, name: string): boolean =>
  Object.getOwnPropertyDescriptor(module, name)?.get !== undefined;

function valuesOf(module: Record<string, unknown>): object {
  const view = Object.create(null, { [Symbol.toStringTag]: { value: "Module" } }) as Record<string, unknown>;
  for (const name of Object.keys(module).sort()) view[name] = attempt(() => module[name], "(a getter that throws)");
  return view;
}
