/** A copy of `value` with one thing changed in it; `undefined` takes it away. */
export function changed(value: object, path: (string | number)[], to: unknown): object {
  const copy = structuredClone(value) as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  if (to === undefined) delete at[path[path.length - 1]];
  else at[path[path.length - 1]] = to;
  return copy;
}
