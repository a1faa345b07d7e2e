import { reading, type Reader } from "fovea/protocol";

/** The choices of a reader that a link holds: small and plain, without the place of the pointer. */
export interface LinkState {
  /** The choices that differ from those that the view opens with. */
  read(): object;
  /** Takes the choices of a link, which is not trusted. @throws ProtocolError on one that breaks the format */
  take(value: unknown): void;
}

/** Readers of the fields of a state that a link holds. */
export type LinkFields<S> = { readonly [K in keyof S]?: Reader<S[K]> };

/** Reads a position in a list of so many. */
export const position = (count: number): Reader<number> => reading.number({ min: 0, max: count - 1, integer: true });

/** Reads a share of the whole. */
export const share: Reader<number> = reading.number({ min: 0, max: 1 });

export const flag: Reader<boolean> = (value, path, where) => {
  if (typeof value === "boolean") return value;
  throw new reading.ProtocolError(where, path, "true or false", value);
};

/** Returns the link's part of a state that the viewer keeps. */
export function linkState<S extends object>(fields: LinkFields<S>, view: { get(): S; set(state: S): void }): LinkState {
  const initial = view.get();
  const names = Object.keys(fields) as (keyof S & string)[];
  const readers = names.map((name) => [name, reading.optional(fields[name] as Reader<unknown>)]);
  const read = reading.object(Object.fromEntries(readers) as reading.Shape<Partial<S>>);
  return {
    read() {
      const state = view.get();
      const isChanged = (name: keyof S): boolean => JSON.stringify(state[name]) !== JSON.stringify(initial[name]);
      return Object.fromEntries(names.filter(isChanged).map((name) => [name, state[name]]));
    },
    take: (value) => view.set({ ...initial, ...read(value, "", "link") }),
  };
}
