import { announce } from "./changes";

/** Objects of this process that a panel lists, by number. The list does not keep an object in memory. */
export class LiveObjects<T extends object> {
  private readonly held = new Map<number, WeakRef<T>>();
  private readonly numbers = new WeakMap<T, number>();
  private last = 0;

  /** Adds an object that is new, and announces that one is new or has changed. */
  note(one: T): void {
    if (!this.numbers.has(one)) {
      this.numbers.set(one, ++this.last);
      this.held.set(this.last, new WeakRef(one));
    }
    announce();
  }

  /** Removes an object and announces that; a second call does nothing. */
  drop(one: T): void {
    if (this.held.delete(this.numbers.get(one) ?? 0)) announce();
  }

  /** Returns the objects that still exist, by number, oldest first. */
  byNumber(): Map<number, T> {
    const found = new Map<number, T>();
    for (const [number, held] of this.held) {
      const one = held.deref();
      if (one) found.set(number, one);
      else this.held.delete(number);
    }
    return found;
  }
}
