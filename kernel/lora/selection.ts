/** Active adapters of a model, shared by its layers. */
export class Selection {
  private active: readonly string[] = [];
  private disabling = 0;
  /** Called after each change of the applied adapters. */
  onChange: () => void = () => {};

  /** Applied adapters in order; none while a scope disables them. */
  get names(): readonly string[] {
    return this.disabling ? [] : this.active;
  }

  set names(names: readonly string[]) {
    this.active = names;
    this.onChange();
  }

  /** Runs a function without adapters; an asynchronous one until its promise settles. */
  disabledDuring<T>(run: () => T): T {
    this.disable(1);
    let pending = false;
    try {
      const result = run();
      if (!(result instanceof Promise)) return result;
      pending = true;
      return result.finally(() => this.disable(-1)) as T;
    } finally {
      if (!pending) this.disable(-1);
    }
  }

  private disable(by: 1 | -1): void {
    this.disabling += by;
    this.onChange();
  }
}
