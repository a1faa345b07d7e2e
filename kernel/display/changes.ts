/** News of the encoders in memory and the trainings of a session, for the panels that show them. */
const listeners = new Set<() => void>();

/** Tells that something has begun, ended or moved on. Costs nothing where nobody listens. */
export function announce(): void {
  for (const listener of listeners) listener();
}

/** Calls `work` at every change; returns a function that ends this. */
export function whenAnnounced(work: () => void): () => void {
  listeners.add(work);
  return () => void listeners.delete(work);
}
