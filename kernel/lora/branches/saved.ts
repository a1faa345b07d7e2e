import { checkArguments } from "../../rules/arguments";
import { LoraError } from "../error";
import type { Tensor } from "../../backend/tensor";
import { Module } from "../../nn/module/module";
import { Parameter } from "../../nn/module/parameter";
import type { Selection } from "../selection";

/** Module copied by adapters (`modulesToSave`); the original computes when no active adapter has a copy. */
export class SavedModule extends Module {
  readonly copies = new Map<string, Module>();

  constructor(
    readonly original_module: Module,
    private readonly selection: Selection,
  ) {
    super();
    checkArguments("lora.SavedModule", LoraError, { original_module }, { original_module: "module" });
    this.train(original_module.training);
  }

  /** Weight of the module itself, for layers that are tied to it: a copy unties them, as in PEFT. */
  get weight(): Parameter | undefined {
    return (this.original_module as Module & { weight?: Parameter }).weight;
  }

  /** Copy of the last active adapter that has one. */
  private get current(): Module {
    const holder = this.selection.names.findLast((name) => this.copies.has(name));
    return (holder !== undefined && this.copies.get(holder)) || this.original_module;
  }

  /** Applies the current copy. */
  forward(...inputs: unknown[]): Tensor {
    return (this.current as Module & { forward(...inputs: unknown[]): Tensor }).forward(...inputs);
  }

  /** Adds an adapter's copy of the module. */
  add(name: string): Module {
    const copy = copyOf(this.original_module) as Module;
    copy.freeze(undefined, true);
    this.copies.set(name, copy);
    return copy;
  }
}

/** Copies a module's parameters and shares everything else; the two are equal until one is assigned. */
function copyOf(value: unknown): unknown {
  if (value instanceof Parameter) return new Parameter(value.value);
  if (Array.isArray(value)) return value.map(copyOf);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, copyOf(one)]));
  if (!(value instanceof Module)) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, copyOf(one)]);
  return Object.assign(Object.create(Object.getPrototypeOf(value) as object) as object, Object.fromEntries(entries));
}
