import { ViewError } from "./error";
import { isRecord } from "../../rules/json-text";

/** A message or payload that breaks the protocol: `path` says where inside it. */
export class ProtocolError extends ViewError {
  override name = "ProtocolError";

  constructor(
    where: string,
    readonly path: string,
    readonly expected: string,
    received: unknown,
  ) {
    super(where, `${path || "value"} must be ${expected}`, received);
  }
}

/** Turns unknown data into a `T`, or throws a {@link ProtocolError} that names the path. */
export type Reader<T> = (value: unknown, path: string, where: string) => T;

export interface NumberRule {
  min?: number;
  max?: number;
  integer?: boolean;
}

export function number(rule: NumberRule = {}): Reader<number> {
  const { min = -Infinity, max = Infinity, integer = false } = rule;
  const kind = integer ? "an integer" : "a finite number";
  const expected = min === -Infinity && max === Infinity ? kind : `${kind} in ${min}..${max}`;
  return (value, path, where) => {
    const ok = typeof value === "number" && Number.isFinite(value) && (!integer || Number.isInteger(value));
    if (ok && value >= min && value <= max) return value;
    throw new ProtocolError(where, path, expected, value);
  };
}

export const count: Reader<number> = number({ min: 1, max: 1 << 24, integer: true });
export const index: Reader<number> = number({ min: 0, max: 1 << 24, integer: true });

export const flag: Reader<boolean> = (value, path, where) => {
  if (typeof value === "boolean") return value;
  throw new ProtocolError(where, path, "true or false", value);
};

export function text(maxLength = 2000): Reader<string> {
  return (value, path, where) => {
    if (typeof value === "string" && value.length <= maxLength) return value;
    throw new ProtocolError(where, path, `a string of at most ${maxLength} characters`, value);
  };
}

/** Base64 text, at most so many characters. */
export function base64(maxLength: number): Reader<string> {
  const plain = text(maxLength);
  return (value, path, where) => {
    const data = plain(value, path, where);
    if (data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data)) return data;
    throw new ProtocolError(where, path, "base64", value);
  };
}

export function oneOf<T extends string | number>(allowed: readonly T[]): Reader<T> {
  return (value, path, where) => {
    const found = allowed.find((item) => item === value);
    if (found !== undefined) return found;
    throw new ProtocolError(where, path, `one of ${allowed.join(", ")}`, value);
  };
}

export function list<T>(item: Reader<T>, min = 0, max = 100_000): Reader<T[]> {
  return (value, path, where) => {
    if (!Array.isArray(value) || value.length < min || value.length > max)
      throw new ProtocolError(where, path, `an array of ${min}..${max} items`, value);
    return value.map((entry, i) => item(entry, `${path}[${i}]`, where));
  };
}

export function pair<T>(item: Reader<T>): Reader<[T, T]> {
  const both = list(item, 2, 2);
  return (value, path, where) => both(value, path, where) as [T, T];
}

/** Refuses a position of a list that does not reach so far. @throws ProtocolError */
export function checkBelow(where: string, path: string, at: number, limit: number): void {
  if (at >= limit) throw new ProtocolError(where, path, `below ${limit}`, at);
}

export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, path, where) => (value === undefined || value === null ? undefined : reader(value, path, where));
}

export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, path, where) => (value === null ? null : reader(value, path, where));
}

/** The readers of an object type, key by key. */
export type Shape<T> = { [K in keyof T]-?: Reader<T[K]> };

/** Reads the named keys only: unknown keys are dropped, so a newer minor version can add some. */
export function object<T extends object>(shape: Shape<T>): Reader<T> {
  return (value, path, where) => {
    if (!isRecord(value)) throw new ProtocolError(where, path, "an object", value);
    const out: Partial<T> = {};
    for (const key of Object.keys(shape) as (keyof T & string)[]) {
      const read = shape[key](ownValue(value, key), path ? `${path}.${key}` : key, where);
      if (read !== undefined) out[key] = read;
    }
    return out as T;
  };
}

/** Own keys only: a payload cannot smuggle values in through a prototype. */
function ownValue(value: object, key: string): unknown {
  return Object.prototype.hasOwnProperty.call(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
