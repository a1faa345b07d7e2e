import { checkArguments } from "../rules/arguments";
import type { Module } from "../nn/module/module";
import { AdaptedLayer } from "./branches/adapted";
import { Adapters, type AttachOptions, type LoadOptions } from "./adapters";
import { type AdapterOptions, configOf } from "./config";
import { LoraError } from "./error";
import type { AdapterReport } from "./peft/report";
import { SavedModule } from "./branches/saved";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

/**
 * Attaches an adapter to the linear layers of a model and activates it.
 *
 *     const adapters = lora.attach(model, { r: 8, loraAlpha: 16, targetModules: ["q_proj", "v_proj"] });
 *     adapters.matched("default").adapted; // names of the adapted layers
 *     console.log(adapters.summary());     // trainable params: 294,912 || all params: …
 *
 * @param options kind, rank, targets; see {@link AdapterOptions}
 * @throws LoraError as {@link Adapters.add}, or when the model has adapters already
 */
export function attach(model: Module, options: AdapterOptions, attaching: AttachOptions = {}): Adapters {
  checkArguments("lora.attach", LoraError, { model, options }, { model: "module", options: "object" });
  checkOptionNames("lora.attach", attaching, ATTACH_NAMES, LoraError);
  const { name = "default", random } = attaching;
  const adapters = begin("lora.attach", model);
  try {
    adapters.put("lora.attach", name, configOf("lora.attach", options), random);
  } catch (error) {
    adapters.detach();
    throw error;
  }
  adapters.activate(name);
  return adapters;
}

/**
 * Reads an adapter written by PEFT or Fovea, attaches it to the linear layers of a model and activates it.
 *
 * @throws LoraError as {@link Adapters.load}
 */
export async function load(
  model: Module,
  folder: string,
  options: LoadOptions = {},
): Promise<{ adapters: Adapters; report: AdapterReport }> {
  checkArguments("lora.load", LoraError, { model, folder }, { model: "module", folder: "string" });
  checkOptionNames("lora.load", options, LOAD_NAMES, LoraError);
  const adapters = begin("lora.load", model);
  try {
    const report = await adapters.load(folder, options);
    adapters.activate(options.name ?? options.adapter ?? "default");
    return { adapters, report };
  } catch (error) {
    adapters.detach();
    throw error;
  }
}

function begin(fn: string, model: Module): Adapters {
  const held = [...model.namedModules()].find(
    ([, module]) => module instanceof AdaptedLayer || module instanceof SavedModule,
  );
  if (held) throw new LoraError(fn, "the model has adapters already: add to those", held[0]);
  return new Adapters(model);
}

const ATTACH_NAMES: OptionNames<AttachOptions> = { name: true, random: true };
const LOAD_NAMES: OptionNames<LoadOptions> = {
  name: true,
  strict: true,
  adapter: true,
  addPrefix: true,
  adapterName: true,
  stripWrappers: true,
  authorsNames: true,
};
