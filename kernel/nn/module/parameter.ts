import { checkFitsMemory } from "../../backend/memory";
import { checkStarted } from "../../backend/tfjs";
import type { Tensor, Variable } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { describe, Described, DISPLAY, type DisplayBundle, thousands } from "../../display/describe";
import { product } from "../../numeric";
import type { Prng } from "../../numeric/prng";
import { NnError } from "../error";
import type { Initializer } from "./initializers";
import { sharedRandom } from "./random";

/** Parameters by their variables. */
const owners = new WeakMap<Variable, Parameter>();

/** Tests whether a variable belongs to a parameter that is frozen. */
export const isFrozen = (variable: Variable): boolean => owners.get(variable)?.trainable === false;

/** Trainable tensor of a module. The module owns it: `Module.dispose` frees it. */
export class Parameter extends Described {
  /** False freezes it: training computes no gradient, keeps no state and leaves its bits unchanged. */
  trainable = true;
  /** Tensor for operations; always the same object, whatever is assigned. */
  readonly value: Variable;

  /**
   * Makes a parameter from a tensor's values (the tensor stays the caller's), or from a shape and an initializer.
   *
   * @throws NnError for a shape of more values than the machine's memory holds
   */
  constructor(value: Tensor);
  constructor(shape: readonly number[], init: Initializer, random?: Prng);
  constructor(from: Tensor | readonly number[], init?: Initializer, random: Prng = sharedRandom()) {
    super();
    checkStarted("nn.Parameter");
    if (init) checkFitsMemory("nn.Parameter", NnError, product(from as number[]));
    this.value = init
      ? tf.tidy(() => tf.variable(tf.tensor(init(from as number[], random), from as number[], "float32")))
      : tf.variable(from as Tensor);
    owners.set(this.value, this);
  }

  get shape(): number[] {
    return this.value.shape;
  }

  /** Number of values. */
  get size(): number {
    return this.value.size;
  }

  /**
   * Assigns a tensor's values (the tensor stays the caller's), or values in row-major order.
   *
   * @throws NnError for another number of values
   */
  assign(values: Tensor | Float32Array): void {
    if (!(values instanceof Float32Array)) return this.value.assign(values);
    if (values.length !== this.size)
      throw new NnError("nn.Parameter.assign", `[${this.shape.join(", ")}] takes ${this.size} values`, values.length);
    tf.tidy(() => this.value.assign(tf.tensor(values, this.shape, "float32")));
  }

  /** Returns a copy of the values, row-major. */
  async read(): Promise<Float32Array> {
    // Backends may return their internal memory.
    return Float32Array.from(await this.value.data());
  }

  [DISPLAY](): DisplayBundle {
    return describe("Parameter", [
      ["shape", `[${this.shape.join(", ")}]`],
      ["values", thousands(this.size)],
      ["trainable", this.trainable ? "yes" : "no, frozen"],
    ]);
  }

  dispose(): void {
    this.value.dispose();
  }
}
