/**
 * State in the form of the widget protocol: JSON in which a widget is `IPY_MODEL_<id>`, and separately the binary
 * values with their paths.
 */
import type { JSONObject, JSONValue } from "../display/host";
import { WidgetError } from "./error";

export type Path = (string | number)[];

export interface Packed {
  state: JSONObject;
  bufferPaths: Path[];
  buffers: Uint8Array[];
}

/** Function to the id of a value that is a widget, `null` if that is closed. */
export type IdOf = (value: object) => string | null | undefined;

export const REFERENCE = "IPY_MODEL_";
/** Largest depth; deeper state is treated as a cycle or an attack. */
export const MAX_DEPTH = 64;

/**
 * Packs state for a message.
 *
 * @throws WidgetError for a value that no message can carry, with its path
 */
export function pack(where: string, entries: Iterable<[string, unknown]>, idOf: IdOf): Packed {
  return new Packer(where, idOf).pack(entries);
}

class Packer {
  private readonly bufferPaths: Path[] = [];
  private readonly buffers: Uint8Array[] = [];

  constructor(
    private readonly where: string,
    private readonly idOf: IdOf,
  ) {}

  pack(entries: Iterable<[string, unknown]>): Packed {
    return { state: this.object(entries, []), bufferPaths: this.bufferPaths, buffers: this.buffers };
  }

  private value(value: unknown, path: Path): JSONValue | undefined {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) ? value : null;
      case "undefined":
        return undefined;
      case "object":
        return value === null ? null : this.compound(value, path);
      default:
        throw new WidgetError(this.where, `${describePath(path)} must be JSON, binary or a widget`, value);
    }
  }

  private compound(value: object, path: Path): JSONValue | undefined {
    if (path.length > MAX_DEPTH) {
      throw new WidgetError(
        this.where,
        `${describePath(path.slice(0, 3))} must not nest deeper than ${MAX_DEPTH}`,
        value,
      );
    }
    const id = this.idOf(value);
    if (id !== undefined) return id === null ? null : REFERENCE + id;
    if (isBinary(value)) return this.binary(value, path);
    if (Array.isArray(value)) return this.list(value, path);
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") return this.value(toJSON.call(value, ""), path);
    return this.object(Object.entries(value), path);
  }

  /** Packs a list without closed widgets, because a front end that misses one drops the whole list. */
  private list(value: readonly unknown[], path: Path): JSONValue[] {
    const open = value.filter((item) => typeof item !== "object" || item === null || this.idOf(item) !== null);
    return open.map((item, index) => this.value(item, [...path, index]) ?? null);
  }

  private object(entries: Iterable<[string, unknown]>, path: Path): JSONObject {
    const object: JSONObject = {};
    for (const [key, item] of entries) {
      const json = this.value(item, [...path, key]);
      if (json !== undefined) object[key] = json;
    }
    return object;
  }

  /**
   * Extracts a binary value. The protocol leaves `null` in a list and nothing in an object; the caller makes the
   * `null`.
   */
  private binary(value: Binary, path: Path): undefined {
    this.bufferPaths.push(path);
    this.buffers.push(bytesOf(value));
  }
}

export type Binary = ArrayBufferView | ArrayBuffer;

export function isBinary(value: unknown): value is Binary {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

export function bytesOf(value: Binary): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

/**
 * Puts buffers back in place into state that {@link checkJSON} has accepted. A buffer takes the type of the value at
 * its path in `present`, so that a `Float32Array` comes back as one; otherwise it becomes a `Uint8Array`.
 */
export function unpack(
  where: string,
  state: JSONObject,
  paths: Path[],
  buffers: Uint8Array[],
  present: (path: Path) => unknown,
): Map<string, unknown> {
  paths.forEach((path, index) => {
    const value = likewise(where, path, buffers[index], present(path));
    put(where, state, path, value);
  });
  return new Map<string, unknown>(Object.entries(state));
}

function put(where: string, state: JSONObject, path: Path, value: Binary): void {
  let at: unknown = state;
  for (const key of path.slice(0, -1)) at = isBinary(at) ? undefined : own(at, key);
  const last = path[path.length - 1];
  if (Array.isArray(at)) {
    if (typeof last === "number" && at[last] === null) return void (at[last] = value);
  } else if (typeof at === "object" && at !== null && !isBinary(at)) {
    if (typeof last === "string" && own(at, last) === undefined) {
      return void Object.defineProperty(at, last, { value, writable: true, enumerable: true, configurable: true });
    }
  }
  throw new WidgetError(where, "a path of buffer_paths must name a free place in the state", describePath(path));
}

/** Reads a property, never through a prototype. */
export function own(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

const TYPED_ARRAYS = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

/** Copies the bytes, so that they are aligned and belong to the model. */
function likewise(where: string, path: Path, bytes: Uint8Array, present: unknown): Binary {
  const copy = new Uint8Array(bytes);
  if (present instanceof ArrayBuffer) return copy.buffer;
  if (present instanceof DataView) return new DataView(copy.buffer);
  const type = TYPED_ARRAYS.find((each) => present instanceof each);
  if (!type) return copy;
  if (copy.byteLength % type.BYTES_PER_ELEMENT !== 0) {
    const rule = `${describePath(path)} is a ${type.name}, its bytes must come in multiples of ${type.BYTES_PER_ELEMENT}`;
    throw new WidgetError(where, rule, copy.byteLength);
  }
  return new type(copy.buffer);
}

/** Formats a path as `pixels.levels[0]`. */
export function describePath(path: Path): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
}
