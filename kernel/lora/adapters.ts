import { checkArguments } from "../rules/arguments";
import type { Module } from "../nn/module/module";
import type { Parameter } from "../nn/module/parameter";
import type { Prng } from "../numeric/prng";
import type { GatedBranch } from "./branches/branch";
import { BaseChanges } from "./base-changes";
import { branchFor, gatedBranches } from "./branches/branches";
import { combined, type CombineOptions } from "./combine/combine";
import { type AdapterConfig, type AdapterOptions, configOf, mergeRefusal } from "./config";
import type { FloatDtype } from "./peft/dtypes";
import { LoraError } from "./error";
import { mergeOnly } from "./peft/config-json";
import { type AdapterFile, readAdapter, type ReadAdapterOptions, writeAdapter } from "./peft/file";
import { Naming, namingOf } from "./peft/naming";
import { Places } from "./places";
import { adapterFile, fillAdapter, type HeldAdapter } from "./peft/exchange";
import type { AdapterReport } from "./peft/report";
import { Selection } from "./selection";
import { scalesOf, type Targets } from "./targets";
import { checkOptionNames } from "../rules/option-names";

/** Options of attaching an adapter. */
export interface AttachOptions {
  /** Name of the adapter. Default `default`. */
  name?: string;
  /** Generator of the initial values. Default: the shared generator of `nn`. */
  random?: Prng;
}

/** Options of loading an adapter. */
export interface LoadOptions extends ReadAdapterOptions {
  /** Name in memory. Default: the sub-folder's name, or `default`. */
  name?: string;
  /** Refuse to attach anything unless keys and shapes agree. Default true. */
  strict?: boolean;
}

/** Numbers of values, counted as PEFT counts them. */
export interface ParameterCounts {
  trainable: number;
  all: number;
  /** 100 trainable / all. */
  percent: number;
}

/**
 * Named adapters of a model, several at a time. The model computes with the active ones as soon as they are added; its
 * base parameters are frozen and keep every bit.
 */
export class Adapters {
  private readonly selection = new Selection();
  private readonly held = new Map<string, HeldAdapter>();
  private readonly places: Places;

  /** @internal Use {@link attach} or {@link load}. */
  constructor(private readonly model: Module) {
    checkArguments("lora.Adapters", LoraError, { model }, { model: "module" });
    this.places = new Places(model, this.selection);
    model.freeze();
    this.selection.onChange = () => this.putChanges();
  }

  /** Puts the changes of the base by the applied adapters into it; those of others go out first. */
  private putChanges(): void {
    const isOn = (name: string): boolean => this.active.includes(name);
    for (const [name, { changes }] of this.held) if (!isOn(name)) changes.put(false);
    for (const [name, { changes }] of this.held) if (isOn(name)) changes.put(true);
  }

  /** Names in the order of adding. */
  get names(): string[] {
    return [...this.held.keys()];
  }

  /** Names of the applied adapters, in order; none inside {@link disabled}. */
  get active(): readonly string[] {
    return this.selection.names;
  }

  /** Returns an adapter's complete configuration. */
  config(name: string): AdapterConfig {
    return this.holder("lora.Adapters.config", name).config;
  }

  /** Returns the adapted layers, the copied modules and the unused targets of an adapter. */
  matched(name: string): Targets {
    return this.holder("lora.Adapters.matched", name).targets;
  }

  private holder(fn: string, name: string): HeldAdapter {
    const held = this.held.get(name);
    if (!held) throw new LoraError(fn, `adapters are ${this.names.join(", ")}`, name);
    return held;
  }

  /**
   * Adds an adapter without changing the active ones.
   *
   * @throws LoraError when a name is taken, an option is wrong, no layer matches, or a target is no linear layer
   */
  add(name: string, options: AdapterOptions, { random }: Pick<AttachOptions, "random"> = {}): Targets {
    return this.put("lora.Adapters.add", name, configOf("lora.Adapters.add", options), random);
  }

  /** @internal */
  put(fn: string, name: string, config: AdapterConfig, random?: Prng, naming = new Naming()): Targets {
    this.checkName(fn, name);
    this.checkUnmerged(fn);
    const { places } = this;
    const targets = places.targetsOf(fn, config, naming);
    const layers = targets.adapted.map((path) => [path, places.layerAt(fn, path, config)] as const);
    const inFile = targets.adapted.map((path) => naming.fileName(path));
    const scales = scalesOf(fn, config, inFile);
    const init = { initLoraWeights: config.initLoraWeights, random };
    for (const [path, layer] of layers) {
      const { adapters } = places.adaptedAt(path, layer);
      if (adapters.has(name)) continue;
      const branch = branchFor(layer, scales.get(naming.fileName(path))!, config, init);
      adapters.set(name, branch.train(layer.training));
    }
    for (const path of targets.saved) places.savedAt(path).add(name);
    this.held.set(name, { config, targets, naming, changes: new BaseChanges() });
    this.setTrainable(name, false);
    return targets;
  }

