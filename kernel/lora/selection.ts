/** Which adapters of a model count now; its layers share one. */
export class Selection {
  private active: readonly string[] = [];
  private disabling = 0;

  /** The adapters that apply, in order; none while a scope disables them. */
  get names(): readonly string[] {
    return this.disabling ? [] : this.active;
  }

  set names(names: readonly string[]) {
    this.active = names;
  }

  /** Runs something without adapters; with an asynchronous one, until its promise settles. */
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
