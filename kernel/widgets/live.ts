/** Open models of this session by id. A model stays here until it is closed. */

export interface LiveModel {
  readonly id: string;
  /** Returns every key known to front ends, with its value. */
  shared(): [string, unknown][];
  close(): void;
}

const models = new Map<string, LiveModel>();
/** Known models, including closed ones still referenced. */
const known = new WeakSet<object>();

export function remember(model: LiveModel): void {
  known.add(model);
  models.set(model.id, model);
}

export function forget(model: LiveModel): void {
  models.delete(model.id);
}

export function find(id: string): LiveModel | undefined {
  return models.get(id);
}

export function all(): LiveModel[] {
  return [...models.values()];
}

export function isModel(value: unknown): boolean {
  return typeof value === "object" && value !== null && known.has(value);
}

/** Returns the id of a model, `null` for a closed one, and `undefined` for any other value. */
export function idOf(value: object): string | null | undefined {
  if (!known.has(value)) return undefined;
  const { id } = value as LiveModel;
  return models.get(id) === value ? id : null;
}

/** Closes every widget of the session: their views disappear from the page, and the session drops their state. */
export function closeAll(): void {
  for (const model of all()) model.close();
}
