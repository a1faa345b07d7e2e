/** Syntax trees of declarations in less memory, for a start-up snapshot, which holds everything twice. */
import type * as TypeScript from "typescript";
import type { ts } from "./typescript";

// Boundary to undeclared properties of TypeScript.
type File = TypeScript.SourceFile & { scriptSnapshot?: TypeScript.IScriptSnapshot };
type Scope = TypeScript.Node & { locals?: ReadonlyMap<string, TypeScript.Symbol> | undefined };

/**
 * Leaves the texts of files on the disk. They are read for messages and documentation that quote them; where a file has changed
 * meanwhile, blanks are quoted.
 */
export function thin(ts: ts, files: readonly File[]): void {
  for (const file of files) {
    leaveText(ts, file);
    dropScopes(ts, file);
  }
  ownStrings(files);
}

function leaveText(ts: ts, file: File): void {
  const { fileName } = file;
  const { length } = file.text;
  let held: WeakRef<{ text: string }> | undefined;
  const read = (): string => {
    const known = held?.deref();
    if (known) return known.text;
    const found = ts.sys.readFile(fileName);
    const text = found?.length === length ? found : " ".repeat(length);
    held = new WeakRef({ text });
    return text;
  };
  Object.defineProperty(file, "text", { get: read, enumerable: false });
  file.scriptSnapshot = {
    getText: (start, end) => read().slice(start, end),
    getLength: () => length,
    getChangeRange: () => undefined,
  };
}

/**
 * Drops the scopes that have parameters alone, one a signature: in a declaration, only `typeof` looks a parameter up. Returns whether
 * there is a `typeof` in the node.
 */
function dropScopes(ts: ts, node: TypeScript.Node): boolean {
  let hasTypeof = ts.isTypeQueryNode(node);
  ts.forEachChild(node, (child) => void (hasTypeof = dropScopes(ts, child) || hasTypeof));
  if (!hasTypeof && ts.isFunctionLike(node) && !node.typeParameters) (node as Scope).locals = undefined;
  return hasTypeof;
}

/**
 * Makes the strings of trees and symbols strings for themselves: V8 cuts them out of a text, which each of them then keeps. The keys of an
 * object are such strings, and V8 puts them in the place of their equals.
 */
function ownStrings(files: readonly File[]): void {
  const keys = Object.create(null) as Record<string, true>;
  const seen = new Set<object>();
  const waiting: unknown[] = [files];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "string") keys[value] = true;
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    const parts = value instanceof Map ? [...value.keys(), ...value.values()] : Object.values(value);
    for (const part of parts) waiting.push(part);
  }
}
