import { describe, described, type DisplayBundle } from "./describe";

type Namespace = Record<string, unknown>;

const isModule = (value: unknown): value is Namespace =>
  typeof value === "object" && value !== null && (value as Namespace)["__esModule"] === true;

/** Gives a room and the rooms inside it a display in place of `[Getter]` for each name; returns `room` itself. */
export function describedNamespace(name: string, room: Namespace): Namespace {
  for (const [inner, value] of Object.entries(room)) {
    if (isModule(value)) describedNamespace(`${name}.${inner}`, value);
  }
  return Object.isExtensible(room) ? described(room, () => namespaceBundle(name, room)) : room;
}

/** Returns the display of a namespace: its members by kind. */
export function namespaceBundle(name: string, room: Namespace): DisplayBundle {
  const names = new Map<string, string[]>();
  for (const [inner, value] of Object.entries(room).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const kind = kindOf(value);
    names.set(kind, [...(names.get(kind) ?? []), inner]);
  }
  const rows = ["functions", "classes", "namespaces", "values"].flatMap((kind): [string, string][] =>
    names.has(kind) ? [[kind, names.get(kind)!.join(", ")]] : [],
  );
  return describe(
    `${name}: Tab behind the dot lists its members, Shift+Tab behind a name shows its documentation`,
    rows,
  );
}

function kindOf(value: unknown): string {
  if (isModule(value)) return "namespaces";
  if (typeof value !== "function") return "values";
  return /^class\b/.test(Function.prototype.toString.call(value)) ? "classes" : "functions";
}
