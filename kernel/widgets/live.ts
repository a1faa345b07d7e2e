/** The models of this session that are open, by id. A model stays here until somebody closes it. */

export interface LiveModel {
  readonly id: string;
  /** Every key that front ends know, with its value. */
  shared(): [string, unknown][];
  close(): void;
}

const models = new Map<string, LiveModel>();

export function remember(model: LiveModel): void {
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

/** The id of a value that is an open model. */
export function idOf(value: object): string | undefined {
  const { id } = value as Partial<LiveModel>;
  return typeof id === "string" && models.get(id) === value ? id : undefined;
}

/** Closes every widget of the session: their views go from the page, and the session forgets their state. */
export function closeAll(): void {
  for (const model of all()) model.close();
}
