/** Table of `%who`: each variable with its kind and size. */
import { most } from "../../numeric/order";
import type { MimeBundle } from "../../display/host";
import { counted } from "../../protocol/core/words";

interface Row {
  name: string;
  kind: string;
  size: string;
}

/** Returns the table of the session's variables. */
export function variableTable(variables: Readonly<Record<string, unknown>>): MimeBundle {
  const rows = Object.keys(variables)
    .sort()
    .map((name) => rowOf(name, variables));
  if (rows.length === 0) return { "text/plain": "No variables." };
  const width = (key: "name" | "kind"): number => most(rows.map((row) => row[key].length));
  const lines = rows.map(({ name, kind, size }) =>
    `${name.padEnd(width("name"))}  ${kind.padEnd(width("kind"))}  ${size}`.trimEnd(),
  );
  const cells = rows.map(
    ({ name, kind, size }) => `<tr><td>${name}</td><td>${escape(kind)}</td><td>${escape(size)}</td></tr>`,
  );
  const head = "<thead><tr><th>variable</th><th>kind</th><th>size</th></tr></thead>";
  return { "text/plain": lines.join("\n"), "text/html": `<table>${head}<tbody>${cells.join("")}</tbody></table>` };
}

function rowOf(name: string, variables: Readonly<Record<string, unknown>>): Row {
  try {
    const value = variables[name];
    return { name, kind: kindOf(value), size: sizeOf(value) };
  } catch {
    return { name, kind: "(not set)", size: "" };
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "function")
    return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
  return typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
}

function sizeOf(value: unknown): string {
  if (typeof value === "string") return counted(value.length, "character");
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return bytes(value.byteLength);
  if (Array.isArray(value)) return counted(value.length, "element");
  if (value instanceof Map || value instanceof Set) return counted(value.size, "entry", "entries");
  if (typeof value !== "object" || value === null) return "";
  const shape: unknown = (value as { shape?: unknown; dims?: unknown }).shape ?? (value as { dims?: unknown }).dims;
  return Array.isArray(shape) ? `[${shape.join(", ")}]` : counted(Object.keys(value).length, "key");
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  return count < 1 << 20 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / (1 << 20)).toFixed(1)} MiB`;
}

function escape(text: string): string {
  return text.replace(/[&<>]/g, (each) => `&#${each.charCodeAt(0)};`);
}
