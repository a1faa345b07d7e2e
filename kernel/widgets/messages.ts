/**
 * Parsing of the front end's messages to a model. They are untrusted, so everything is checked before it changes any
 * state.
 */
import type { CommMessage, JSONObject, JSONValue } from "../display/host";
import { WidgetError } from "./error";
import { describePath, MAX_DEPTH, type Path } from "./packing";
import { isWhole } from "../rules/rule-error";
import { isRecord } from "../rules/json-text";

export const WIDGET_TARGET = "jupyter.widget";
export const CONTROL_TARGET = "jupyter.widget.control";
export const PROTOCOL_VERSION = "2.1.0";

/** Largest message in characters and bytes. A Jupyter server accepts 10 MiB by default. */
export const MAX_INCOMING = 64 * 1024 * 1024;

export type Incoming =
  | { method: "update"; state: JSONObject; bufferPaths: Path[] }
  | { method: "request_state" }
  | { method: "custom"; content: JSONValue };

/**
 * Parses a message.
 *
 * @throws WidgetError naming the fault of the message
 */
export function readMessage(where: string, message: CommMessage): Incoming {
  checkSize(where, message);
  const data = readObject(where, "the data", message.data);
  switch (data.method) {
    case "update":
      return { method: "update", ...readState(where, message) };
    case "request_state":
      return { method: "request_state" };
    case "custom":
      return { method: "custom", content: data.content ?? null };
    default:
      throw new WidgetError(where, "method must be update, request_state or custom", data.method);
  }
}

/** Reads state and paths of an update, and of a `comm_open` from the front end. */
export function readState(where: string, message: CommMessage): { state: JSONObject; bufferPaths: Path[] } {
  const data = readObject(where, "the data", message.data);
  const state = readObject(where, "the state", data.state ?? null);
  const bufferPaths = data.buffer_paths ?? [];
  if (!Array.isArray(bufferPaths)) throw new WidgetError(where, "buffer_paths must be a list", bufferPaths);
  if (bufferPaths.length !== message.buffers.length) {
    const rule = `buffer_paths must name a place for each of the ${message.buffers.length} buffers`;
    throw new WidgetError(where, rule, bufferPaths.length);
  }
  return { state, bufferPaths: bufferPaths.map((path) => readPath(where, path)) };
}

/** Checks size, depth and names of everything in the message. */
export function checkSize(where: string, { data, buffers }: CommMessage): void {
  const bytes = buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
  const characters = checkJSON(where, data, []);
  if (bytes + characters <= MAX_INCOMING) return;
  throw new WidgetError(where, `a message must not hold more than ${MAX_INCOMING} bytes`, bytes + characters);
}

/** Checks a value and returns its approximate length as text. */
function checkJSON(where: string, value: JSONValue, path: Path): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  if (path.length > MAX_DEPTH)
    throw new WidgetError(where, `a message must not nest deeper than ${MAX_DEPTH}`, path.length);
  let characters = 2;
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__")
      throw new WidgetError(where, "a message must not name __proto__", describePath([...path, key]));
    characters += key.length + checkJSON(where, item, [...path, key]);
  }
  return characters;
}

function readObject(where: string, what: string, value: JSONValue): JSONObject {
  if (isRecord(value)) return value;
  throw new WidgetError(where, `${what} must be an object`, value);
}

function readPath(where: string, path: unknown): Path {
  const legal = Array.isArray(path) && path.length > 0 && path.length <= MAX_DEPTH && path.every(isKey);
  if (legal && typeof path[0] === "string") return path as Path;
  throw new WidgetError(
    where,
    "a path of buffer_paths must be a list of keys and indices that begins with a key",
    path,
  );
}

function isKey(key: unknown): boolean {
  return typeof key === "number" ? isWhole(key, 0) : typeof key === "string" && key !== "__proto__";
}