  private checkName(fn: string, name: string): void {
    if (!/^[A-Za-z0-9][\w-]*$/.test(name))
      throw new LoraError(fn, "a name has letters, digits, _ and -, and begins with a letter or digit", name);
    if (this.held.has(name)) throw new LoraError(fn, "each adapter must have a different name", name);
  }

  private checkUnmerged(fn: string): void {
    if (this.isMerged) throw new LoraError(fn, "merged adapters must be unmerged first", this.names);
  }

  /**
   * Makes exactly these adapters apply and train; their updates add up in this order. Trained biases and rows of an adapter
   * take the place of the base's while it applies.
   *
   * @throws LoraError for an unknown name, or two adapters that bring along the same bias or rows
   */
  activate(...names: string[]): void {
    const fn = "lora.Adapters.activate";
    const changes = names.map((name) => this.holder(fn, name).changes).filter((one) => !one.isEmpty);
    const clash = changes.map((one, i) => changes.slice(i + 1).map((other) => one.shared(other))).flat();
    const shared = clash.find((key) => key !== null);
    if (shared) throw new LoraError(fn, `only one active adapter may bring along ${shared}`, names);
    if ([...this.held.values()].some((held) => !held.changes.isEmpty)) this.checkUnmerged(fn);
    this.selection.names = names;
    for (const name of this.names) this.setTrainable(name, names.includes(name));
  }

  private setTrainable(name: string, trainable: boolean): void {
    const biases = this.held.get(name)?.changes.biases ?? [];
    for (const parameter of this.places.parameters(name, biases).values()) parameter.trainable = trainable;
  }

  /**
   * Runs a function with the base model alone. An asynchronous function keeps adapters off until its promise settles.
   *
   * @returns the result of `run`
   */
  disabled<T>(run: () => T): T {
    this.checkUnmerged("lora.Adapters.disabled");
    return this.selection.disabledDuring(run);
  }

  /**
   * Returns the trainable parameters of an adapter by their names in the model's tree: one group of an optimiser. Biases
   * that it brings along are among them while it is active.
   */
  parameters(name: string): Map<string, Parameter> {
    const { changes } = this.holder("lora.Adapters.parameters", name);
    return this.places.parameters(name, this.active.includes(name) ? changes.biases : []);
  }

  /** @internal Gates of an active adapter by the name of the layer; a layer under two names appears once. */
  gates(name: string): Map<string, GatedBranch> {
    const fn = "lora.gateActivity";
    this.holder(fn, name);
    this.checkUnmerged(fn);
    if (!this.active.includes(name)) throw new LoraError(fn, "the adapter must be active", name);
    const gates = gatedBranches(this.places.parts(name));
    if (gates.size) return gates;
    throw new LoraError(
      fn,
      "the adapter must have gates: DUAL_LORA with a gate, or a mixture",
      this.config(name).peftType,
    );
  }

  /** Returns the numbers of trainable and of all values in the model. */
  counts(): ParameterCounts {
    const parameters = [...this.model.namedParameters().values()];
    const sum = (ones: Parameter[]): number => ones.reduce((total, { size }) => total + size, 0);
    const [trainable, all] = [sum(parameters.filter((one) => one.trainable)), sum(parameters)];
    return { trainable, all, percent: (100 * trainable) / all };
  }

  /** Returns the line of PEFT's `print_trainable_parameters`. */
  summary(): string {
    const { trainable, all, percent } = this.counts();
    const grouped = (count: number): string => count.toLocaleString("en-US");
    return `trainable params: ${grouped(trainable)} || all params: ${grouped(all)} || trainable%: ${percent.toFixed(4)}`;
  }

  /** Removes an adapter and frees it. */
  remove(name: string): void {
    this.holder("lora.Adapters.remove", name);
    this.checkUnmerged("lora.Adapters.remove");
    this.activate(...this.selection.names.filter((one) => one !== name));
    this.places.drop(name);
    this.held.get(name)?.changes.dispose();
    this.held.delete(name);
  }

  /** True while adapters are merged into the base weights. */
  get isMerged(): boolean {
    return [...this.places.adapted.values()].some((layer) => layer.isMerged);
  }

  /**
   * Merges adapters into the base weights, W0 + s B A, so that they cost no time. The old weights are kept for {@link
   * unmerge}. Nothing changes unless every merged value is finite.
   *
   * @param names default the active ones
   * @throws LoraError where the update depends on the input, a value is not finite, or adapters are already merged
   */
  async merge(names: readonly string[] = this.selection.names): Promise<void> {
    const fn = "lora.Adapters.merge";
    for (const name of names) this.checkMergeable(fn, name);
    this.checkUnmerged(fn);
    await this.places.merge(fn, names);
  }

