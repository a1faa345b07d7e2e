import { tf } from "../backend/tf";
import { Conv1D } from "../nn/layers/conv1d";
import type { Module } from "../nn/module/module";
import type { Parameter } from "../nn/module/parameter";
import type { SafetensorsTensor } from "../safetensors/tensor";
import { AdaptedLayer } from "./branches/adapted";
import type { AdapterConfig } from "./config";
import { convertTensor, isFloatDtype } from "./peft/dtypes";
import { LoraError } from "./error";
import { keyOf } from "./peft/keys";
import type { Naming } from "./peft/naming";
import { type AdaptableLayer, biasOf, checkFinite, isAdaptable, isLinearLayer } from "./layers";
import { SavedModule } from "./branches/saved";
import type { Selection } from "./selection";
import { matchTargets, type Targets } from "./targets";

/** Places of adapters in a model's tree, with the modules they replaced. */
export class Places {
  /** Modules of the model by name, without adapters. */
  readonly modules: ReadonlyMap<string, Module>;
  readonly adapted = new Map<string, AdaptedLayer>();
  readonly saved = new Map<string, SavedModule>();
  /** Parameters of the model by name, without adapters. */
  readonly base: ReadonlyMap<string, Parameter>;
  private readonly wasTrainable: ReadonlyMap<Parameter, boolean>;

  constructor(
    private readonly model: Module,
    private readonly selection: Selection,
  ) {
    this.modules = model.namedModules();
    this.base = model.namedParameters();
    this.wasTrainable = new Map([...this.base.values()].map((parameter) => [parameter, parameter.trainable]));
  }

  /** Resolves the targets under the names of the file, as PEFT does, and returns them under the model's. */
  targetsOf(fn: string, config: AdapterConfig, naming: Naming): Targets {
    const linear = new Map<string, boolean>();
    for (const [path, module] of this.modules) linear.set(naming.fileName(path), isLinearLayer(module));
    const { adapted, saved, unused } = matchTargets(fn, config, linear);
    const inModel = (names: string[]): string[] => names.map((name) => naming.modelName(name));
    return { adapted: inModel(adapted), saved: inModel(saved), unused };
  }

  /**
   * Returns the layer of that name.
   *
   * @throws LoraError when this kind of adapter cannot join the layer
   */
  layerAt(fn: string, path: string, config: AdapterConfig): AdaptableLayer {
    const module = this.modules.get(path) as Module;
    if (!isAdaptable(module)) {
      const rule = `targetModules must name Linear, Conv1D or Embedding layers; ${path} is none`;
      throw new LoraError(fn, rule, module.constructor.name);
    }
    if (config.peftType !== "LORA" && !isLinearLayer(module))
      throw new LoraError(fn, `${config.peftType} stands beside linear layers; ${path} is none`, "Embedding");
    if (config.peftType === "LORA" && config.loraBias && !biasOf(module))
      throw new LoraError(fn, "loraBias needs layers that have a bias", path);
    return module;
  }

  /** Returns the adapted layer at a path; a layer under two names gets one set of adapters. */
  adaptedAt(path: string, layer: AdaptableLayer): AdaptedLayer {
    const known = this.adapted.get(path);
    if (known) return known;
    const shared = [...this.adapted.values()].find(({ base_layer }) => base_layer === layer);
    const adapted = shared ?? new AdaptedLayer(layer, this.selection);
    this.model.replaceModule(path, adapted);
    this.adapted.set(path, adapted);
    return adapted;
  }

  /** Returns the module with copies at a path. */
  savedAt(path: string): SavedModule {
    const known = this.saved.get(path);
    if (known) return known;
    const saved = new SavedModule(this.modules.get(path) as Module, this.selection);
    this.model.replaceModule(path, saved);
    this.saved.set(path, saved);
    return saved;
  }

  /** Returns an adapter's branches and copies by the names of their layers and modules. */
  parts(name: string): Map<string, Module> {
    const branches = [...this.adapted].map(([path, { adapters }]) => [path, adapters.get(name)] as const);
    const copies = [...this.saved].map(([path, { copies }]) => [path, copies.get(name)] as const);
    return new Map([...branches, ...copies].filter((entry): entry is [string, Module] => entry[1] !== undefined));
  }

  /** Returns an adapter's parameters by their names in the model, and some of the base. */
  parameters(name: string, ofBase: readonly Parameter[] = []): Map<string, Parameter> {
    const prefixes = [
      ...[...this.adapted.keys()].map((path) => `${path}.adapters.${name}.`),
      ...[...this.saved.keys()].map((path) => `${path}.copies.${name}.`),
    ];
    const all = [...this.model.namedParameters()];
    return new Map(
      all.filter(([path, one]) => prefixes.some((prefix) => path.startsWith(prefix)) || ofBase.includes(one)),
    );
  }

  /** Returns the keys of tensors equal to weights of adapted layers; PEFT adds those of embeddings to its files. */
  async baseCopies(tensors: ReadonlyMap<string, SafetensorsTensor>, naming: Naming): Promise<string[]> {
    const keys: string[] = [];
    for (const [path, { base_layer }] of this.adapted) {
      const key = keyOf(naming.fileName(path), "base_layer.weight");
      const stored = tensors.get(key);
      if (stored && (await isCopy(stored, base_layer.weight))) keys.push(key);
    }
    return keys;
  }

  /** Tests whether one of these layers stores its weight [in, out]. */
  hasTransposed(paths: readonly string[]): boolean {
    return paths.some((path) => this.modules.get(path) instanceof Conv1D);
  }

  /** Merges adapters into the weights of their layers; nothing changes unless every merged value is finite. */
  async merge(fn: string, names: readonly string[]): Promise<void> {
    const layers = [...new Map([...this.adapted].map(([path, layer]) => [layer, path]))];
    const concerned = layers.filter(([layer]) => names.some((name) => layer.adapters.has(name)));
    const merged = concerned.map(([layer, path]) => ({ layer, path, tensors: layer.mergedWith(names) }));
    try {
      for (const { path, tensors } of merged) await checkFinite(fn, path, [tensors.weight, tensors.bias]);
      for (const { layer, tensors } of merged) layer.merge(tensors);
    } finally {
      for (const { tensors } of merged) tf.dispose(tensors as never);
    }
  }

  /** Frees an adapter. */
  drop(name: string): void {
    for (const { adapters } of this.adapted.values()) drop(adapters, name);
    for (const { copies } of this.saved.values()) drop(copies, name);
  }

  /** Restores the model's modules. */
  restore(): void {
    for (const [path, { base_layer }] of this.adapted) this.model.replaceModule(path, base_layer);
    for (const [path, { original_module }] of this.saved) this.model.replaceModule(path, original_module);
    for (const [parameter, trainable] of this.wasTrainable) parameter.trainable = trainable;
    this.adapted.clear();
    this.saved.clear();
  }
}

function drop(modules: Map<string, Module>, name: string): void {
  modules.get(name)?.dispose();
  modules.delete(name);
}

/** Tests whether a stored tensor equals a parameter, to the precision of the stored type. */
async function isCopy(stored: SafetensorsTensor, parameter: Parameter): Promise<boolean> {
  const { shape } = parameter;
  if (!isFloatDtype(stored.dtype) || shape.join() !== stored.shape.join()) return false;
  const own = convertTensor({ dtype: "F32", shape, data: await parameter.read() }, stored.dtype);
  return isSame(bytesOf(own), bytesOf(stored));
}

const bytesOf = ({ data }: SafetensorsTensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
