/** Active adapters of a model, shared by its layers. */
export class Selection {
  private active: readonly string[] = [];
  private disabling = 0;

  /** Applied adapters in order; none while a scope disables them. */
  get names(): readonly string[] {
    return this.disabling ? [] : this.active;
  }

  set names(names: readonly string[]) {
    this.active = names;
  }

  /** Runs a function without adapters; an asynchronous one until its promise settles. */
  disabledDuring<T>(run: () => T): T {
    this.disabling++;
    let pending = false;
    try {
      const result = run();
      if (!(result instanceof Promise)) return result;
      pending = true;
      return result.finally(() => this.disabling--) as T;
    } finally {
      if (!pending) this.disabling--;
    }
  }
}
