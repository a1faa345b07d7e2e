/** Conversion of user values for a message: values outside JSON are converted or refused by name. */
import { MOST_DEPTH } from "../jupyter/depth";
import type { JSONObject, JSONValue } from "../display/host";
import { isRecord } from "../rules/json-text";

/** Estimate for a number, a boolean or null. */
const NUMBER_SIZE = 8;

/** Most characters that a message names of a deep value's place. */
const PLACE = 100;

/**
 * Converts a value to JSON.
 *
 * @throws TypeError naming `where`, the rule and the kind of value received
 */
export function toJSON(where: string, value: unknown): JSONValue {
  return convert(where, value, new Set()) ?? null;
}

/**
 * Converts a value to a JSON object.
 *
 * @throws TypeError for a value that is no object of JSON
 */
export function toJSONObject(where: string, value: unknown): JSONObject {
  const json = toJSON(where, value ?? {});
  if (!isRecord(json)) {
    throw new TypeError(`${where}: must be an object, received ${describe(value)}`);
  }
  return json;
}

function convert(where: string, value: unknown, above: Set<object>): JSONValue | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "undefined":
    case "function":
    case "symbol":
      return undefined;
    case "bigint":
      throw new TypeError(
        `${where}: a bigint is no JSON value, received ${value}n; convert it by Number() or String()`,
      );
    case "object":
      return value === null ? null : convertObject(where, value, above);
    default:
      return undefined;
  }
}

function convertObject(where: string, value: object, above: Set<object>): JSONValue | undefined {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<number | bigint>, (each) => convert(where, each, above) ?? null);
  }
  if (above.has(value)) throw new TypeError(`${where}: must not contain itself`);
  if (above.size >= MOST_DEPTH) {
    throw new TypeError(`${where.slice(0, PLACE)}…: must not nest deeper than ${MOST_DEPTH} objects`);
  }
  above.add(value);
  try {
    const { toJSON: own } = value as { toJSON?: unknown };
    if (typeof own === "function") return convert(where, own.call(value, ""), above);
    if (Array.isArray(value)) return value.map((each, index) => convert(`${where}[${index}]`, each, above) ?? null);
    const result: JSONObject = {};
    for (const [key, each] of Object.entries(value)) {
      const json = convert(`${where}.${key}`, each, above);
      if (json !== undefined) result[key] = json;
    }
    return result;
  } finally {
    above.delete(value);
  }
}

/** Returns about how many characters a value has as JSON; more than `most` where it has more, without looking further. */
export function sizeOf(value: JSONValue, most: number): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return NUMBER_SIZE;
  if (Array.isArray(value)) return sumOf(value.values(), most);
  let keys = 0;
  for (const key of Object.keys(value)) keys += key.length;
  return keys + sumOf(Object.values(value), most - keys);
}

function sumOf(values: Iterable<JSONValue>, most: number): number {
  let size = 0;
  for (const each of values) {
    size += 1 + sizeOf(each, most - size);
    if (size > most) break;
  }
  return size;
}

/** Describes a value in an error. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `an object (${value.constructor?.name ?? "no prototype"})` : typeof value;
}