  private checkMergeable(fn: string, name: string): void {
    const { config, targets, changes } = this.holder(fn, name);
    const refusal = mergeRefusal(config);
    if (refusal) throw new LoraError(fn, refusal, name);
    if (!changes.isEmpty && !this.active.includes(name))
      throw new LoraError(fn, "an adapter with trained biases or rows must be active", name);
    if (targets.saved.length)
      throw new LoraError(fn, "copies of whole modules (modulesToSave) cannot be merged into a weight", name);
  }

  /** Removes merged adapters from the weights; every weight gets its former bits back. */
  unmerge(): void {
    for (const layer of this.places.adapted.values()) layer.unmerge();
  }

  /**
   * Makes a new adapter out of several, on the layers of any of them (PEFT's `add_weighted_adapter`): `cat` is the exact
   * sum of the weighted updates at the sum of the ranks (where the first adapter uses rsLoRA, PEFT's own is too large by the
   * root of that sum, since its combination keeps rsLoRA with alpha = r), `svd` the best approximation of that sum at one rank, `linear`
   * combines A and B each by themselves, which is another thing than the sum. `ties`, `dare_linear`, `dare_ties` and
   * `magnitude_prune` thin A and B first, and combine them as `linear` does, the two `ties` by the sign that most values have.
   * The same names with `_svd` thin the whole updates instead, of any ranks, and approximate what they add up to: that
   * decomposes a full matrix, in some ten seconds a layer of 768 x 768 and in a time that grows with the cube of the size.
   * A single adapter is combined by the type that was asked for, where PEFT falls back to `linear`.
   *
   * @param weights each adapter's weight
   * @throws LoraError where an adapter is not plain LoRA, holds copies of modules, ranks differ for a type without `svd` but
   *   `cat`, or an option is out of its range
   */
  async combine(name: string, weights: Record<string, number>, options: CombineOptions = {}): Promise<Targets> {
    const fn = "lora.Adapters.combine";
    this.checkName(fn, name);
    const parts = Object.entries(weights).map(([part, weight]) => ({
      ...this.holder(fn, part),
      name: part,
      weight,
    }));
    const layers = new Map([...this.places.adapted].map(([path, { adapters }]) => [path, adapters]));
    const { config, values } = await combined(fn, parts, layers, options);
    const targets = this.put(fn, name, config);
    for (const [path, part] of this.places.parts(name))
      for (const [key, parameter] of part.namedParameters()) parameter.assign(values.get(path)!.get(key)!);
    return targets;
  }

  /**
   * Returns an adapter in the form of its file.
   *
   * @param dtype type of its tensors, default F32
   */
  async file(name: string, dtype: FloatDtype = "F32"): Promise<AdapterFile> {
    return adapterFile(this.holder("lora.Adapters.file", name), this.places, name, dtype);
  }

  /**
   * Writes an adapter for PEFT: `default` into the folder, another name into a sub-folder.
   *
   * @returns the folder that holds the two files
   * @throws LoraError for an unknown option or adapter
   */
  async save(folder: string, name = "default", options: { dtype?: FloatDtype } = {}): Promise<string> {
    checkOptionNames("lora.Adapters.save", options, { dtype: true }, LoraError);
    return writeAdapter(folder, await this.file(name, options.dtype), name);
  }

  /**
   * Reads an adapter written by PEFT or Fovea and adds it without changing the active ones. Its layers are found by the names
   * of transformers 5 in memory and by those of its files, and are saved under the names that they came with. Trained biases
   * (`bias`) and rows (`trainable_token_indices`) lie in the model while the adapter is active.
   *
   * @returns the loaded keys; without `strict` also the missing, unexpected and misshaped ones
   * @throws LoraError that names all of those, with nothing attached
   */
  async load(folder: string, { name, strict = true, ...reading }: LoadOptions = {}): Promise<AdapterReport> {
    const file = await readAdapter(folder, reading);
    const reason = mergeOnly(file.config);
    if (reason)
      throw new LoraError("lora.load", `${reason} must be merged into the base (fovea adapter merge)`, folder);
    const own = name ?? reading.adapter ?? "default";
    const fn = "lora.load";
    const naming = namingOf(fn, file.tensors.keys(), new Set(this.places.modules.keys()));
    this.put(fn, own, file.config, undefined, naming);
    try {
      return await fillAdapter(fn, this.holder(fn, own), this.places, own, file, strict);
    } catch (error) {
      this.remove(own);
      throw error;
    }
  }

  /**
   * Removes every adapter from the model and frees it; layers and their `trainable` flags are restored.
   *
   * @param options `keepMerged` keeps in the weights the result of {@link merge}; default false
   * @throws LoraError for an unknown option
   */
  detach(options: { keepMerged?: boolean } = {}): void {
    checkOptionNames("lora.Adapters.detach", options, { keepMerged: true }, LoraError);
    const { keepMerged = false } = options;
    if (keepMerged && this.isMerged) for (const { changes } of this.held.values()) changes.settle();
    for (const layer of this.places.adapted.values()) if (keepMerged) layer.forgetOriginal();
    this.unmerge();
    for (const name of this.names) this.remove(name);
    this.places.restore();
  }
}
