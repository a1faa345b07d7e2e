/** Values of a plain pickle; a dictionary becomes an object without a prototype. */
export type PlainValue = null | boolean | number | string | PlainValue[] | { [key: string]: PlainValue };

/** Reason why a pickle is not read. */
export class PickleRefusal extends Error {
  /**
   * @param rule broken rule
   * @param value value received
   */
  constructor(
    readonly rule: string,
    readonly value: unknown,
  ) {
    super(rule);
  }
}
