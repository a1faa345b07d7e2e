import type { TensorContainer } from "@tensorflow/tfjs-core/dist/tensor_types";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { Described, DISPLAY, type DisplayBundle } from "../../display/describe";
import { captureForward } from "./captured";
import { NnError } from "../error";
import { outline } from "./outline";
import { Parameter } from "./parameter";
import { needsRecomputation, recomputed } from "./recompute";
import { noteFailure, told } from "./watch";

/** Value of a module's property that belongs to the tree. */
type Node = Parameter | Module;

/**
 * A part of a model: its properties that are parameters, modules, or arrays or maps of them make a tree with PyTorch's
 * dotted names.
 * A property's name is written as PyTorch would: `qProj` gives `q_proj`, `blocks[0].norm1.weight` gives
 * `blocks.0.norm1.weight`; a name with an underscore stays as it is. Properties beginning with `_` or `#` are private.
 *
 *     class Head extends nn.Module {
 *       norm = new nn.LayerNorm(64);
 *       classifier = new nn.Linear(64, 10);
 *       forward(x: Tensor) { return this.classifier.forward(this.norm.forward(x)); }
 *     }
 *
 * A call of `forward` leaves the tensors that it returns; those between are freed. As the value of a cell and in `console.log` it is a
 * short table of its parts, with blocks of one structure in one row.
 */
export abstract class Module extends Described {
  private mode = true;

  constructor() {
    super();
    tidyForward(new.target.prototype as object);
  }

  /** True while dropout and similar layers are on; {@link train} and {@link eval} change it for the whole tree. */
  get training(): boolean {
    return this.mode;
  }

  /** Returns every parameter by its dotted name; a shared parameter has the first of its names. */
  namedParameters(): Map<string, Parameter> {
    const seen = new Set<Parameter>();
    const found = new Map<string, Parameter>();
    for (const [name, node] of walk(this, "")) {
      if (!(node instanceof Parameter) || seen.has(node)) continue;
      seen.add(node);
      found.set(name, node);
    }
    return found;
  }

  /** Returns this module under the name `""` and every module below it by its dotted name. */
  namedModules(): Map<string, Module> {
    const below = [...walk(this, "")].filter((entry): entry is [string, Module] => entry[1] instanceof Module);
    return new Map<string, Module>([["", this], ...below]);
  }

  /**
   * Replaces a child by another module, as adapters do. The old module stays alive and belongs to the caller.
   *
   * @throws NnError for an unknown name
   */
  replaceModule(name: string, replacement: Module): void {
    const parts = name.split(".");
    const last = parts.pop() ?? "";
    const owner = parts.reduce<unknown>((at, part) => childOf(at, part)?.value, this);
    const slot = childOf(owner, last);
    if (!(slot?.value instanceof Module))
      throw new NnError("nn.Module.replaceModule", `modules are ${[...this.namedModules().keys()].join(", ")}`, name);
    if (owner instanceof Map) owner.set(slot.key, replacement);
    else (owner as Record<string, unknown>)[slot.key] = replacement;
  }

  /** Freezes the parameters whose names match, default all. With `trainable` true they train again. */
  freeze(pattern: RegExp = /(?:)/, trainable = false): this {
    for (const [name, parameter] of this.namedParameters()) if (pattern.test(name)) parameter.trainable = trainable;
    return this;
  }

  /** Turns dropout and similar layers on. */
  train(on = true): this {
    for (const module of this.namedModules().values()) module.mode = on;
    return this;
  }

  /** Turns dropout and similar layers off. */
  eval(): this {
    return this.train(false);
  }

  /** Frees every parameter of the tree. */
  dispose(): void {
    for (const parameter of this.namedParameters().values()) parameter.dispose();
  }

  [DISPLAY](): DisplayBundle {
    return outline(this, partsOf);
  }
}

type Forward = (this: unknown, ...inputs: unknown[]) => TensorContainer;

/** Classes whose `forward` is tidied already. */
const tidied = new WeakSet<object>();

/** Runs `forward` of a class and of those that it extends within `tf.tidy`, so that no module has to think of it. */
function tidyForward(prototype: object): void {
  for (let at = prototype; at !== Module.prototype && !tidied.has(at); at = Object.getPrototypeOf(at) as object) {
    tidied.add(at);
    const own = Object.getOwnPropertyDescriptor(at, "forward");
    const forward = own?.value as Forward | undefined;
    if (typeof forward !== "function") continue;
    const tidy: Forward = function (...inputs) {
      const module = this as Module;
      const compute = (inputs: readonly unknown[]): TensorContainer => forward.apply(module, [...inputs]);
      try {
        return tf.tidy(() => {
          const output = captureForward(module, inputs, compute) ?? otherwise(module, inputs, compute);
          told(module, inputs, output);
          return output;
        });
      } catch (error) {
        const named = ofDisposed(module, error) ?? error;
        noteFailure(named, { module, inputs });
        throw named;
      }
    };
    Object.defineProperty(at, "forward", { ...own, value: tidy });
  }
}

/** Returns the error to throw where a module was disposed of: an operation on what it freed says no more than that something is undefined. */
function ofDisposed(module: Module, error: unknown): NnError | undefined {
  if (error instanceof NnError) return undefined;
  const freed = [...module.namedParameters()].find(([, { value }]) => value.isDisposed);
  return freed && new NnError(`${module.constructor.name}.forward`, "the module must not be disposed of", freed[0]);
}

function otherwise(
  module: Module,
  inputs: readonly unknown[],
  compute: (inputs: readonly unknown[]) => TensorContainer,
): TensorContainer {
  return needsRecomputation(module) ? recomputed(module, inputs, compute) : compute(inputs);
}

/** Module from one tensor to one tensor. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

const snakeCase = (key: string): string =>
  key.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a}_${b.toLowerCase()}`);

/** Yields the parts of a module, an array or a map: part of the dotted name, property, value. */
function* childrenOf(owner: unknown): Generator<{ part: string; key: string; value: unknown }> {
  if (typeof owner !== "object" || owner === null) return;
  const named = Array.isArray(owner) || owner instanceof Map;
  for (const [key, value] of owner instanceof Map ? (owner as Map<string, unknown>) : Object.entries(owner)) {
    if (key.startsWith("_")) continue;
    const isPart =
      value instanceof Parameter || value instanceof Module || Array.isArray(value) || value instanceof Map;
    if (isPart) yield { part: named ? key : snakeCase(key), key, value };
  }
}

/** Returns what lies directly below a module; what an array or map holds, under the names of both. */
function partsOf(owner: unknown, prefix = ""): [string, Node][] {
  return [...childrenOf(owner)].flatMap(({ part, value }): [string, Node][] =>
    value instanceof Parameter || value instanceof Module
      ? [[prefix + part, value]]
      : partsOf(value, `${prefix}${part}.`),
  );
}

function childOf(owner: unknown, part: string): { key: string; value: unknown } | undefined {
  for (const child of childrenOf(owner)) if (child.part === part) return child;
  return undefined;
}

function* walk(owner: unknown, prefix: string): Generator<[string, Node]> {
  for (const { part, value } of childrenOf(owner)) {
    const name = `${prefix}${part}`;
    if (value instanceof Parameter || value instanceof Module) yield [name, value];
    if (!(value instanceof Parameter)) yield* walk(value, `${name}.`);
  }
}
