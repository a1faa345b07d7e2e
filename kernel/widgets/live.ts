/** The models of this session that are open, by id. A model stays here until somebody closes it. */

export interface LiveModel {
  readonly id: string;
  /** Every key that front ends know, with its value. */
  shared(): [string, unknown][];
  close(): void;
}

const models = new Map<string, LiveModel>();
/** Closed ones too, as long as somebody holds them. */
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

/** The id of a model, `null` if it is closed, and `undefined` for any other value. */
export function idOf(value: object): string | null | undefined {
  if (!known.has(value)) return undefined;
  const { id } = value as LiveModel;
  return models.get(id) === value ? id : null;
}

/** Closes every widget of the session: their views go from the page, and the session forgets their state. */
export function closeAll(): void {
  for (const model of all()) model.close();
}
